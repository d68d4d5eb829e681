"""Ranks, paired intervals and tests of reports with numbers per case."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from overlap.evaluate import Report, compare, mean_interval
from overlap.evaluate._comparison.case_scores import weighted_mean, weighted_median
from overlap.evaluate._comparison.places import (
    average_ranks,
    kendall_tau,
    rank_shares,
    shared_ranks,
)
from overlap.evaluate._comparison.significance import holm, signed_rank
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number


def report(values, *, metric="dice", labels=("liver",), cases=None, settings=None):
    """A report with the given values, shape (cases,) or (labels, cases)."""
    values = np.atleast_2d(np.asarray(values, dtype=float))
    cases = [f"case{n:03d}" for n in range(values.shape[1])] if cases is None else cases
    missing = (settings or {}).get("missing")
    stands = missing if isinstance(missing, float) else np.nan
    rows = tuple(
        {
            "case": case,
            "label": label,
            "metric": metric,
            "value": float(value),
            "unit": "1",
            "used": float(value) if np.isfinite(value) else stands,
        }
        for label, row in zip(labels, values, strict=True)
        for case, value in zip(cases, row, strict=True)
    )
    better = {"false_negative_error": "lower", "volume_truth": ""}.get(metric, "higher")
    if metric == "relative_volume_difference":
        better = "zero"
    record = {"better": better, "low": 0.0, "high": None if better == "zero" else 1.0}
    record["worst"] = {"higher": 0.0, "lower": 1.0}.get(better)
    known = {"evaluation": "segmentation", "missing": None, "metrics": {metric: record}}
    contract = Contract("segmentation", {"missing": missing}, labels=dict.fromkeys(labels, 1))
    known |= {"contract": contract.settings()} | (settings or {})
    return Report((Number(metric, float(np.nanmean(values))),), rows, known, "", None)


def scores(reports, cases, seed=0, *, labels=1, step=0.02):
    """Values on a coarse grid, so that there are ties, of reports of falling quality."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0.8, 0.08, (labels, cases))
    drawn = [hard - 0.01 * k + rng.normal(0, 0.03, hard.shape) for k in range(reports)]
    return [np.clip(np.round(x / step) * step, 0, 1) for x in drawn]


# ------------------------------------------------------------------------------- parts


def plain_holm(p):
    """Sequential rejection, as written: the smallest level at which each would be rejected."""
    m = len(p)
    order = sorted(range(m), key=lambda k: p[k])
    adjusted = [0.0] * m
    for i, k in enumerate(order):
        adjusted[k] = min(1.0, max((m - j) * p[order[j]] for j in range(i + 1)))
    return adjusted


def test_holm_by_hand():
    # sorted: 0.01 x 4, 0.02 x 3, 0.03 x 2 = 0.06 again, 0.5 x 1
    assert holm([0.02, 0.5, 0.01, 0.03]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]).shape == (0,)


def test_holm_leaves_out_what_was_not_tested():
    assert holm([0.02, np.nan, 0.01]) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)


def test_holm_equals_its_definition():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.choice([0.001, 0.01, 0.02, 0.02, 0.3, 1.0], size=rng.integers(1, 12))
        assert holm(p) == pytest.approx(plain_holm(p.tolist()), abs=1e-15)


@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
def test_signed_rank_is_that_of_scipy(zero_method):
    rng = np.random.default_rng(1)
    for count in (3, 8, 20, 60):
        for step in (0.1, 1e-9):  # with ties and zeros, and without
            change = np.round(rng.normal(0.03, 0.1, count) / step) * step
            change[0] = 0.5
            result = signed_rank([*change, np.nan], zero_method=zero_method)
            expected = stats.wilcoxon(change, zero_method=zero_method)
            assert result.p == expected.pvalue
            assert result.pairs == count
            assert result.zeros == (change == 0).sum()
            assert result.median == np.median(change)
            more = stats.wilcoxon(change, zero_method=zero_method, alternative="greater")
            less = stats.wilcoxon(-change, zero_method=zero_method, alternative="greater")
            assert result.favors == np.sign(more.statistic - less.statistic)


