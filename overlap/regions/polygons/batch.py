"""A batch of polygons as a container: rows, columns, joining, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap.regions.base import Regions, check_pair
from overlap.regions.polygons.rings import Period, Rings, offsets_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity

__all__ = ["PolygonBatch"]


class PolygonBatch(Regions):
    """What `overlap.Polygons` is as a batch: some rows of rings that batches share."""

    ragged = True

    _rings: Rings
    _rows: NDArray[np.intp]

    @classmethod
    def _of(cls, rings: Rings, unit: str | None, rows: NDArray[np.intp] | None = None) -> Self:
        """Return the regions in some rows of rings that are known to be valid, by default all."""
        result = cls.__new__(cls)
        result._rings, result.unit = rings, unit
        result._rows = np.arange(len(rings)) if rows is None else rows
        return result

    @property
    def _own(self) -> Rings:
        """The rings of this batch alone."""
        rows = self._rows
        if len(rows) == len(self._rings) and (rows == np.arange(len(rows))).all():
            return self._rings
        return self._rings.take(rows)

    @property
    def x(self) -> NDArray[np.float64]:
        """First coordinates of all vertices, shape (V,)."""
        return self._own.x

    @property
    def y(self) -> NDArray[np.float64]:
        """Second coordinates of all vertices, shape (V,)."""
        return self._own.y

    @property
    def ring_offsets(self) -> NDArray[np.int64]:
        """Where the vertices of each ring begin, shape (R + 1,)."""
        return self._own.ring_offsets

    @property
    def region_offsets(self) -> NDArray[np.int64]:
        """Where the rings of each region begin, shape (N + 1,)."""
        return self._own.region_offsets

    @property
    def period(self) -> Period | None:
        """Period of each axis, or None on the plane."""
        return self._rings.period

    @property
    def density(self) -> CellDensity | None:
        """The density by which regions are measured, or None for areas."""
        return self._rings.density

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point: 2."""
        return 2

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Self:
        return self._of(self._rings, self.unit, self._rows[self._index(index)])

    def _contents(self) -> Sequence[Any]:
        own = self._own
        arrays = own.x, own.y, own.ring_offsets, own.region_offsets
        return self.unit, self.period, self.density, *arrays

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches with the same period, density and unit into one."""
        batches = list(batches)
        if not batches:
            raise ValueError("Polygons.concat: needs at least one batch")
        first = batches[0]
        for batch in batches[1:]:
            check_pair(first, batch, "batches[0]", "a later batch")
        if all(batch._rings is first._rings for batch in batches):
            rows = np.concatenate([batch._rows for batch in batches])
            return cls._of(first._rings, first.unit, rows)
        parts = [batch._own for batch in batches]
        joined = Rings(
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.y for part in parts]),
            offsets_of(np.concatenate([np.diff(part.ring_offsets) for part in parts])),
            offsets_of(np.concatenate([np.diff(part.region_offsets) for part in parts])),
            first.period,
            first.density,
        )
        return cls._of(joined, first.unit)

    def to_list(self) -> list[list[NDArray[np.float64]]]:
        """Return the rings of every region, each of shape (V, 2), as the constructor takes them."""
        own = self._own
        vertices = np.split(np.stack([own.x, own.y], 1), own.ring_offsets[1:-1])
        ends = own.region_offsets
        return [vertices[ends[n] : ends[n + 1]] for n in range(len(self))]

    def to_array(self) -> NDArray[np.float64]:
        """Return all vertices, shape (V, 2), in the order of `x` and `y`.

        Where rings and regions begin is in `ring_offsets` and `region_offsets`.
        """
        own = self._own
        return np.stack([own.x, own.y], 1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per vertex: region, ring within the region, x and y."""
        import pandas as pd

        own = self._own
        region = own.region_of[own.ring_of]
        ring = own.ring_of - own.region_offsets[region]
        return pd.DataFrame({"region": region, "ring": ring, "x": own.x, "y": own.y})

    def _settings(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if self.period is not None:
            own["period"] = self.period
        if self.density is not None:
            own["density"] = self.density
        return {**own, **super()._settings()}

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self._settings().items())
        if int(np.diff(self._rings.vertex_offsets)[self._rows].sum()) > 500:
            return f"<Polygons with {len(self)} regions{settings}>"
        rings = [[ring.tolist() for ring in region] for region in self.to_list()]
        return f"Polygons({rings!r}{settings})"
