"""A report on the residues of structures: it knows their outliers, in the columns of ramalyze."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.evaluate.report import Report, csv_text, plain
from overlap.io.residues import Failure

from .classified import VERDICTS, ClassifiedResidues

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RAMALYZE_TYPES", "RamachandranReport"]

#: What ramalyze calls the categories.
RAMALYZE_TYPES = {
    "general": "General",
    "glycine": "Glycine",
    "cispro": "Cis-proline",
    "transpro": "Trans-proline",
    "proline": "Proline",
    "prepro": "Pre-proline",
    "ileval": "Isoleucine or valine",
    "all": "All",
}
_RAMALYZE_VERDICTS = {"favored": "Favored", "allowed": "Allowed", "outlier": "OUTLIER"}


@dataclass(frozen=True, eq=False, repr=False)
class RamachandranReport(Report):
    """A `Report` on residues that were classified by a library.

    Parameters
    ----------
    items, table_rows, settings, sentence, evidence, intervals
        As in `Report`.
    failed : tuple of Failure
        Structures that could not be read.
    """

    evidence: ClassifiedResidues = field(repr=False)
    failed: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return settings, summary, table, outliers and structures; NaN becomes None."""
        rows = {"outliers": self.residue_rows("outlier"), "structures": self.structure_rows()}
        return {**super().to_dict(), **plain(rows)}

    def residues_to_csv(self, path: str | Path | None = None) -> str:
        """Return all residues in the columns of ramalyze as CSV; with `path`, write it there.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing.
        """
        return csv_text(self.residue_rows(), path)

    def residue_rows(self, verdict: str | None = None) -> list[dict[str, Any]]:
        """Return residues in the columns of ramalyze, in file order.

        Parameters
        ----------
        verdict : {"outlier", "allowed", "favored"}, optional
            By default all.

        Returns
        -------
        list of dict
            residue (chain, number, insertion code, alternate location and name, in columns of
            fixed width), ``score%``, phi, psi, evaluation and type; and before them structure and
            model.

        Raises
        ------
        ValueError
            There is no such verdict.
        """
        if verdict is not None and verdict not in VERDICTS:
            raise ValueError(f"verdict = {verdict!r} is not one of {', '.join(VERDICTS)}")
        table = self.evidence.table
        wanted = range(len(VERDICTS)) if verdict is None else [VERDICTS.index(verdict)]
        rows = []
        for i in np.flatnonzero(np.isin(self.evidence.verdict, list(wanted))).tolist():
            names = (
                f"{table.chain[i]:>2}{table.seqid[i]:4d}{table.icode[i]:1}{table.altloc[i]:1}"
                f"{table.resname[i]:>3}"
            )
            rows.append(
                {
                    "structure": table.structure[i],
                    "model": int(table.model[i]),
                    "residue": names,
                    "score%": 100.0 * float(self.evidence.score[i]),
                    "phi": float(table.phi[i]),
                    "psi": float(table.psi[i]),
                    "evaluation": _RAMALYZE_VERDICTS[VERDICTS[self.evidence.verdict[i]]],
                    "type": RAMALYZE_TYPES[table.category[i]],
                }
            )
        return rows

    @cached_property
    def outliers(self) -> pd.DataFrame:
        """The outliers in the columns of ramalyze; see `residue_rows`."""
        import pandas as pd

        columns = ["structure", "model", "residue", "score%", "phi", "psi", "evaluation", "type"]
        return pd.DataFrame(self.residue_rows("outlier"), columns=columns)

    def structure_rows(self) -> list[dict[str, Any]]:
        """Return the counts of every structure, those with most outliers first.

        Returns
        -------
        list of dict
            structure; numbers of rows: residues, favored, allowed, outlier; and the shares of
            favored and outlier, by weight.
        """
        table, verdict = self.evidence.table, self.evidence.verdict
        index, names = table.groups("structure")
        counts = np.zeros((len(names), len(VERDICTS)), dtype=np.int64)
        sums = np.zeros((len(names), len(VERDICTS)))
        np.add.at(counts, (index, verdict), 1)
        np.add.at(sums, (index, verdict), table.weight)
        total = counts.sum(axis=1)
        share = sums / sums.sum(axis=1, keepdims=True)
        order = np.lexsort((np.arange(len(names)), share[:, 2], -share[:, 0]))
        return [
            {
                "structure": names[k],
                "residues": int(total[k]),
                **{VERDICTS[v]: int(counts[k, v]) for v in (2, 1, 0)},
                "favored_share": float(share[k, 2]),
                "outlier_share": float(share[k, 0]),
            }
            for k in order.tolist()
        ]

    @cached_property
    def by_structure(self) -> pd.DataFrame:
        """Counts of every structure; see `structure_rows`."""
        import pandas as pd

        return pd.DataFrame(self.structure_rows())

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Structures that could not be read: columns source and reason."""
        import pandas as pd

        rows = [(failure.source, failure.reason) for failure in self.failed]
        return pd.DataFrame(rows, columns=["source", "reason"])