def test_signed_rank_without_differences():
    assert signed_rank([0.0, 0.0]).p == 1.0
    assert signed_rank([0.0, np.nan]).favors == 0
    assert np.isnan(signed_rank([np.nan]).p)
    with pytest.raises(ValueError, match="zero_method 'drop' is not one of 'wilcox'"):
        signed_rank([1.0], zero_method="drop")


def test_ranks_share_places():
    values = [0.9, 0.7, 0.9, np.nan, 0.1 + 0.2, 0.3]
    assert shared_ranks(values).tolist() == [1, 3, 1, 6, 4, 4]
    assert shared_ranks(values, higher_is_better=False).tolist() == [4, 3, 4, 6, 1, 1]
    rng = np.random.default_rng(0)
    table = rng.integers(0, 4, (5, 30)).astype(float)
    for column, low, mean in zip(
        table.T,
        shared_ranks(table, higher_is_better=False).T,
        average_ranks(table, higher_is_better=False).T,
        strict=True,
    ):
        assert low.tolist() == stats.rankdata(column, "min").tolist()
        assert mean.tolist() == stats.rankdata(column, "average").tolist()


def test_kendall_tau_is_that_of_scipy():
    rng = np.random.default_rng(2)
    full = shared_ranks(rng.integers(0, 4, 6).astype(float))
    draws = shared_ranks(rng.integers(0, 4, (6, 40)).astype(float))
    for column, tau in zip(draws.T, kendall_tau(full, draws), strict=True):
        assert tau == pytest.approx(stats.kendalltau(full, column).statistic, abs=1e-12)
    assert np.isnan(kendall_tau(np.array([1, 1]), np.array([[1], [2]]))).all()
    assert rank_shares(draws).sum(axis=1) == pytest.approx(np.ones(6))
    assert rank_shares(draws)[2, 0] == np.mean(draws[2] == 1)


def test_weighted_aggregates_are_those_of_copies():
    rng = np.random.default_rng(3)
    for count in (1, 2, 7, 12):
        values = np.where(rng.random(count) < 0.2, np.nan, rng.random(count))
        weights = rng.multinomial(count, np.full(count, 1 / count), size=30).astype(float)
        copies = [np.repeat(values, row.astype(int)) for row in weights]
        kept = [row[~np.isnan(row)] for row in copies]
        for ours, plain in ((weighted_mean, np.mean), (weighted_median, np.median)):
            expected = [plain(row) if len(row) else np.nan for row in kept]
            np.testing.assert_allclose(ours(values, weights), expected, rtol=0, atol=1e-14)


# --------------------------------------------------------------------------- comparisons


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("labels", [1, 3])
def test_ranks_and_tests_follow_plain_definitions(count, labels):
    values = scores(count, 25, labels=labels)
    names = [f"r{k}" for k in range(count)]
    organs = [f"organ{k}" for k in range(labels)]
    result = compare(*[report(x, labels=organs) for x in values], names=names, resamples=100, rng=1)
    means = np.array([x.mean(axis=1).mean() for x in values])
    table = result.table.set_index("name")
    assert table.loc[names, "dice"].to_numpy() == pytest.approx(means, abs=1e-14)
    assert table.loc[names, "rank"].tolist() == stats.rankdata(-means, "min").tolist()
    assert table["rank"].is_monotonic_increasing

    cells = np.stack(values, axis=-1).reshape(-1, count)
    places = np.stack([stats.rankdata(-cell, "average") for cell in cells])
    assert table.loc[names, "case_rank"].to_numpy() == pytest.approx(places.mean(axis=0))
    by_cases = stats.rankdata(places.mean(axis=0).round(12), "min")
    assert table.loc[names, "rank_by_cases"].tolist() == by_cases.tolist()

    pairs = result.pairs
    assert len(pairs) == count * (count - 1) // 2
    assert {frozenset(x) for x in zip(pairs["better"], pairs["worse"], strict=True)} == {
        frozenset(x) for x in combinations(names, 2)
    }
    for row in result.pair_rows:
        a, b = (values[names.index(row[key])] for key in ("better", "worse"))
        change = (a - b).mean(axis=0)
        # what is equal but for the order of sums is equal
        assert row["p"] == pytest.approx(stats.wilcoxon(change.round(12)).pvalue, rel=1e-12)
        assert row["median_difference"] == pytest.approx(np.median(change), abs=1e-12)
        assert row["difference"] == pytest.approx(a.mean() - b.mean(), abs=1e-14)
        assert row["low"] <= row["difference"] <= row["high"]
    assert pairs["p_holm"].tolist() == pytest.approx(plain_holm(pairs["p"].tolist()))

    shares = result.stability.pivot_table(index="name", columns="rank", values="share")
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0] * count)
    assert len(result.label_rows) == (labels * count if labels > 1 else 0)


