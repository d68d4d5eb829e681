"""A new evaluator: words as finite sets of letters, by mean Dice and average precision."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import cloudpickle
import numpy as np
import pytest

import overlap as ov
from overlap.evaluate import Study, compare
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Number
from overlap.evaluate.runner import run
from overlap.evaluate.task import Description, Inputs, Task, resampled
from overlap.evaluate.value_range import UNIT


# ------------------------------------------------------------------------- the evaluator
@dataclass(frozen=True)
class Part:
    truth: str
    dice: float
    confidence: float


@dataclass(frozen=True)
class Evidence:
    parts: Mapping[str, Part]
    at_least: float

    @property
    def items(self):
        return tuple(self.parts)

    def statistics(self, weights):
        dice = np.array([part.dice for part in self.parts.values()])
        best = np.argsort([-part.confidence for part in self.parts.values()], kind="stable")
        hits = weights[:, best] * (dice[best] >= self.at_least)
        precision = hits.cumsum(axis=1) / np.maximum(weights[:, best].cumsum(axis=1), 1.0)
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        total = weights.sum(axis=1)
        return {"dice": weights @ dice / total, "AP": (hits * precision).sum(axis=1) / total}

    def numbers(self):
        values = self.statistics(np.ones((1, len(self.parts))))
        return [Number(x, float(v[0]), range=UNIT, better="higher") for x, v in values.items()]

    def intervals(self, numbers, bootstrap):
        return resampled(self, numbers, bootstrap, "words")

    def rows(self, intervals):
        return [{"word": key, "dice": part.dice} for key, part in self.parts.items()]

    def columns(self):
        return {"word": list(self.parts), "dice": [part.dice for part in self.parts.values()]}


@dataclass(frozen=True)
class Words(Task):
    at_least: float = 0.5
    name, unit, records = "words", "words", (Part,)

    def items(self, pieces, truth, found):
        return Inputs({word: (word, *found[word]) for word in truth})

    def measure(self, key, item):
        sets = ov.FiniteSets.from_lists(map(list, item[:2]))
        return Part(item[0], float(ov.dice(sets[1:], sets[:1])[0]), item[2])

    def finish(self, parts, about):
        return Evidence(parts, self.at_least)

    def holds(self, key, part, item):
        return part.truth == item[0]

    def describe(self, evidence, numbers, bootstrap):
        truth = {"truth": sorted(evidence.items)}
        return Description(self.rules(), Contract("words", {**self.rules(), **truth}))


# ----------------------------------------------------------------------------- its tests
# Workers cannot import a module of tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
TRUTH = ["overlap", "union", "hull", "gap", "torus", "mask", "label"]
FOUND = {word: (word[1:] + "z", 1.0 / (k + 1)) for k, word in enumerate(TRUTH)}


@pytest.fixture
def inputs():
    return {"truth": TRUTH, "found": FOUND}


def test_numbers(inputs):
    report = run(Words(), inputs)
    letters = [(set(word), set(FOUND[word][0])) for word in TRUTH]
    dice = [2 * len(a & b) / (len(a) + len(b)) for a, b in letters]
    assert report.summary["dice"] == pytest.approx(np.mean(dice), abs=1e-15)
    assert report.summary["AP"] == 1.0
    assert "7 words were scored" in report.methods()


def test_workers_and_bootstrap(inputs):
    one = run(Words(), inputs, bootstrap=Bootstrap(60))
    two = run(Words(), inputs, bootstrap=Bootstrap(60), workers=2)
    assert one.to_json() == two.to_json()
    assert one.summary["dice low"] < one.summary["dice"] < one.summary["dice high"] <= 1.0
    assert one.settings["bootstrap"]["resamples"] == 60


def test_resume(inputs, tmp_path):
    plain = run(Words(), inputs)
    run(Words(), {**inputs, "truth": TRUTH[:3]}, resume=tmp_path)
    report = run(Words(), inputs, resume=tmp_path, workers=2)
    assert report.summary_items() == plain.summary_items()
    assert report.settings["notes"] == ["3 words were measured by an earlier run"]
    other = run(Words(0.9), inputs, resume=tmp_path)
    assert other.settings["notes"] == [
        "7 words of the earlier run have changed since and were measured again (first: gap)"
    ]


def test_files_and_comparison(inputs, tmp_path):
    report = run(Words(), inputs, bootstrap=Bootstrap(60))
    content = json.loads(report.to_json(tmp_path / "r.json"))
    assert content["summary"] == dict(report.summary_items())
    assert "data:image/svg+xml" in report.to_html()
    assert report.to_csv().startswith("word,dice\n")
    assert report.influence("dice")["item"].nunique() == 7
    better = run(Words(), {**inputs, "found": {word: (word, 1.0) for word in TRUTH}})
    ranked = compare(report, better, names=["one", "two"], metric="dice", resamples=60)
    assert "two" in str(ranked)
    with pytest.raises(ValueError, match="differ in at_least"):
        compare(report, run(Words(0.9), inputs), metric="dice", resamples=60)


def test_study_of_any_shards_and_order(inputs):
    items = Words().items(1, **inputs).items
    plain = run(Words(), inputs, bootstrap=Bootstrap(60)).to_json()
    rng = np.random.default_rng(0)
    for _ in range(5):
        shards = [Study(Words(), Bootstrap(60)) for _ in range(3)]
        for key in rng.permutation(TRUTH):
            shards[rng.integers(3)].update_all({str(key): items[str(key)]})
        first, second, third = shards
        assert first.merge(second).from_bytes(third.to_bytes()).compute().to_json() == plain
    assert len(first.reset()) == 0
