"""How the kept reports are made: the samples of the package, and the reference data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import overlap as ov
from overlap import evaluate
from overlap.io import sample_path

from . import simulated

FOLDER = Path(__file__).parent / "kept"
#: Reports whose densities are sums of exponentials, which differ in the last digit between
#: processors; all others are compared to the last digit.
ROUNDED = ("conformation",)

Make = Callable[[Path], Any]


# ---------------------------------------------------------------------------- sample data


def temporal(**options: Any) -> Any:
    files = {role: sample_path(f"temporal_{role}") for role in ("truth", "found")}
    return evaluate.temporal(**{**files, "iou": [0.5, 0.75], **options})


def half_of_the_predictions(folder: Path) -> Path:
    """A file with every other prediction of the sample."""
    content = json.loads(sample_path("temporal_found").read_text())
    results = {video: rows[::2] for video, rows in content["results"].items()}
    path = folder / "half.json"
    path.write_text(json.dumps({**content, "results": results}))
    return path


def segmentation(**options: Any) -> Any:
    return evaluate.segmentation(
        **{role: sample_path(f"volumes_{role}") for role in ("truth", "found")},
        labels="1=organ,2=lesion,3=vessel",
        metrics=["dice", "volume_difference", "hd95", "nsd@2mm", "pq", "lesion_f1"],
        **options,
    )


def of_arrays(seed: int, share: float) -> Any:
    """Nine small volumes of which a share of the voxels is drawn anew."""
    rng = np.random.default_rng(seed)
    truth = {f"case {k}": rng.integers(0, 3, (4, 5, 6)) for k in range(9)}
    rng = np.random.default_rng([seed, round(100 * share)])
    found = {
        case: np.where(rng.random(array.shape) < share, rng.integers(0, 3, array.shape), array)
        for case, array in truth.items()
    }
    labels = {"first": [1], "second": [2]}
    return evaluate.segmentation(truth=truth, found=found, labels=labels, metrics=["dice", "iou"])


def conformation() -> Any:
    files = {role: sample_path(f"angles_{role}") for role in ("truth", "found")}
    return evaluate.conformation(**files, bootstrap=50)


def ramachandran() -> Any:
    at = np.arange(-175, 180, 10)
    ranks = (((at[:, None] + at) % 360) + 1.0) / 361.0
    names = ("general", "glycine", "cispro", "transpro", "prepro", "ileval")
    library = {name: ov.PeriodicGrid(ranks, quantity="rank") for name in names}
    found = sample_path("peptide")
    return evaluate.ramachandran(
        found=found, truth=library, favored=0.3, allowed=0.1, resample="residue", bootstrap=50
    )


def possession(**options: Any) -> Any:
    """Six matches of a ball and players on a line of quarters, seen now and then."""
    rng = np.random.default_rng(11)
    players, balls, truth = [], [], []
    for match in "abcdef":
        for track in (7, 9, 10):
            frame = np.flatnonzero(rng.random(40) < 0.85)
            x = rng.integers(-3, 4, len(frame)) / 4
            seen = {"video": match, "frame": frame, "track": track, "x": x, "y": 0, "w": 1, "h": 1}
            players.append(pd.DataFrame(seen))
            truth += [(match, track, k / 10, k / 10 + 0.4) for k in rng.integers(0, 36, 3)]
        frame = np.flatnonzero(rng.random(40) < 0.85)
        balls.append(
            pd.DataFrame({"video": match, "frame": frame, "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0})
        )
    return evaluate.possession(
        players=pd.concat(players), ball=pd.concat(balls), fps=10,
        truth=pd.DataFrame(truth, columns=["video", "track", "start", "stop"]),
        release=0.25, hold=0.2, max_gap=0.1, min_duration=0.2, iou=[0.25, 0.5], bootstrap=50,
        **options,
    )  # fmt: skip


def compared_temporal(folder: Path) -> Any:
    reports = [temporal(), temporal(found=half_of_the_predictions(folder))]
    return evaluate.compare(*reports, names=["whole", "half"], resamples=100)


def compared_segmentation(_: Path) -> Any:
    reports = [of_arrays(0, share) for share in (0.1, 0.12, 0.5)]
    return evaluate.compare(*reports, names=["a", "b", "c"], resamples=100)


SPOTTING = ("spotting_tight", "spotting_loose")
SPEAKERS = ("diarization", "diarization_md_eval", "diarization_dscore")
TUBES = ("tubes_video_map", "tubes_frame_map", "tubes_ucf", "tubes_gurkirt")

#: A report, comparison or explanation by name, made in an empty folder.
SAMPLES: dict[str, Make] = {
    **{
        f"temporal_{name}": lambda _, name=name: temporal(protocol=name)
        for name in evaluate.PROTOCOLS
    },
    **{
        f"temporal_ties_{ties}": lambda _, ties=ties: temporal(ties=ties)
        for ties in ("stable", "expected")
    },
    "temporal_bootstrap": lambda _: temporal(bootstrap=50),
    "temporal_diagnosis": lambda _: temporal().diagnosis(),
    "frames": lambda _: simulated.frames(bootstrap=50),
    **{
        f"sounds_{name}": lambda _, name=name: simulated.sounds(name)
        for name in ("sed_segment", "sed_event")
    },
    "sounds_psds": lambda _: simulated.sounds(
        "psds2", durations=dict.fromkeys("abcdef", 60.0), overlapping="sum", bootstrap=50
    ),
    **{name: lambda _, name=name: simulated.spotting(name) for name in SPOTTING},
    "spotting_e2e": lambda _: simulated.spotting("spotting_e2e", fps=4),
    **{name: lambda _, name=name: simulated.speakers(name) for name in SPEAKERS},
    **{name: lambda _, name=name: simulated.tubes(name) for name in TUBES},
    **{
        f"detection_{name}": lambda _, name=name: simulated.detection(name)
        for name in ("coco", "voc2007", "voc2012", "f1")
    },
    "detection_bootstrap": lambda _: simulated.detection("coco", bootstrap=50),
    "temporal_proposals": lambda _: temporal(protocol="proposals", points=5, tie_rule="file"),
    "temporal_recall_kx": lambda _: temporal(protocol="recall_kx", tie_rule="file"),
    "temporal_segments_f1": lambda _: temporal(protocol="segments_f1", matching="maximum"),
    "temporal_moment_retrieval": lambda _: temporal(protocol="moment_retrieval"),
    "temporal_qvhighlights": lambda _: simulated.highlights(),
    "segmentation": lambda _: segmentation(),
    "segmentation_worst": lambda _: segmentation(missing="worst", bootstrap=50),
    "conformation": lambda _: conformation(),
    "ramachandran": lambda _: ramachandran(),
    "possession_all": lambda _: possession(simultaneous="all"),
    "possession_best": lambda _: possession(simultaneous="best"),
    "compare_temporal": compared_temporal,
    "compare_segmentation": compared_segmentation,
    "explain": lambda _: evaluate.explain(temporal(), temporal(protocol="thumos14")),
}


# -------------------------------------------------------------------------- reference data


def thumos(data: Path, **options: Any) -> Any:
    folder = data / "temporal" / "thumos14"
    return evaluate.temporal(
        truth=folder / "gt_test210.json.gz", found=folder / "stpn_results.json.gz",
        iou="0.1:0.9:0.1", **options,
    )  # fmt: skip


def marked(data: Path) -> Path:
    return data / "temporal" / "thumos14" / "test_Annotation_with_ambiguous.csv.gz"


def spine(data: Path, kind: str, **options: Any) -> Any:
    folder = data / "masks" / "panoptica_spine" / kind
    return evaluate.segmentation(
        truth=folder / "ref.nii.gz", found=folder / "pred.nii.gz", **options
    )


def cis_prolines(data: Path, **options: Any) -> Any:
    return evaluate.conformation(
        found=data / "rama" / "points" / "cispro_phi_psi.csv.gz",
        truth=data / "rama" / "top8000" / "rama8000-cispro.data.gz", category="cis-Pro", **options,
    )  # fmt: skip


#: A report by name, of whose numbers only the summary is kept.
REFERENCE: dict[str, Make] = {
    **{
        f"temporal {name}": lambda data, name=name: thumos(data, protocol=name)
        for name in evaluate.PROTOCOLS
    },
    "temporal thumos14 ambiguous": lambda data: thumos(
        data, protocol="thumos14", ambiguous=marked(data)
    ),
    "temporal bootstrap": lambda data: thumos(data, bootstrap=100),
    "segmentation overlap": lambda data: spine(
        data, "semantic", metrics=["dice", "iou", "volume_difference"]
    ),
    "segmentation surfaces": lambda data: spine(
        data, "semantic", metrics=["hd95", "assd", "nsd@2mm", "biou"]
    ),
    "segmentation objects": lambda data: spine(
        data, "unmatched_instance", metrics=["pq", "sq", "rq", "dice"], instances="labels"
    ),
    "conformation": lambda data: cis_prolines(data, levels="favored", bootstrap=50, tolerance=None),
    "ramachandran": lambda data: evaluate.ramachandran(
        found=data / "rama" / "structures", truth=data / "rama" / "top8000", bootstrap=100
    ),
}  # fmt: skip


# ----------------------------------------------------------------------- keeping, comparing


def sample_report(make: Make, folder: Path) -> Any:
    """The plain data of a report, without versions and the places of files."""
    made = make(folder)
    content = made.to_dict() if hasattr(made, "to_dict") else list(made.step_rows)
    return json.loads(json.dumps(settled(content)))


def reference_summary(make: Make, data: Path) -> Any:
    return make(data).to_dict()["summary"]


def settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: settled(entry) for key, entry in value.items() if not key.startswith("version")
        }
    if isinstance(value, (list, tuple)):
        return [settled(entry) for entry in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return Path(value).name
    return value


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def differences(kept: Any, made: Any, *, rounded: bool = False, path: str = "") -> Iterator[str]:
    """What is not as it was: its path, what was kept and what came."""
    if isinstance(kept, dict) and isinstance(made, dict):
        for key in {**kept, **made}:
            there = f"{path}.{key}" if path else str(key)
            if key in kept and key in made:
                yield from differences(kept[key], made[key], rounded=rounded, path=there)
            else:
                yield f"{there} is {'missing' if key in kept else 'new'}"
    elif isinstance(kept, list) and isinstance(made, list) and len(kept) == len(made):
        for k, pair in enumerate(zip(kept, made, strict=True)):
            yield from differences(*pair, rounded=rounded, path=f"{path}[{k}]")
    elif rounded and isinstance(kept, float) and isinstance(made, float):
        if not math.isclose(kept, made, rel_tol=1e-11, abs_tol=1e-12):
            yield f"{path}: {kept!r} -> {made!r}"
    elif type(kept) is not type(made) or kept != made:
        yield f"{path}: {kept!r} -> {made!r}"