def test_labels_are_corrected_apart():
    values = scores(3, 20, labels=2)
    organs = ("liver", "spleen")
    names = ["a", "b", "c"]
    both = compare(*[report(x, labels=organs) for x in values], names=names, resamples=50)
    for k, organ in enumerate(organs):
        alone = compare(*[report(x[k]) for x in values], names=names, resamples=50)
        rows = [row for row in both.label_pair_rows if row["label"] == organ]
        assert rows == [{"label": organ, **row} for row in alone.pair_rows]
        one = compare(
            *[report(x, labels=organs) for x in values], names=names, label=organ, resamples=50
        )
        assert one.pair_rows == alone.pair_rows
        assert one.settings["labels"] == [organ]


def test_equal_reports_share_rank_one():
    (values,) = scores(1, 12)
    same = compare(*[report(values)] * 3, names=["a", "b", "c"], resamples=60)
    assert same.table["rank"].tolist() == [1, 1, 1]
    assert same.table["rank_by_cases"].tolist() == [1, 1, 1]
    assert same.table["case_rank"].tolist() == [2.0, 2.0, 2.0]
    assert same.table["best_in"].tolist() == [1.0, 1.0, 1.0]
    for row in same.pair_rows:
        assert (row["difference"], row["better_in"]) == (0, 0)
        # No difference in 12 cases: none of those that a share of 26 % of all could have.
        assert (row["low"], row["high"]) == pytest.approx(
            (-(1 - 0.025 ** (1 / 12)), 1 - 0.025 ** (1 / 12))
        )
        assert (row["p"], row["p_holm"], row["favors"]) == (1.0, 1.0, "")
        assert (row["zeros"], row["pairs"]) == (12, 12)
    assert not same.beats().to_numpy().any()
    assert same.agreement_rows[0]["undefined"] == 60  # nothing to agree about


def test_lower_is_better_is_turned_round():
    values = scores(2, 20, seed=4)
    options = {"names": ["a", "b"], "resamples": 80}
    up = compare(*[report(x) for x in values], **options)
    down = compare(*[report(1 - x, metric="false_negative_error") for x in values], **options)
    assert up.table["name"].tolist() == down.table["name"].tolist() == ["a", "b"]
    assert not down.settings["higher_is_better"]
    (one,), (other,) = up.pair_rows, down.pair_rows
    assert other["difference"] == pytest.approx(-one["difference"])
    assert other["median_difference"] == pytest.approx(-one["median_difference"])
    assert (other["low"], other["high"]) == pytest.approx((-one["high"], -one["low"]), abs=1e-9)
    assert other["better_in"] == one["better_in"]
    assert other["p"] == pytest.approx(one["p"], rel=1e-9)
    assert other["favors"] == one["favors"] == "a"


