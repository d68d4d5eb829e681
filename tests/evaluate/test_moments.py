"""Proposals, recall at k times the truths, moments, highlights, and unranked segments."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from overlap import cli
from overlap.evaluate import TEMPORAL_PROTOCOLS, compare, explain, temporal, temporal_study
from overlap.io import as_moments

from . import plain_moments as plain

CASES = 12
ALL = pytest.param(200, marks=pytest.mark.slow)


def segments(rng, count, end=12):
    """Segments with many ties, duplicates and zero lengths, as pairs."""
    start = rng.integers(0, end, count)
    return [(float(a), float(a + b)) for a, b in zip(start, rng.integers(0, 6, count), strict=True)]


def tables(rng, labels="a"):
    """Random truth and predictions: rows of (video, start, stop, label[, score])."""
    truth, found = [], []
    for video in "uvwx":
        truth += [(video, *s, rng.choice(list(labels))) for s in segments(rng, rng.integers(0, 5))]
    for video in "vwxy":
        count = rng.integers(0, 9)
        scores = rng.integers(1, 6, count) / 5
        found += [(video, *s, rng.choice(list(labels)), x)
                  for s, x in zip(segments(rng, count), scores, strict=True)]  # fmt: skip
    columns = ["video", "start", "stop", "label"]
    return pd.DataFrame(truth, columns=columns), pd.DataFrame(found, columns=[*columns, "score"])


def by_video(frame, row):
    result = {}
    for entry in frame.itertuples(index=False):
        result.setdefault(entry.video, []).append(row(entry))
    return result


# ------------------------------------------------------------------------------ proposals


@pytest.mark.parametrize("cases", [CASES, ALL])
def test_average_recall_is_that_of_the_plain_definition(cases):
    rng = np.random.default_rng(1)
    for _ in range(cases):
        truth, found = tables(rng)
        if not len(truth) or not len(found):
            continue
        most, points = float(rng.choice([2, 5])), int(rng.choice([10, 100]))
        mine = by_video(truth, lambda x: (x.start, x.stop))
        some = by_video(found, lambda x: ((x.start, x.stop), x.score))
        if not any(min(int(len(v) * most * len(mine) / len(found)), len(v))
                   for k, v in some.items() if k in mine):  # fmt: skip
            continue
        levels = (0.3, 0.5, 0.75, 1.0)
        report = temporal(truth=truth, found=found, protocol="proposals", iou=levels, most=most,
                          points=points)  # fmt: skip
        proposals, recall, area = plain.average_recall(mine, some, levels, most, points)
        rows = report.rows()
        assert [row["proposals"] for row in rows] == proposals.tolist()
        got = [[row[f"recall@{level:g}"] for row in rows] for level in levels]
        assert np.abs(got - recall).max() < 1e-12
        assert report.summary["AUC"] == pytest.approx(area, abs=1e-12)
        assert report.summary[f"AR@{most:g}"] == pytest.approx(recall.mean(0)[-1], abs=1e-12)
        if report.numbers[0].ties:
            low, high = report.numbers[0].ties
            assert low <= report.numbers[0].value <= high


@pytest.mark.parametrize("cases", [CASES, ALL])
def test_recall_of_thumos_is_that_of_the_plain_definition(cases):
    rng = np.random.default_rng(2)
    for _ in range(cases):
        truth, found = tables(rng)
        mine = by_video(truth, lambda x: (x.start, x.stop))
        some = by_video(found, lambda x: ((x.start, x.stop), x.score))
        if not any(video in some for video in mine):
            continue
        levels, added = (0.5, 0.75, 1.0), float(rng.integers(0, 2))
        report = temporal(truth=truth, found=found, protocol="proposals_thumos", iou=levels,
                          points=20, added=added)  # fmt: skip
        recall = plain.thumos_recall(mine, some, levels, 20, added)
        got = [[row[f"recall@{level:g}"] for row in report.rows()] for level in levels]
        assert np.abs(got - recall).max() < 1e-12


@pytest.mark.parametrize("cases", [CASES, ALL])
def test_recall_at_k_times_the_truths_is_that_of_the_plain_definition(cases):
    rng = np.random.default_rng(3)
    for _ in range(cases):
        truth, found = tables(rng, "abc")
        if not len(truth):
            continue
        levels, ks = (0.25, 0.5, 1.0), (1, 2)
        mine = by_video(truth, lambda x: ((x.start, x.stop), x.label))
        some = by_video(found, lambda x: ((x.start, x.stop), x.score, x.label))
        options = {"truth": truth, "found": found, "iou": levels, "k": ks}
        kept = {"duplicates": "keep", "zero_length": "keep", "union_floor": 0}
        report = temporal(protocol="recall_kx", **kept, **options)
        hits, truths = plain.recall_kx(mine, some, levels, ks)
        mean = (hits / truths[:, None, None]).mean(axis=0)
        report_mq = temporal(protocol="recall_kx_mq", **options)
        pooled, _ = plain.recall_kx(mine, some, levels, ks, in_file=True, strict=True, union="hull")
        pooled = pooled.sum(axis=0) / truths.sum()
        for t, level in enumerate(levels):
            for n, k in enumerate(ks):
                name = f"Recall@{k}x@{level:g}"
                assert report.summary[name] == pytest.approx(mean[t, n], abs=1e-12)
                assert report_mq.summary[name] == pytest.approx(pooled[t, n], abs=1e-12)


def test_repeated_and_empty_truths_do_not_count_in_recall_kx():
    truth = pd.DataFrame({"video": "v", "label": "a", "start": [0, 0, 5], "stop": [4, 4, 5]})
    found = pd.DataFrame({"video": "v", "label": "a", "start": [0], "stop": [4], "score": [0.5]})
    report = temporal(truth=truth, found=found, protocol="recall_kx", iou=0.5)
    assert report.summary["Recall@1x@0.5"] == 1.0
    assert "2 truths left out: repeated, or of zero length" in report.settings["notes"]


# ------------------------------------------------------------------------------ segments


@pytest.mark.parametrize("cases", [CASES, ALL])
def test_matched_segments_are_those_of_the_plain_definition(cases):
    rng = np.random.default_rng(4)
    for _ in range(cases):
        truth, found = tables(rng, "ab")
        level = float(rng.choice([0.2, 0.5, 1.0]))
        groups = set(zip([*truth.video, *found.video], [*truth.label, *found.label], strict=True))
        for method in ("greedy", "optimal", "maximum"):
            count, total = 0, 0.0
            for video, label in groups:
                sides = [
                    [(x.start, x.stop) for x in table.itertuples()
                     if (x.video, x.label) == (video, label)]
                    for table in (truth, found)
                ]  # fmt: skip
                match = plain.greedy if method == "greedy" else plain.matched
                pairs, value = match(*sides, level, *([method] if method != "greedy" else []))
                count, total = count + pairs, total + value
            report = temporal(truth=truth, found=found.drop(columns="score"),
                              protocol="segments_f1", iou=level, matching=method)  # fmt: skip
            got = report.summary
            if method != "optimal":  # equal sums may have other numbers of pairs
                assert sum(row["matched"] for row in report.rows()) == count
                whole = len(truth) + len(found)
                if whole:
                    assert got[f"F1@{level:g}"] == pytest.approx(2 * count / whole)
            pairs = sum(row["matched"] for row in report.rows())
            if pairs:
                assert got[f"mean_iou@{level:g}"] * pairs == pytest.approx(total)


def test_the_methods_of_matching_differ():
    truth = pd.DataFrame({"video": "v", "label": "a", "start": [10, 20, 30], "stop": [40, 50, 60]})
    found = pd.DataFrame({"video": "v", "label": "a", "start": [0, 10, 20], "stop": [30, 40, 50]})
    pairs = {}
    for method in ("greedy", "optimal", "maximum"):
        report = temporal(truth=truth, found=found, protocol="segments_f1", matching=method)
        pairs[method] = report.rows()[0]["matched"], report.summary["mean_iou@0.5"]
    assert pairs == {"greedy": (2, 1.0), "optimal": (2, 1.0), "maximum": (3, 0.5)}


def test_means_over_classes_are_of_the_classes_of_the_truth():
    truth = pd.DataFrame({"video": "v", "label": ["a", "b"], "start": [0, 0], "stop": [4, 4]})
    found = pd.DataFrame({"video": "v", "label": ["a", "c"], "start": [0, 0], "stop": [4, 4]})
    report = temporal(truth=truth, found=found, protocol="segments_f1")
    assert report.summary["precision@0.5"] == report.summary["recall@0.5"] == 0.5
    assert report.summary["macro precision@0.5"] == report.summary["macro F1@0.5"] == 0.5
    assert "1 predicted label without a truth" in " ".join(report.settings["notes"])
    agnostic = temporal(truth=truth, found=found, protocol="segments_f1", classes="ignore")
    assert agnostic.summary["F1@0.5"] == 1.0
    gap = explain(report, agnostic, metric="F1@0.5")
    assert gap.step_rows[-1]["change"] == pytest.approx(0.5)


def test_nothing_matches_without_a_reason():
    truth = pd.DataFrame({"video": ["v"], "label": ["a"], "start": [0], "stop": [40]})
    found = pd.DataFrame({"video": ["v"], "label": ["a"], "start": [0], "stop": [40000]})
    for protocol in ("segments_f1", "proposals", "recall_kx"):
        report = temporal(truth=truth, found=found.assign(score=0.5), protocol=protocol)
        said = " ".join(report.findings)
        assert "all numbers are 0" in said
        assert "are they in milliseconds?" in said


@pytest.mark.parametrize("form", ["table", "results", "records"])
def test_labels_are_not_needed_where_nobody_looks_at_them(form):
    rows = [("v", 0, 5, 0.5), ("v", 10, 18, 0.75)]
    table = pd.DataFrame(rows, columns=["video", "start", "stop", "score"])
    truth, found = table.drop(columns="score"), table
    if form == "results":
        segments = [{"segment": [a, b], "score": c} for _, a, b, c in rows]
        truth = {"database": {"v": {"annotations": segments}}}
        found = {"results": {"v": segments}}
    if form == "records":
        truth, found = truth.to_dict("records"), found.to_dict("records")
    sides = {"truth": truth, "found": found}
    assert temporal(protocol="proposals", **sides).summary["AR@5"] == 1.0
    assert temporal(protocol="recall_kx", classes="ignore", **sides).summary.min() == 1.0
    assert temporal(protocol="segments_f1", classes="ignore", **sides).summary["F1@0.5"] == 1.0
    report = temporal(class_agnostic=True, **sides)
    assert report.summary["mAP"] == 1.0
    assert report.settings["reading"] == {"class_agnostic": True}
    with pytest.raises(ValueError, match="label"):
        temporal(**sides)


def test_ambiguous_rows_are_a_finding_where_labels_are_not_looked_at():
    columns = {"video": "v", "label": ["Ambiguous", "a"], "start": [0, 10], "stop": [5, 20]}
    truth = pd.DataFrame(columns)
    report = temporal(truth=truth, found=truth.assign(score=0.5), class_agnostic=True)
    assert "1 row labelled 'Ambiguous' count as segments" in " ".join(report.findings)


# ------------------------------------------------------------------------------ moments


def records(rng, queries, *, scored=True):
    """Random records of QVHighlights with ties, empties and odd numbers of clips."""
    truth, found = [], []
    for qid in range(queries):
        seconds, scale = int(rng.integers(20, 41)), int(rng.choice([2, 4, 8]))
        clips = int(seconds / 2)
        ids = sorted(rng.choice(clips, rng.integers(0, clips + 1), replace=False).tolist())
        rating = rng.integers(0, 5, (len(ids), 3))
        if rng.random() < 0.1:
            ids, rating = list(range(clips)), np.full((clips, 3), 4)
        truth.append({
            "qid": qid, "vid": "v", "duration": seconds, "relevant_clip_ids": ids,
            "relevant_windows": [[scale * a, scale * b]
                                 for a, b in segments(rng, rng.integers(1, 4), 10)],
            "saliency_scores": rating.tolist(),
        })  # fmt: skip
        windows = [[scale * a, scale * b, int(rng.integers(1, 5)) / 4]
                   for a, b in segments(rng, rng.integers(1, 14), 10)]  # fmt: skip
        found.append({
            "qid": qid, "vid": "v", "pred_relevant_windows": windows,
            "pred_saliency_scores": (rng.integers(-3, 4, clips + rng.integers(-3, 4)) / 2).tolist(),
        })  # fmt: skip
    return truth, found


@pytest.mark.parametrize("cases", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_qvhighlights_is_that_of_the_plain_definition(cases):
    rng = np.random.default_rng(5)
    for _ in range(cases):
        truth, found = records(rng, 25)
        report = temporal(truth=truth, found=found, protocol="qvhighlights")
        wanted = plain.qvhighlights(truth, found)
        got = {
            row["metric"] + (f"@{row['iou']:g}" if row["iou"] else ""): row["value"]
            for row in report.rows()
        }
        for name, value in wanted.items():
            assert got[name] == pytest.approx(value, abs=1e-12), name
        for number in report.numbers:
            assert got[number.name] == number.value
            if number.ties:
                assert number.ties[0] <= number.value <= number.ties[1]


@pytest.mark.parametrize("cases", [CASES, ALL])
def test_recall_of_moments_is_that_of_the_plain_definition(cases):
    rng = np.random.default_rng(6)
    for _ in range(cases):
        truth, found = records(rng, 8)
        mine = {record["qid"]: record["relevant_windows"] for record in truth}
        some = {record["qid"]: record["pred_relevant_windows"] for record in found[:-2]}
        levels, ks = (0.3, 0.5, 1.0), (1, 3)
        strict, union = bool(rng.integers(2)), str(rng.choice(["sum", "hull"]))
        options = {"comparison": ">" if strict else ">=", "union": union, "truths": 2}
        report = temporal(truth=truth, found=found[:-2], protocol="moment_retrieval", iou=levels,
                          k=ks, **options)  # fmt: skip
        hits, total = plain.retrieval(mine, some, levels, ks, strict=strict, union=union, truths=2)
        for (k, level), count in hits.items():
            assert report.summary[f"R{k}@{level:g}"] == pytest.approx(count / 8)
        assert report.summary["mIoU"] == pytest.approx(total / 8)
        left = temporal(truth=truth, found=found[:-2], protocol="nlq", iou=levels, k=ks, **options)
        answered = {query: mine[query] for query in some}
        hits, total = plain.retrieval(
            answered, some, levels, ks, strict=strict, union=union, truths=2
        )
        assert left.summary["mIoU"] == pytest.approx(total / 6)
        assert left.summary["R3@0.5"] == pytest.approx(hits[3, 0.5] / 6)


def test_neither_workers_nor_studies_change_a_bit(tmp_path):
    rng = np.random.default_rng(7)
    truth, found = records(rng, 12)
    frames = tables(rng, "ab")
    for protocol, sides in (
        ("qvhighlights", (truth, found)), ("moment_retrieval", (truth, found)),
        ("segments_f1", frames), ("proposals", frames), ("recall_kx", frames),
    ):  # fmt: skip
        options = {"protocol": protocol, "bootstrap": 50}
        usual = temporal(truth=sides[0], found=sides[1], **options)
        parts = temporal(truth=sides[0], found=sides[1], resume=tmp_path / protocol, **options)
        again = temporal(truth=sides[0], found=sides[1], resume=tmp_path / protocol, **options)
        assert usual.items == parts.items == again.items
        assert usual.to_csv() == parts.to_csv()
        assert "measured by an earlier run" in " ".join(again.settings["notes"])
        study = temporal_study(protocol=protocol)
        if protocol in ("qvhighlights", "moment_retrieval"):
            for k, (mine, some) in enumerate(zip(truth, found, strict=True)):
                study.update(k, truth=[mine], found=[some])
        else:
            for video in "uvwxy":
                study.update(video, truth=sides[0][sides[0].video == video],
                             found=sides[1][sides[1].video == video])  # fmt: skip
        whole = temporal(truth=sides[0], found=sides[1], protocol=protocol)
        assert dict(study.compute().items) == pytest.approx(dict(whole.items), nan_ok=True)
        assert set(usual.influence()["item"]) == set(usual.evidence.items)


def test_reports_can_be_compared_and_have_pages():
    rng = np.random.default_rng(8)
    truth, found = records(rng, 12)
    one, other = (temporal(truth=truth, found=found, protocol="moment_retrieval", **more)
                  for more in ({}, {"order": "confidence"}))  # fmt: skip
    with pytest.raises(ValueError, match="order: file against confidence"):
        compare(one, other, resamples=50)
    assert "confidences do not fall in it" in " ".join(one.findings)
    frames = tables(rng, "ab")
    for report in (
        one, temporal(truth=truth, found=found, protocol="qvhighlights"),
        *(temporal(truth=frames[0], found=frames[1], protocol=name)
          for name in ("segments_f1", "proposals", "recall_kx")),
    ):  # fmt: skip
        assert report.numbers[0].name in report.to_html()
        assert "with overlap" in report.methods()
        for number in report.numbers:
            assert number.name in report.terms(), number.name


# ------------------------------------------------------------------------------ files


QVH = {"qid": 1, "vid": "v", "duration": 10, "relevant_windows": [[2, 6]]}
PRED = {"qid": 1, "vid": "v", "pred_relevant_windows": [[2, 6, 0.5]]}
NLQ = {"videos": [{"clips": [{"clip_uid": "c", "annotations": [
    {"annotation_uid": "a", "language_queries": [
        {"clip_start_sec": 1.0, "clip_end_sec": 5.0}, {"query": "no window"}]}]}]}]}  # fmt: skip
NLQ_FOUND = {"results": [{"clip_uid": "c", "annotation_uid": "a", "query_idx": 0,
                          "predicted_times": [[1.0, 5.0], [7, 8]]}]}  # fmt: skip


def write(path, content):
    if isinstance(content, list):
        content = "\n".join(map(json.dumps, content))
    elif not isinstance(content, str):
        content = json.dumps(content)
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return str(path)


def test_every_form_of_files_is_read(tmp_path):
    line = "v 2.0 6.0##a person runs.\n"
    for k, (truth, found, suffix) in enumerate((
        ([QVH], [PRED], ".jsonl.gz"), ([QVH], [PRED], ".jsonl"),
        (line, line.replace("6.0", "6.0 0.5"), ".txt"), (line, line, ".txt"),
        (NLQ, NLQ_FOUND, ".json"),
        ("video,start,stop,label\nv,2,6,runs\n", "video,start,stop,label\nv,2,6,runs\n", ".csv"),
    )):  # fmt: skip
        paths = [write(tmp_path / f"{k}{role}{suffix}", x)
                 for role, x in (("truth", truth), ("found", found))]  # fmt: skip
        report = temporal(truth=paths[0], found=paths[1], protocol="moment_retrieval")
        assert report.summary["R1@0.7"] == report.summary["mIoU"] == 1.0
        assert len(report.settings["truth"]["sha256"]) == 64
    assert "queries without a window, left out: 1" in " ".join(
        as_moments(NLQ, role="truth").findings
    )


@pytest.mark.parametrize(
    ("content", "role", "said"),
    [
        ([QVH, QVH], "truth", "line 2: the query '1' is also in line 1"),
        ([PRED], "truth", "line 1: has 'pred_relevant_windows', so it is predictions"),
        ([QVH], "found", "line 1: has 'relevant_windows', so it is annotations"),
        ([{**QVH, "relevant_windows": [[6, 2]]}], "truth", "stop 2.0 is before start 6.0"),
        ([{**QVH, "relevant_windows": [[6]]}], "truth", "wanted [[start, stop], ...]"),
        ([{**PRED, "pred_relevant_windows": [[1, 2, 0.5], [1, 2]]}], "found", "has no score"),
        ([{**QVH, "relevant_windows": [["x", 2]]}], "truth", "start is 'x'"),
        ([{**QVH, "relevant_clip_ids": [1], "saliency_scores": []}], "truth",
         "1 relevant_clip_ids and 0 saliency_scores"),
        ([{**PRED, "pred_saliency_scores": [float("nan")]}], "found", "is nan"),
        ("v 2.0 6.0 runs\nv 1 2##x", "truth", None),
        ("v 2.0 6.0##runs\nv 2.0##jumps", "truth", "line 2: is 'v 2.0##jumps'"),
        ("v 6.0 2.0##runs", "truth", "line 1: stop 2.0 is before start 6.0"),
        ("v 2 6 .5##runs\nv 2 6##runs", "found", "line 2: has no confidence"),
        (NLQ, "found", "has no key 'results', so it is annotations"),
        ({"results": [{"predicted_times": [[1, 2]]}]}, "found", "not of the form of Ego4D NLQ"),
        ({"results": [NLQ_FOUND["results"][0]] * 2}, "found", "is there twice"),
    ],
)  # fmt: skip
def test_bad_files_are_refused(tmp_path, content, role, said):
    suffix = ".jsonl" if isinstance(content, list) else ".txt"
    path = write(tmp_path / f"x{'.json' if isinstance(content, dict) else suffix}", content)
    with pytest.raises(ValueError) as caught:
        as_moments(path, role=role)
    assert path in str(caught.value)
    assert said is None or said in str(caught.value)


def test_queries_that_one_side_lacks():
    other = [{**PRED, "qid": 2}]
    with pytest.raises(ValueError, match="queries of the truth without predictions: 1"):
        temporal(truth=[QVH], found=other, protocol="qvhighlights")
    report = temporal(truth=[QVH, {**QVH, "qid": 2}], found=other, protocol="qvhighlights",
                      unanswered="leave_out")  # fmt: skip
    assert report.summary["MR-full-mAP"] == 1.0
    report = temporal(truth=[QVH], found=other, protocol="moment_retrieval")
    assert report.summary["R1@0.3"] == 0.0
    said = " ".join(report.findings)
    assert "every number is 0" in said
    assert "queries of the truth without predictions: 1 (first: '1'); they count as missed" in said
    without = [{"qid": 1, "pred_relevant_windows": [[2, 6]]}]
    with pytest.raises(ValueError, match="windows have no scores"):
        temporal(truth=[QVH], found=without, protocol="qvhighlights")
    clips = {**QVH, "relevant_clip_ids": [7], "saliency_scores": [[1, 2, 3]]}
    found = [{**PRED, "pred_saliency_scores": [1.0]}]
    with pytest.raises(ValueError, match="rates clip 7"):
        temporal(truth=[clips], found=found, protocol="qvhighlights")


def test_queries_of_other_videos_and_units_are_told(tmp_path):
    truth = {**QVH, "relevant_clip_ids": [1, 2], "saliency_scores": [[4, 4, 4], [3, 3, 3]]}
    for changes, said in (
        ({}, None),
        ({"vid": "w"}, "queries of other videos than in the truth: 1 (first: '1' is of 'v', and"),
        ({"pred_relevant_windows": [[2000, 6000, 0.5]]}, "every number of windows is 0: are "),
    ):
        for name, row in (("truth", truth), ("found", {**PRED, **changes})):
            row = {**row, "pred_saliency_scores": [0.5] * 5} if name == "found" else row
            (tmp_path / f"{name}.jsonl").write_text(json.dumps(row))
        findings = temporal(
            truth=tmp_path / "truth.jsonl", found=tmp_path / "found.jsonl", protocol="qvhighlights"
        ).findings
        assert any(said in one for one in findings) if said else not findings


def test_rules_are_checked():
    for name, fields, said in (
        ("proposals", {"points": 1}, "points = 1"),
        ("proposals", {"most": -1}, "most = -1"),
        ("recall_kx", {"k": (0,)}, "k = "),
        ("qvhighlights", {"windows": -1}, "windows = -1"),
        ("qvhighlights", {"clip_length": 0}, "clip_length"),
        ("moment_retrieval", {"truths": 0}, "truths = 0"),
        ("segments_f1", {"matching": "best"}, "matching = 'best'"),
    ):
        with pytest.raises(ValueError, match=said):
            TEMPORAL_PROTOCOLS[name].with_fields(**fields)


# ------------------------------------------------------------------------------ published


@pytest.mark.reference
def test_published_numbers_of_qvhighlights(reference_data, tmp_path):
    folder = reference_data / "temporal" / "qvhighlights"
    paths = [str(folder / f"{name}.jsonl.gz")
             for name in ("highlight_val_release", "sample_val_preds")]  # fmt: skip
    report = temporal(truth=paths[0], found=paths[1], protocol="qvhighlights")
    wanted = json.loads((folder / "sample_val_preds_metrics_raw.json").read_text())
    assert report.printed() == wanted
    out = tmp_path / "report.json"
    code = cli.main(
        ["temporal", *paths, "--protocol", "qvhighlights", "--out", str(out), "--quiet"]
    )
    assert code == 0
    summary = json.loads(out.read_text())["summary"]
    assert {name: float(f"{100 * summary[name]:.2f}") for name in wanted["brief"]} == wanted[
        "brief"
    ]


@pytest.mark.reference
def test_published_recall_of_proposals(reference_data):
    folder = reference_data / "temporal"
    sides = {"truth": folder / "thumos14" / "gt_test210.json.gz",
             "found": folder / "thumos14" / "stpn_results.json.gz"}  # fmt: skip
    runs = json.loads((folder / "reference_activitynet_official.json").read_text())["runs"]
    wanted = runs["thumos14_stpn_proposal_AR"]
    report = temporal(**sides, protocol="proposals", most=wanted["max_avg_nr_proposals"])
    rows = report.rows()
    assert [row["AR"] for row in rows] == pytest.approx(wanted["avg_recall"], abs=1e-9)
    assert [row["proposals"] for row in rows] == pytest.approx(
        wanted["proposals_per_video"], abs=1e-9
    )
    assert 100 * report.summary["AUC"] == pytest.approx(wanted["AUC"], abs=1e-9)
    runs = json.loads((folder / "reference_opentad.json").read_text())["runs"]
    report = temporal(**sides, protocol="recall_kx")
    for name, value in runs["thumos14_stpn_gt210"]["topkx_recall"].items():
        _, level, k = name.split("@")
        got = report.summary[f"Recall@{k}x@{round(float(level), 10):g}"]
        assert got == pytest.approx(value, abs=1e-12)
