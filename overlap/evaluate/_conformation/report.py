"""A report on conformations: it gives its regions back, and writes them as GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from overlap.evaluate.report import Report, json_text, plain
from overlap.io.region_files import regions_to_geojson
from overlap.regions.polygons import Polygons

from .evidence import ConformationEvidence

__all__ = ["ConformationReport"]


@dataclass(frozen=True, eq=False, repr=False)
class ConformationReport(Report):
    """A `Report` on regions of backbone angles.

    Parameters
    ----------
    items, table_rows, settings, sentence, evidence, intervals
        As in `Report`.
    """

    evidence: ConformationEvidence = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return settings, summary, table and islands as plain data; NaN becomes None."""
        islands = [island.row() for entry in self.evidence.compared for island in entry.islands]
        return {**super().to_dict(), "islands": plain(islands)}

    def regions(self, side: Literal["found", "truth"] = "found") -> dict[tuple[str, str], Polygons]:
        """Return the regions of a side by category and level.

        Parameters
        ----------
        side : {"found", "truth"}

        Returns
        -------
        dict from (category, level) to Polygons
            Batches of one region, on the torus of degrees.

        Raises
        ------
        ValueError
            There is no such side.
        """
        if side not in ("found", "truth"):
            raise ValueError(f"side = {side!r} is not 'found' or 'truth'")
        chosen = getattr(self.evidence, side)
        made = {
            (category, level.name): shape.region(level)
            for category, shape in chosen.shapes.items()
            for level in self.evidence.rules.levels
        }
        return {key: region for key, region in made.items() if region is not None}

    def to_geojson(
        self, path: str | Path | None = None, *, side: Literal["found", "truth"] = "found"
    ) -> str:
        """Return the regions of a side as GeoJSON; with `path`, write it there.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing.
        side : {"found", "truth"}

        Returns
        -------
        str
            A FeatureCollection that `conformation` reads back. x is phi, y is psi.
        """
        content: dict[str, Any] = regions_to_geojson(self.regions(side))
        return json_text(content, path)