def test_beats_needs_a_small_corrected_p():
    values = scores(3, 30, seed=5)
    far = [values[0], values[0] - 0.001 * np.arange(30), values[0] - 0.3]
    result = compare(*[report(x) for x in far], names=["a", "b", "c"], resamples=50)
    assert result.beats().loc["a"].tolist() == [False, True, True]
    assert result.beats().loc["c"].tolist() == [False, False, False]
    assert all(row["p_holm"] < 0.05 for row in result.pair_rows)
    few = compare(*[report(x[:, :4]) for x in far], names=["a", "b", "c"], resamples=50)
    assert not few.beats().to_numpy().any()  # the least p of four cases is 1/8
    with pytest.raises(ValueError, match="no pairs of a label 'spleen'"):
        result.beats("spleen")


def test_the_median_rank_can_disagree_with_the_mean():
    steady, lucky = np.full(9, 0.7), np.full(9, 0.69)
    lucky[0] = 1.0
    names = ["steady", "lucky"]
    by_mean = compare(report(steady), report(lucky), names=names, resamples=50)
    assert by_mean.table["name"].tolist() == ["lucky", "steady"]
    assert by_mean.table["rank_by_cases"].tolist() == [2, 1]
    by_median = compare(
        report(steady), report(lucky), names=names, resamples=50, aggregate="median"
    )
    assert by_median.table["name"].tolist() == ["steady", "lucky"]
    assert by_median.table["dice"].tolist() == [0.7, 0.69]
    assert by_median.settings["intervals"] == "percentile"


def test_seeds_repeat_and_draws_are_shared():
    values = scores(3, 15, seed=6)
    runs = [
        compare(*[report(x) for x in values], names=["a", "b", "c"], resamples=70, rng=seed)
        for seed in (1, 1, 2, np.random.default_rng(1))
    ]
    texts = [run.to_json() for run in runs]
    assert texts[0] == texts[1] == texts[3]
    assert texts[0] != texts[2]


def test_intervals_are_those_of_single_and_paired_means():
    a, b = scores(2, 18, seed=7)
    b[0, 4] = np.nan
    result = compare(report(a), report(b), names=["a", "b"], resamples=4000)
    for row in result.table_rows:
        alone = mean_interval(
            {"a": a, "b": b}[row["name"]][0], low=0.0, high=1.0, resamples=4000, rng=9
        )
        assert (row["low"], row["high"]) == pytest.approx((alone.low, alone.high), abs=4e-3)
    both = compare(report(a[:, 5:]), report(b[:, 5:]), names=["a", "b"], resamples=50)
    (row,) = both.pair_rows
    better, worse = (a, b) if row["better"] == "a" else (b, a)
    expected = stats.ttest_rel(better[0, 5:], worse[0, 5:]).confidence_interval(0.95)
    # On Fisher's scale, where a difference between -1 and 1 has no bounds.
    center = row["difference"]
    ends = np.arctanh(center) + (np.array(expected) - center) / (1.0 - center**2)
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.tanh(ends)), abs=1e-12)


def test_a_single_case_has_no_interval():
    result = compare(report([0.8]), report([0.7]), names=["a", "b"], resamples=50)
    (row,) = result.pair_rows
    assert row["difference"] == pytest.approx(0.1)
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["p"] == 1.0


def test_linear_parts_vary_like_the_mean_of_label_means():
    """With values missing at random, the interval is as wide as the draws spread."""
    rng = np.random.default_rng(8)
    values = [np.where(rng.random(x.shape) < 0.3, np.nan, x) for x in scores(2, 200, labels=3)]
    organs = ("a", "b", "c")
    result = compare(*[report(x, labels=organs) for x in values], names=["x", "y"], resamples=2000)
    drawn = result.scores.draws()
    for name, k in (("x", 0), ("y", 1)):
        row = next(row for row in result.table_rows if row["name"] == name)
        width = np.subtract(*np.quantile(drawn[k], [0.975, 0.025]))
        assert row["high"] - row["low"] == pytest.approx(width, rel=0.1)
    row = result.pair_rows[0]
    width = np.subtract(*np.quantile(drawn[0] - drawn[1], [0.975, 0.025]))
    assert row["high"] - row["low"] == pytest.approx(width, rel=0.1)


