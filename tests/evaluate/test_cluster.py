"""Evaluations on a cluster of three worker processes, and runs that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import overlap as ov
from overlap import evaluate
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.runner import engine, run
from overlap.io import sample_path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def squares():
    """Class of a task that workers can import too: they get the path of this process."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    from cluster_task import Squares

    yield Squares
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def address(squares):
    from dask.distributed import LocalCluster

    options = {"n_workers": 3, "threads_per_worker": 1, "processes": True}
    with LocalCluster(**options, dashboard_address=None, memory_limit="900MiB") as cluster:
        yield cluster.scheduler_address


def sides(name):
    return {role: sample_path(f"{name}_{role}") for role in ("truth", "found")}


def players_and_ball():
    import pandas as pd

    rng = np.random.default_rng(0)
    frames = pd.DataFrame({"frame": np.tile(np.arange(60), 6), "video": np.repeat(range(6), 60)})
    left = rng.uniform(0, 8, (2, len(frames)))
    box = {"y0": 0.0, "y1": 2.0}
    players = [frames.assign(track=k, x0=left[k], x1=left[k] + 4.0, **box) for k in range(2)]
    ball = frames.assign(x0=rng.uniform(0, 9, len(frames)), **box)
    truth = pd.DataFrame({"video": range(6), "track": 0, "start": 0.5, "stop": 2.0})
    ball = ball.assign(x1=ball.x0 + 1.0)
    return {"players": pd.concat(players), "ball": ball, "truth": truth, "fps": 10}


def angles_and_library():
    angle = np.radians(np.arange(-179.0, 180.0, 2.0))
    ranks = (2.0 + np.cos(angle - 1.0)[:, None] + np.cos(angle + 0.5)) / 4.0
    return {
        "found": sample_path("angles_found"), "truth": ov.PeriodicGrid(ranks**4, quantity="rank")
    }  # fmt: skip


#: Every evaluator: its function and small inputs.
EVALUATORS = {
    "temporal": lambda: (evaluate.temporal, sides("temporal")),
    "segmentation": lambda: (evaluate.segmentation, sides("volumes")),
    "conformation": lambda: (evaluate.conformation, {**sides("angles"), "tolerance": None}),
    "ramachandran": lambda: (evaluate.ramachandran, angles_and_library()),
    "possession": lambda: (evaluate.possession, players_and_ball()),
}


@pytest.mark.parametrize("name", EVALUATORS)
def test_reports_of_a_cluster_are_those_of_one_process(name, address):
    function, inputs = EVALUATORS[name]()
    alone = function(**inputs, bootstrap=50)
    with engine("dask", address):
        spread = function(**inputs, bootstrap=50, workers=3)
    assert spread.to_json() == alone.to_json()


def test_a_worker_that_is_killed_loses_nothing(address, squares, tmp_path):
    numbers = {"numbers": range(40)}
    plain = run(squares(), numbers, bootstrap=Bootstrap(50))
    with engine("dask", address):
        report = run(squares(str(tmp_path / "died")), numbers, bootstrap=Bootstrap(50), workers=3)
    assert (tmp_path / "died").exists()
    assert report.to_json() == plain.to_json()


SCRIPT = """
import sys
from overlap.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_runs_that_are_killed_continue_with_the_same_report(tmp_path):
    rng = np.random.default_rng(3)
    for role in ("truth", "found"):
        (tmp_path / role).mkdir()
        for k in range(30):
            np.save(tmp_path / role / f"case_{k}.npy", rng.integers(0, 4, (24, 24, 24)))
    words = ["segmentation", tmp_path / "truth", tmp_path / "found", "--workers", "2", "--quiet"]
    words += ["--metrics", "dice,hd95"]
    command = [sys.executable, "-c", SCRIPT, *map(str, words)]
    subprocess.run([*command, "--out", str(tmp_path / "plain.json")], check=True)
    kept = tmp_path / "kept"
    for goal in (3, 9, 17):
        process = subprocess.Popen([*command, "--resume", str(kept)], start_new_session=True)
        while process.poll() is None and len(list(kept.glob("*.part"))) < goal:
            time.sleep(float(rng.uniform(0.001, 0.02)))
        assert process.poll() is None, "it was done before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(
        [*command, "--resume", str(kept), "--out", str(tmp_path / "again.json")], check=True
    )
    texts = [(tmp_path / f"{name}.json").read_text() for name in ("plain", "again")]
    lines = [[x for x in text.splitlines() if "by an earlier run" not in x] for text in texts]
    assert [x.strip(" ,") for x in lines[0]] == [x.strip(" ,") for x in lines[1]]


def test_memory_of_a_worker_does_not_grow_with_items(address, squares):
    from dask.distributed import Client

    def largest(client):
        import resource

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        return max(client.run(peak).values()) / 1024

    sizes = []
    with Client(address) as client:
        for count in (300, 3000):
            with engine("dask", address):
                run(squares(), {"numbers": range(count)}, workers=3)
            sizes.append(largest(client))
    assert sizes[1] < sizes[0] + 60  # MiB
