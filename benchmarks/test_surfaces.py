"""Surface distances, each peer in its own convention."""

from __future__ import annotations

import numpy as np

import overlap as ov
from benchmarks import surface_peers, volumes
from benchmarks.workload import Case, Workload

SPACING = (0.8, 0.8, 2.0)


def _agree(ours, theirs) -> None:
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-9)


def _agree_single(ours, theirs) -> None:
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-4)


def _pair(count, far):
    return surface_peers.organ_pair((count(256), count(256), count(128)), far)


def _monai(count, far=False) -> Case:
    found, truth = _pair(count, far)

    def ours():
        one = ov.surface_distances(found, truth, spacing=SPACING, preset="monai")[1]
        return [[one.hd95, one.assd, one.nsd(1.0)]]

    return Case(
        ours, {"MONAI": lambda: surface_peers.monai(found, truth, 1, SPACING)}, _agree_single
    )


def _deepmind(count, far=False) -> Case:
    found, truth = _pair(count, far)

    def ours():
        one = ov.surface_distances(found, truth, spacing=SPACING, preset="surface-distance")[1]
        return [one.hd95, one.one_sided("truth"), one.one_sided("found"), one.nsd(1.0)]

    return Case(
        ours,
        {"surface-distance": lambda: surface_peers.deepmind(found, truth, SPACING)},
        _agree,
    )


def _medpy(count) -> Case:
    found, truth = _pair(count, False)

    def ours():
        one = ov.surface_distances(found, truth, spacing=SPACING, preset="medpy")[1]
        return [one.hd95, one.assd]

    return Case(ours, {"medpy": lambda: surface_peers.medpy(found, truth, SPACING)}, _agree)


def _labels(count) -> Case:
    labels, spacing = 4, (0.7, 0.365, 0.365)
    found, truth = volumes.organs(count(160), count(384), labels, 0)

    def ours():
        distances = ov.surface_distances(
            found, truth, spacing=spacing, labels=range(1, labels + 1), preset="monai"
        )
        return [[one.hd95, one.assd, one.nsd(1.0)] for one in distances.values()]

    return Case(
        ours, {"MONAI": lambda: surface_peers.monai(found, truth, labels, spacing)}, _agree_single
    )


WORKLOADS = [
    Workload("HD95, ASSD, NSD of 256 x 256 x 128 voxels, near, as MONAI", _monai, 15.0),
    Workload("the same, far apart, as MONAI", lambda count: _monai(count, True), 5.0),
    Workload("HD95, ASD, NSD of 256 x 256 x 128 voxels, near, as surface-distance",
             _deepmind, 15.0),
    Workload("the same, far apart, as surface-distance", lambda count: _deepmind(count, True), 5.0),
    Workload("HD95, ASSD of 256 x 256 x 128 voxels, near, as medpy", _medpy),
    Workload("HD95, ASSD, NSD of 4 labels in 384 x 384 x 160 voxels, as MONAI", _labels, 5.0),
]  # fmt: skip


def test_speed(run):
    assert run is not None