# ---------------------------------------------------------------- missing and refused input


def test_undefined_values_are_counted_and_follow_the_policy():
    a, b = np.array([0.5, np.nan, 0.9, 0.8]), np.array([0.4, 0.6, np.inf, 0.9])
    names = ["a", "b"]

    def number(**options):
        result = compare(report(a), report(b), names=names, resamples=50, **options)
        return result, result.table.set_index("name")

    left, table = number()
    assert left.settings["undefined"] == {"a": 1, "b": 1}
    assert "left out: 1 in a, 1 in b" in left.settings["notes"][0]
    assert table.loc["a", "dice"] == pytest.approx(np.mean([0.5, 0.9, 0.8]))
    assert table.loc["b", "dice"] == pytest.approx(np.mean([0.4, 0.6, 0.9]))
    assert table.loc["a", "case_rank"] == 1.5  # of the two cases that both define
    assert left.pair_rows[0]["pairs"] == 2
    assert table["defined"].tolist() == [3, 3]
    worst, table = number(missing="worst")
    assert table.loc["a", "dice"] == pytest.approx(np.mean([0.5, 0.0, 0.9, 0.8]))
    assert worst.settings["missing"] == "worst"
    assert "taken as the worst" in worst.settings["notes"][0]
    _, table = number(missing=1.0)
    assert table.loc["b", "dice"] == pytest.approx(np.mean([0.4, 0.6, 1.0, 0.9]))
    policy = {"missing": 0.25}
    result = compare(report(a, settings=policy), report(b, settings=policy), names=names)
    assert result.settings["missing"] == 0.25
    with pytest.raises(ValueError, match=r"'a' and 'b' differ in missing: 0\.25 against none"):
        compare(report(a, settings=policy), report(b), names=names)
    result = compare(report(a, settings=policy), report(b), names=names, allow="missing")
    assert result.settings["missing"] == "report"
    assert result.table.set_index("name").loc["a", "dice"] == pytest.approx(
        np.mean([0.5, 0.25, 0.9, 0.8])
    )
    with pytest.raises(ValueError, match="missing = 'best' is not a finite number"):
        number(missing="best")


def test_an_infinite_worst_value_stands_for_nothing():
    metric, names = "relative_volume_difference", ["a", "b"]
    values = [0.5, np.inf, 0.2], [0.1, 0.3, 0.4]
    with pytest.raises(ValueError, match="no value of relative_volume_difference is the worst"):
        compare(*[report(x, metric=metric) for x in values], names=names, missing="worst")
    policy = {"missing": "worst"}  # which the reports, too, leave out
    reports = [report(x, metric=metric, settings=policy) for x in values]
    result = compare(*reports, names=names, resamples=50)
    assert result.settings["missing"] == "worst"
    assert dict(zip(result.table["name"], result.table[metric], strict=True)) == pytest.approx(
        {"a": 0.35, "b": 0.8 / 3}
    )


def test_a_label_without_values_is_left_out_of_the_mean():
    values = np.array([[0.5, 0.7, 0.6], [np.nan, np.nan, np.nan]])
    other = values - 0.1
    result = compare(
        *[report(x, labels=("liver", "tumor")) for x in (values, other)],
        names=["a", "b"],
        resamples=50,
    )
    assert result.table["dice"].tolist() == pytest.approx([0.6, 0.5])
    tumor = [row for row in result.label_pair_rows if row["label"] == "tumor"]
    assert np.isnan(tumor[0]["p"])
    assert not tumor[0]["significant"]


