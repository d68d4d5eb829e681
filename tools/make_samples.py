"""Make the sample data that the package ships: ``python tools/make_samples.py [FOLDER]``.

Synthetic truth and predictions in the ActivityNet format, from a fixed seed. They have what
real files have: classes of unequal size, actions that overlap, one annotated twice, one of
zero length, a video without actions, tied confidences, duplicated and low-ranked noise
predictions, class confusion, and predictions for a video that the truth does not know.

And two pairs of label volumes, MetaImage files that are read without further packages: an
organ (1) with lesions (2) and a vessel (3). In the first case a lesion is missed and one is
found where there is none; in the second there is no lesion at all, and the vessel is missed.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

SEED = 20260101
CLASSES = {
    "Archery": 0.10,
    "Canoeing": 0.15,
    "Diving": 0.20,
    "Fencing": 0.10,
    "HighJump": 0.15,
    "Juggling": 0.08,
    "PoleVault": 0.12,
    "Surfing": 0.10,
}
VIDEOS = 40
FOLDER = Path(__file__).resolve().parent.parent / "overlap" / "samples"


def choose(rng: random.Random) -> str:
    """Draw a class."""
    return rng.choices(list(CLASSES), weights=list(CLASSES.values()))[0]


def make_truth(rng: random.Random) -> dict:
    """Annotate the videos."""
    database = {}
    for number in range(VIDEOS):
        duration = round(rng.uniform(40.0, 240.0), 2)
        main = choose(rng)
        annotations = []
        clock = rng.uniform(0.0, 15.0)
        while clock < duration - 5.0 and number != 17:
            length = min(rng.lognormvariate(1.8, 0.7), duration - clock)
            label = main if rng.random() < 0.85 else choose(rng)
            segment = [round(clock, 2), round(clock + length, 2)]
            annotations.append({"segment": segment, "label": label})
            # one action in twelve starts before the last one has ended
            pause = -0.4 * length if rng.random() < 1 / 12 else rng.expovariate(1 / 18.0)
            clock += length + pause
        database[f"sample_{number:03d}"] = {
            "subset": "validation" if number < 30 else "training",
            "duration": duration,
            "annotations": annotations,
        }
    first = database["sample_000"]["annotations"]
    first.append(dict(first[0]))  # annotated twice
    third = database["sample_003"]["annotations"]
    third.append({"segment": [0.0, 0.0], "label": third[0]["label"]})  # of zero length
    return {"version": "overlap sample 1", "database": database}


def make_found(rng: random.Random, truth: dict) -> dict:
    """Predict what an imperfect detector would."""
    results = {}
    for video, entry in truth["database"].items():
        duration = entry["duration"]
        found = []
        for annotation in entry["annotations"]:
            start, stop = annotation["segment"]
            length = stop - start
            for attempt in range(rng.choice((0, 1, 1, 1, 1, 2, 2, 3))):
                spread = (0.18 + 0.15 * attempt) * length
                s, e = sorted((rng.gauss(start, spread), rng.gauss(stop, spread)))
                label = annotation["label"] if rng.random() < 0.92 else choose(rng)
                score = min(max(rng.gauss(0.72 - 0.15 * attempt, 0.17), 0.01), 0.99)
                found.append((label, score, s, e))
        for _ in range(rng.randrange(6)):
            s = rng.uniform(0.0, duration)
            found.append((choose(rng), rng.betavariate(1.4, 5.0), s, s + rng.uniform(1.0, 20.0)))
        if not found:
            continue
        # three decimals: a few confidences are tied, as in many published result files
        results[video] = [
            {
                "label": label,
                "score": round(score, 3),
                "segment": [round(max(s, 0.0), 2), round(max(min(e, duration), s, 0.0), 2)],
            }
            for label, score, s, e in sorted(found, key=lambda row: -row[1])
        ]
    results["sample_unknown"] = [{"label": "Diving", "score": 0.5, "segment": [3.0, 9.0]}]
    return {"version": "overlap sample 1", "results": results, "external_data": {}}


def encode(payload: dict) -> bytes:
    """Write as plain JSON: compressed bytes would depend on the version of zlib."""
    return (json.dumps(payload, separators=(",", ":")) + "\n").encode()


SHAPE = (24, 20, 12)
SPACING = (1.5, 1.5, 3.0)
# label, center and radii in voxels; later ones are painted over earlier ones
BALLS = {
    ("truth", "case_1"): [
        (1, (11.0, 9.5, 5.5), (9.0, 7.5, 4.5)),
        (2, (8.0, 8.0, 5.0), (2.6, 2.6, 1.6)),
        (2, (15.0, 11.0, 7.0), (1.5, 1.5, 1.0)),
        (3, (12.0, 14.0, 5.5), (1.5, 1.5, 5.5)),
    ],
    ("found", "case_1"): [
        (1, (11.5, 9.5, 5.5), (9.0, 7.0, 4.5)),
        (2, (8.5, 8.5, 5.0), (2.6, 2.2, 1.6)),
        (2, (12.0, 5.5, 4.0), (1.2, 1.2, 1.0)),
        (3, (12.5, 14.0, 5.5), (1.2, 1.5, 4.5)),
    ],
    ("truth", "case_2"): [
        (1, (12.0, 10.0, 6.0), (8.5, 8.0, 4.0)),
        (3, (7.0, 12.0, 6.0), (1.0, 1.2, 5.0)),
    ],
    ("found", "case_2"): [(1, (12.0, 10.5, 5.5), (9.0, 8.0, 4.0))],
}


def make_volume(balls: list) -> bytes:
    """Paint ellipsoids and write them as MetaImage, x fastest."""
    voxels = bytearray()
    for z in range(SHAPE[2]):
        for y in range(SHAPE[1]):
            for x in range(SHAPE[0]):
                inside = 0
                for label, center, radii in balls:
                    parts = zip((x, y, z), center, radii, strict=True)
                    if sum(((at - c) / r) ** 2 for at, c, r in parts) <= 1.0:
                        inside = label
                voxels.append(inside)
    header = {
        "ObjectType": "Image",
        "NDims": 3,
        "BinaryData": True,
        "BinaryDataByteOrderMSB": False,
        "CompressedData": False,
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "-18 -15 -18",
        "ElementSpacing": " ".join(map(str, SPACING)),
        "DimSize": " ".join(map(str, SHAPE)),
        "ElementType": "MET_UCHAR",
        "ElementDataFile": "LOCAL",
    }
    return "".join(f"{key} = {value}\n" for key, value in header.items()).encode() + voxels


def make_samples() -> dict[str, bytes]:
    """Content of every sample file, by name."""
    rng = random.Random(SEED)
    truth = make_truth(rng)
    found = make_found(rng, truth)
    return {
        "temporal_truth.json": encode(truth),
        "temporal_found.json": encode(found),
        **{f"volumes/{side}/{case}.mha": make_volume(b) for (side, case), b in BALLS.items()},
    }


def main(folder: Path = FOLDER) -> None:
    """Write the files."""
    for name, content in make_samples().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        print(f"{folder / name}: {len(content)} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
