"""A page of every type, of the samples and of small inputs; some with awkward content."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from golden import simulated

import overlap as ov
from overlap import evaluate
from overlap.io import sample_path

#: Names that a page must show as they are, and wrap where they are long.
NAMES = (
    "<b id='injected'>bold</b><img src='x' onerror='alert(1)'>",
    "</script></style></title><script>alert(1)</script>",
    "a" * 200,
    "a name of many words " * 10,
    "左心室心筋" * 40,
    "البطين الأيسر للقلب",
    "שלום עולם",
    "{{ 7 * 7 }} & \"quotes\" 'single' \\ %s",
)


def sample(field: str, *roles: str) -> dict[str, Path]:
    return {role: sample_path(f"{field}_{role}") for role in roles or ("truth", "found")}


def temporal(**options: Any) -> Any:
    return evaluate.temporal(**{**sample("temporal"), "iou": "0.5:0.95:0.05", **options})


def diagnosed(report: Any) -> Any:
    return report.with_diagnosis(report.diagnosis())


def temporal_names() -> Any:
    """200 classes and 40 videos, some with awkward names."""
    rng = np.random.default_rng(0)
    classes = [*NAMES, *(f"class {k}" for k in range(200 - len(NAMES)))]
    videos = [*NAMES, *(f"video {k}" for k in range(40 - len(NAMES)))]
    start = rng.integers(0, 100, 400) / 4
    truth = pd.DataFrame(
        {"video": rng.choice(videos, 400), "label": np.resize(classes, 400), "start": start,
         "stop": start + 3}
    )  # fmt: skip
    found = truth.assign(start=start + rng.integers(-4, 4, 400) / 4, score=rng.random(400))
    found.loc[:9, "video"] = [f"{name} of no truth" for name in np.resize(NAMES, 10)]
    return temporal(truth=truth, found=found, iou=[0.5, 0.75], bootstrap=50)


def temporal_nothing() -> Any:
    """No prediction at all."""
    columns = {"video": str, "label": str, "start": float, "stop": float, "score": float}
    return temporal(found=pd.DataFrame(columns=list(columns)).astype(columns), iou=0.5)


def detection(classes: list[str], **options: Any) -> Any:
    """Boxes on a grid in 30 images, found a little off."""
    rng = np.random.default_rng(0)
    corner, side = rng.integers(0, 8, (200, 2)) * 40.0, rng.integers(10, 120, (200, 2))
    images, labels = rng.integers(0, 30, 200), np.resize(classes, 200)
    names = [(*NAMES, *(f"image {k}" for k in range(30)))[k] for k in images]
    shift = rng.integers(-4, 5, (200, 2))
    truth, found = (
        ov.Boxes(np.concatenate([low, low + side], axis=1)) for low in (corner, corner + shift)
    )
    return evaluate.detection(
        truth=evaluate.Detections.of(names, labels, truth),
        found=evaluate.Detections.of(names, labels, found, rng.random(200)), **options,
    )  # fmt: skip


METRICS = ("dice", "volume_difference", "hd95", "nsd@2mm", "pq")


def segmentation(folder: Path) -> Any:
    """The sample, a case that cannot be read, and one that nobody found, in strata."""
    inputs = {}
    for role, path in sample("volumes").items():
        inputs[role] = Path(shutil.copytree(path, folder / role))
        for case in ("case_3", "case_4"):
            shutil.copy(inputs[role] / "case_1.mha", inputs[role] / f"{case}.mha")
    (inputs["found"] / "case_3.mha").write_bytes(b"ObjectType = Image\n")
    (inputs["found"] / "case_4.mha").unlink()
    strata = folder / "strata.csv"
    strata.write_text("case,site\ncase_1,north\ncase_2,south\ncase_3,north\ncase_4,south\n")
    return evaluate.segmentation(
        **inputs, labels="1=organ,2=lesion,3=vessel", metrics=list(METRICS), strata=strata,
        bootstrap=50,
    )  # fmt: skip


def volumes(share: float, cases: list[str]) -> dict[str, np.ndarray]:
    """Small volumes of which a share of the voxels is drawn anew."""
    result = {}
    for k, case in enumerate(cases):
        rng = np.random.default_rng(k)
        array = rng.integers(0, 3, (4, 5, 6))
        drawn = rng.random(array.shape) < share
        result[case] = np.where(drawn, rng.integers(0, 3, array.shape), array)
    return result


def segmentation_names() -> Any:
    """Awkward names of labels and cases, and 300 failures."""
    cases = [*NAMES, *(f"case {k}" for k in range(300))]
    truth, found = volumes(0.0, cases), volumes(0.2, cases)
    for case in cases[4:]:
        found[case] = found[case][:2]
    labels = dict(zip(NAMES[:3], ([1], [2], [1, 2]), strict=True))
    return evaluate.segmentation(truth=truth, found=found, labels=labels, metrics=["dice", "iou"])


def library() -> dict[str, Any]:
    at = np.arange(-175, 180, 10)
    ranks = (((at[:, None] + at) % 360) + 1.0) / 361.0
    names = ("general", "glycine", "cispro", "transpro", "prepro", "ileval")
    return {name: ov.PeriodicGrid(ranks, quantity="rank") for name in names}


def ramachandran(found: Path) -> Any:
    return evaluate.ramachandran(
        found=found, truth=library(), favored=0.3, allowed=0.1, resample="residue", bootstrap=50
    )


def ramachandran_names(folder: Path) -> Any:
    """A structure whose file has a long name in another script."""
    path = folder / f"{NAMES[4][:60]} & <b>bold<_b>.pdb"
    shutil.copy(sample_path("peptide"), path)
    return ramachandran(path)


def possession() -> Any:
    return evaluate.possession(
        **sample("possession", "players", "ball", "truth"), fps=10, iou=[0.25, 0.5], bootstrap=50
    )


def possession_names() -> Any:
    """Awkward names of videos."""
    rows = {
        role: pd.read_csv(path)
        for role, path in sample("possession", "players", "ball", "truth").items()
    }
    videos = list(rows["players"].iloc[:, 0].unique())
    names = dict(zip(videos, NAMES, strict=False))
    for table in rows.values():
        table[table.columns[0]] = table.iloc[:, 0].map(lambda name: names.get(name, name))
    return evaluate.possession(**rows, fps=10)


def compared_temporal(names: tuple[str, str]) -> Any:
    row = {"video": "sample_001", "label": "Diving", "start": 0.0, "stop": 9.0, "score": 1.0}
    kept = pd.DataFrame([row])
    reports = [temporal(iou=[0.5, 0.75]), temporal(iou=[0.5, 0.75], found=kept)]
    return evaluate.compare(*reports, names=list(names), resamples=50)


def compared_segmentation() -> Any:
    cases = [*NAMES, *(f"case {k}" for k in range(12))]
    reports = [
        evaluate.segmentation(
            truth=volumes(0.0, cases), found=volumes(share, cases), metrics=["dice", "iou"]
        )
        for share in (0.1, 0.2, 0.5)
    ]
    return evaluate.compare(*reports, names=["small", "middle", "large"], resamples=50)


def explained() -> Any:
    return evaluate.explain(temporal(), temporal(protocol="thumos14"))


#: How the report of each page is made, in an empty folder.
PAGES: dict[str, Callable[[Path], Any]] = {
    "temporal": lambda _: temporal(protocol="activitynet", bootstrap=50),
    "temporal_all": lambda _: temporal(protocol="all"),
    "temporal_names": lambda _: temporal_names(),
    "temporal_nothing": lambda _: temporal_nothing(),
    "temporal_diagnosis": lambda _: diagnosed(temporal(iou=0.5)),
    "temporal_sounds": lambda _: simulated.sounds("sed_event", bootstrap=50),
    "temporal_speakers": lambda _: simulated.speakers("diarization", bootstrap=50),
    "temporal_spotting": lambda _: simulated.spotting("spotting_loose", bootstrap=50),
    "temporal_tubes": lambda _: simulated.tubes("tubes_video_map", bootstrap=50),
    "temporal_frames": lambda _: simulated.frames(),
    "temporal_highlights": lambda _: simulated.highlights(),
    "detection": lambda _: detection(["cat", "dog"], bootstrap=50),
    "detection_names": lambda _: detection([*NAMES, "class"], iou=[0.5, 0.75]),
    "segmentation": segmentation,
    "segmentation_names": lambda _: segmentation_names(),
    "ramachandran": lambda _: ramachandran(sample_path("peptide")),
    "ramachandran_names": ramachandran_names,
    "conformation": lambda _: evaluate.conformation(**sample("angles"), bootstrap=50),
    "possession": lambda _: possession(),
    "possession_names": lambda _: possession_names(),
    "compare_temporal": lambda _: compared_temporal(("method", "other method")),
    "compare_names": lambda _: compared_temporal(NAMES[2:4]),
    "compare_segmentation": lambda _: compared_segmentation(),
    "explain": lambda _: explained(),
}