def test_different_cases_are_named_or_left_out():
    a, b = scores(2, 6)
    short = report(b[:, :4], cases=[f"case{n:03d}" for n in range(2, 6)])
    with pytest.raises(ValueError, match=r"'b' has no rows of 2 cases .*'case000', 'case001'"):
        compare(report(a), short, names=["a", "b"])
    result = compare(report(a), short, names=["a", "b"], cases="common", resamples=50)
    assert result.settings["left_out"] == ["case000", "case001"]
    assert result.settings["items"] == 4
    assert "2 cases that only some reports have are left out" in result.settings["notes"]
    assert dict(zip(result.table["name"], result.table["dice"], strict=True)) == pytest.approx(
        {"a": a[0, 2:].mean(), "b": b[0, :4].mean()}
    )
    other = report(a, cases=[f"x{n}" for n in range(6)])
    with pytest.raises(ValueError, match="no case has a dice in all of a, b"):
        compare(report(a), other, names=["a", "b"], cases="common")


def test_signed_metrics_are_compared_by_magnitude():
    low, high = np.array([-0.3, -0.4, 0.5]), np.array([0.1, -0.2, -0.1])
    metric = "relative_volume_difference"
    result = compare(report(low, metric=metric), report(high, metric=metric), names=["low", "high"])
    assert result.table["name"].tolist() == ["high", "low"]
    assert result.table[metric].tolist() == pytest.approx([0.4 / 3, 0.4])
    assert any("its magnitude is compared" in note for note in result.settings["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "iou"}, r"report '1: report' has no metric 'iou'; it has dice"),
        ({"label": "tumor"}, r"report '1: report' has no label 'tumor'; it has liver"),
        ({"label": ()}, "give each label once"),
        ({"cases": "any"}, "cases = 'any' is neither 'same' nor 'common'"),
        ({"aggregate": "sum"}, "aggregate = 'sum' is neither"),
        ({"test": "t"}, "test = 't' is neither"),
        ({"zero_method": "drop"}, "zero_method 'drop' is not one of"),
        ({"confidence_level": 95}, "confidence_level = 95"),
        ({"resamples": 0}, "resamples = 0"),
        ({"names": ["a"]}, "must be 2 different names"),
    ],
)
def test_bad_options_are_refused(options, message):
    a, b = scores(2, 5)
    with pytest.raises(ValueError, match=message):
        compare(report(a), report(b), **options)


def test_bad_tables_are_refused():
    a, b = scores(2, 5)
    with pytest.raises(ValueError, match="have different labels: 'liver', 'spleen'"):
        compare(report(a), report(b, labels=("spleen",)), names=["a", "b"])
    with pytest.raises(ValueError, match="volume_truth is a size"):
        compare(*[report(x, metric="volume_truth") for x in (a, b)], names=["a", "b"])
    twice = ["case000", "case000", "x", "y", "z"]
    with pytest.raises(ValueError, match="'b' has two rows of dice for case 'case000'"):
        compare(report(a), report(b, cases=twice), names=["a", "b"])


def test_no_test_leaves_its_columns_out():
    a, b = scores(2, 5)
    result = compare(report(a), report(b), names=["a", "b"], test=None, resamples=50)
    assert "p" not in result.pairs.columns
    assert result.settings["test"] is None
    with pytest.raises(ValueError, match="no test was made"):
        result.beats()


def test_json_has_everything(tmp_path):
    values = scores(3, 8, labels=2)
    values[0][0, 0] = np.nan
    result = compare(
        *[report(x, labels=("liver", "spleen")) for x in values], names=list("abc"), resamples=50
    )
    path = tmp_path / "cmp.json"
    assert result.to_json(path) == path.read_text()
    stored = json.loads(path.read_text())
    assert list(stored) == [
        "settings", "table", "pairs", "labels", "label_pairs", "stability", "agreement",
    ]  # fmt: skip
    assert len(stored["stability"]) == 2 * 3 * 3
    assert stored["table"][0]["rank"] == 1
    assert stored["settings"]["correction"].startswith("Holm")


def test_reports_without_a_source_have_numbered_names():
    both = [report(values) for values in ([[0.8, 0.9]], [[0.6, 0.7]])]
    shown = compare(*both, resamples=50).sections()[0]
    assert [row[0] for row in shown.rows] == ["1: report", "2: report"]
