"""A report on diarization: its tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section
from overlap.io.printable import number_of

from ..report import ScoreReport
from .evidence import SpeakerEvidence

__all__ = ["SpeakerReport"]

_SHOWN = 20  # recordings in the picture
_PARTS = ("missed detection", "false alarm", "confusion")


@dataclass(frozen=True, eq=False, repr=False)
class SpeakerReport(ScoreReport):
    """A `Report` on diarization.

    Its parameters are those of `Report`. ``matches`` has one row for each speaker of the truth.
    """

    evidence: SpeakerEvidence = field(repr=False)

    def facts(self) -> Mapping[str, Any]:
        """Return rules and counts of the inputs, for the screen."""
        truth, found, uem = (self.settings[name] for name in ("truth", "found", "uem"))
        return {
            "protocol": self.settings["protocol"],
            "truth": f"{number_of(truth['turns'], 'turn')} in "
            f"{number_of(truth['recordings'], 'recording')}",
            "found": number_of(found["turns"], "turn"),
            "UEM": "none" if uem is None else number_of(uem["recordings"], "recording"),
            "evaluated": f"{self.settings['evaluated_seconds']:,.2f} s",
        }

    def tables(self) -> list[Section]:
        """Return the recordings, the worst first."""
        rows = sorted(self.rows(), key=lambda row: -row["DER"])
        cells = [
            [
                row["recording"],
                percent_text(row["DER"]),
                percent_text(row["JER"]),
                *(f"{row[name]:.2f}" for name in (*_PARTS, "total")),
                f"{row['n_speakers']} / {row['n_found_speakers']}",
            ]
            for row in rows
        ]
        columns = ["recording", "DER, %", "JER, %", *(f"{name}, s" for name in (*_PARTS, "total")),
                   "speakers"]  # fmt: skip
        note = "Speakers: in the truth / found, both in the time that is scored."
        return [Section("Recordings, the worst first", columns, cells, keys=1, note=note)]

    def pictures(self) -> list[Picture]:
        """Return the parts of the error of the worst recordings."""
        from overlap.plot.figures import panel

        rows = self._worst()
        if not rows:
            return []
        last = f" to {percent_text(rows[-1]['DER'])} %" if len(rows) > 1 else ""
        more = f" The worst {_SHOWN} are shown." if len(self.table_rows) > _SHOWN else ""
        return [
            Picture(
                "Parts of DER",
                partial(panel, partial(self.draw, None), 1.5 + 0.24 * len(rows)),
                f"Bars of the parts of DER of {number_of(len(rows), 'recording')}, the worst "
                f"first, from {percent_text(rows[0]['DER'])} %{last}.",
                "A bar is the DER of a recording: missed detection, false alarm and confusion as "
                f"shares of its speech.{more}",
            )
        ]

    def draw(self, path: Any, ax: Any, **options: Any) -> Any:
        """Draw the parts of the error of the worst recordings."""
        from overlap.plot.shares import draw_shares

        rows = self._worst()
        shares = {name: [row[name] / row["total"] for row in rows] for name in _PARTS}
        names = [row["recording"] for row in rows]
        return draw_shares(names, shares, label="of the speech, %", path=path, ax=ax, **options)

    def _worst(self) -> list[dict[str, Any]]:
        """Return the rows of the recordings with the greatest DER; those without speech are out."""
        rows = [row for row in self.rows() if row["total"] > 0]
        return sorted(rows, key=lambda row: -row["DER"])[:_SHOWN]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        return _TERMS


_TERMS = {
    "DER": "Diarization error rate: missed detection, false alarm and confusion over the total. It "
    "can exceed 100 %.",
    "JER": "Jaccard error rate: for each speaker of the truth 1 minus the time shared with the "
    "mapped found speaker over the time of either; the mean over speakers.",
    "missed detection": "Time of speech in the truth for which too few speakers were found.",
    "false alarm": "Time for which too many speakers were found.",
    "confusion": "Time that was given to a speaker other than the mapped one.",
    "correct": "Time that was given to the right speaker.",
    "total": "Time of speech in the truth; of two speakers at one time it counts twice.",
    "detection error rate": "Missed and false speech over speech, whoever speaks.",
    "purity": "Share of the time of found speakers that each has in common with the speaker of the "
    "truth that it has most in common with.",
    "coverage": "Share of the time of speakers of the truth that each has in common with the found "
    "speaker that it has most in common with.",
    "speakers": "Number of speakers in the truth / found.",
    "recording": "Name of the recording.",
    "value": "The number itself.",
    "evaluated": "Seconds of the recording that are evaluated.",
    "scored": "Seconds of them that are left after collars and overlaps.",
    "n_speakers": "Number of speakers in the truth.",
    "n_found_speakers": "Number of found speakers.",
    "n_turns": "Number of turns in the truth.",
    "n_found_turns": "Number of found turns.",
}
