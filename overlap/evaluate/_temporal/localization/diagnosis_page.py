"""The part of a page that shows a diagnosis: bins, kinds of error, and the worst videos."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section
from overlap.evaluate.thresholds import threshold_names
from overlap.io.printable import number_of

from .characteristics import CHARACTERISTICS
from .diagnosis import Diagnosis
from .errors import KINDS
from .timelines import shown_predictions

__all__ = ["TERMS", "content_of"]

_MOST_ROWS = 20

TERMS: Mapping[str, str] = {
    "characteristic": "; ".join(f"{name}: {text}" for name, text in CHARACTERISTICS.items()) + ".",
    "bin": "From small to large.",
    "range": "Values of the bin; its upper end belongs to it.",
    "normalised mAP": "mAP with the precision RN / (RN + F): recall R, F false positives so far, "
    "N the mean number of truths of a class. It compares parts of the truths of unequal size. Of "
    "a bin: as if there were no other truths, without the predictions that match those.",
    "missed": "Share of the truths that no prediction finds while the normalised precision is "
    "above 0.05; the mean over the IoU thresholds.",
    "false positive": "; ".join(f"{name}: {text[0].lower()}{text[1:-1]}"
                                for name, text in KINDS.items()) + ".",
    "predictions": "Their number, the mean over the IoU thresholds.",
    "share": "Share of the predictions that are looked at.",
    "mAP lost": "What the normalised mAP gains without the predictions of this kind alone, in "
    "percentage points.",
    "video": "Name of the video.",
    "missed truths": "Truths that no prediction matches, of whatever confidence.",
}  # fmt: skip


def content_of(diagnosis: Diagnosis, worst: int = 4) -> list[Section | Picture]:
    """Return the tables and pictures of a diagnosis.

    Parameters
    ----------
    diagnosis : Diagnosis
    worst : int
        Number of videos that are drawn.
    """
    return [
        *_pictures(diagnosis),
        _bins(diagnosis),
        _errors(diagnosis),
        *_worst(diagnosis, worst),
    ]


def _at(diagnosis: Diagnosis) -> str:
    names = threshold_names(diagnosis.matches.scene.thresholds)
    return f"at IoU {names[0]}" if len(names) == 1 else f"mean of IoU {names[0]} to {names[-1]}"


def _pictures(diagnosis: Diagnosis) -> list[Picture]:
    from overlap.plot.detection import draw_errors
    from overlap.plot.diagnosis import draw_bins, draw_profile
    from overlap.plot.figures import panel

    rows, found = diagnosis.rows, diagnosis.false_positives
    whole, at = diagnosis.value, _at(diagnosis)
    costs, profile = found.rows(), found.profile()

    def said(key: str) -> str:
        return ", ".join(
            f"{row['characteristic']} {row['bin']} {percent_text(row[key], 'undefined')}"
            for row in rows
        )

    def drawn(key: str, axis: str, line: float | None = None) -> Any:
        return lambda: panel(
            lambda ax: draw_bins(rows, key, axis, ax, line), 1.0 + 0.24 * len(rows)
        )

    sized = "The ranges of the bins are in the table of bins."
    pictures = [
        Picture(
            f"Normalised mAP by characteristic of the truths, {at}",
            drawn("value", "normalised mAP, %", whole),
            f"Bars in per cent: {said('value')}.",
            "Each bar: the normalised mAP as if only the truths of this bin were there. The "
            f"dashed line is that of all truths, {percent_text(whole)} %. {sized}",
        ),
        Picture(
            f"Missed truths by characteristic, {at}",
            drawn("missed", "missed truths, %"),
            f"Bars in per cent: {said('missed')}.",
            "Share of the truths of each bin that no prediction finds while the normalised "
            f"precision is above 0.05. {sized}",
        ),
    ]
    if profile:
        words = ", ".join(f"{row['error']} {100 * row['cost']:.1f}" for row in costs)
        first = profile[0]
        pictures += [
            Picture(
                f"mAP that each kind of false positive costs, {at}",
                lambda: panel(lambda ax: draw_errors(costs, ax=ax), 3.2),
                f"Bars of percentage points: {words}.",
                "How much the normalised mAP would gain without the false positives of this kind, "
                "and all else as it is. In brackets: their number, among the first "
                f"{diagnosis.most} G predictions of each class with G truths.",
            ),
            Picture(
                f"Kinds of the most confident predictions, {at}",
                lambda: panel(lambda ax: draw_profile(profile, ax), 1.9 + 0.24 * len(profile)),
                f"Stacked bars; of the most confident, {percent_text(first['true'])} % are true.",
                "Line 1: the G most confident predictions of each class with G truths; line 2: the "
                "next G, and so on. The darkest part is true.",
            ),
        ]
    return pictures


def _bins(diagnosis: Diagnosis) -> Section:
    cells = [
        [row["characteristic"], row["bin"],
         row["range"] + (" s" if row["characteristic"] == "length" else ""), f"{row['n_truth']:,}",
         percent_text(row["value"], "undefined"), percent_text(row["missed"], "undefined")]
        for row in diagnosis.rows
    ]  # fmt: skip
    note = f"All truths: normalised mAP {percent_text(diagnosis.value)} %."
    if diagnosis.left_out:
        note += (
            f" {number_of(diagnosis.left_out, 'truth')} of no length, or longer than the video, "
            "left out."
        )
    if "coverage" not in {row["characteristic"] for row in diagnosis.rows}:
        note += " Coverage needs durations of videos, which the truth does not have."
    columns = ["characteristic", "bin", "range", "truths", "normalised mAP", "missed"]
    title = f"Truths by characteristic, {_at(diagnosis)}, %"
    return Section(title, columns, cells, keys=2, note=note, words=(2,))


def _errors(diagnosis: Diagnosis) -> Section:
    found = diagnosis.false_positives
    true = {"error": "true", **found.true(), "cost": None}
    cells = [
        [row["error"], f"{row['n']:,.6g}" if row["n"] != int(row["n"]) else f"{row['n']:,}",
         percent_text(row["share"]), "" if row["cost"] is None else f"{100 * row['cost']:.2f}"]
        for row in (true, *found.rows())
    ]  # fmt: skip
    note = (
        f"The first {diagnosis.most} G predictions of each class with G truths; their normalised "
        f"mAP is {percent_text(found.value)} %."
    )
    columns = ["false positive", "predictions", "share", "mAP lost"]
    return Section(
        f"Kinds of false positive, {_at(diagnosis)}, %", columns, cells, keys=1, note=note
    )


def _worst(diagnosis: Diagnosis, count: int) -> list[Section | Picture]:
    from overlap.plot.figures import panel
    from overlap.plot.segment_timelines import draw_segments, height_of

    rows = diagnosis.videos
    if not rows:
        return []
    at = threshold_names(diagnosis.matches.scene.thresholds)[diagnosis.level]
    pictures: list[Section | Picture] = []
    for k, row in enumerate(rows[:count]):
        bars = diagnosis.bars(row["video"])
        words = f"{row['n_missed']:,} of {number_of(row['n_truth'], 'truth')} missed at IoU {at}"
        place = f"Number {k + 1} of the videos by missed truths"
        pictures.append(
            Picture(
                f"Video {row['video']}",
                partial(panel, partial(_drawn, draw_segments, bars), height_of(bars)),
                f"Truths and predictions along the time: {words}.",
                f"{place}: {words}. Gray: truths, dark where a prediction matches. Below, the "
                f"{min(row['n_found'], shown_predictions(row['n_truth'])):,} most confident of "
                f"{number_of(row['n_found'], 'prediction')}: blue is true, orange false.",
                f"video-{k}",
            )
        )
    cells = [
        [row["video"], f"{row['n_missed']:,}", f"{row['n_truth']:,}", f"{row['n_found']:,}"]
        for row in rows[:_MOST_ROWS]
    ]
    links = [f"video-{k}" if k < len(pictures) else "" for k in range(len(cells))]
    note = f"The worst {len(cells):,} of {number_of(len(rows), 'video')} with missed truths." + (
        " Linked videos are drawn below." if pictures else ""
    )
    columns = ["video", "missed truths", "truths", "predictions of all classes"]
    title = f"Videos with most missed truths, at IoU {at}"
    return [Section(title, columns, cells, keys=1, note=note, links=links), *pictures]


def _drawn(draw: Any, bars: Any, ax: Any) -> None:
    draw(bars, ax=ax)
