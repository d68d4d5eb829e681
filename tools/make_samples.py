"""Make the sample data that the package ships: ``python tools/make_samples.py [FOLDER]``.

Synthetic truth and predictions in the ActivityNet format, from a fixed seed. They have what
real files have: classes of unequal size, actions that overlap, one annotated twice, one of
zero length, a video without actions, tied confidences, duplicated and low-ranked noise
predictions, class confusion, and predictions for a video that the truth does not know.

And two pairs of label volumes, MetaImage files that are read without further packages: an
organ (1) with lesions (2) and a vessel (3). In the first case a lesion is missed and one is
found where there is none; in the second there is no lesion at all, and the vessel is missed.

And two tables of backbone angles, drawn around the places where they are in proteins: what was
found has no left-handed helix but for glycine, and a turn that is not in the truth; of proline
after a cis bond there are too few. The backbone of a short peptide is built from its angles.

And annotations and results of COCO for 40 images of a street: small objects are missed more often,
confidences of two digits repeat, buses are taken for trucks, a group of people is one crowd.

And tables of two players and a ball in five matches, ten frames a second: the ball trembles about
the player who has it, and is not found in one frame of twelve.
"""

from __future__ import annotations

import json
import math
import random
import sys
from itertools import pairwise
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
FOLDER = Path(__file__).resolve().parent.parent / "overlap" / "io" / "samples"


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


def encode(payload: dict | list) -> bytes:
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


# share, then mean and standard deviation of phi and of psi
ANGLES = {
    ("truth", "general"): [
        (0.50, -64, 9, -41, 9), (0.32, -115, 22, 135, 18), (0.10, -67, 9, 145, 10),
        (0.08, 57, 7, 42, 9),
    ],
    ("found", "general"): [
        (0.54, -66, 9, -38, 10), (0.32, -111, 24, 138, 18), (0.10, -70, 9, 148, 10),
        (0.04, -84, 6, 65, 7),
    ],
    ("truth", "glycine"): [
        (0.45, 82, 12, 10, 16), (0.35, -65, 9, -40, 10), (0.20, 180, 22, 178, 14),
    ],
    ("found", "glycine"): [
        (0.50, 84, 12, 6, 17), (0.35, -66, 9, -38, 10), (0.15, 178, 20, 176, 14),
    ],
    ("truth", "cispro"): [(1.0, -80, 10, 155, 12)],
    ("found", "cispro"): [(1.0, -82, 10, 153, 12)],
}  # fmt: skip
NAMES = {"general": "ALA", "glycine": "GLY", "cispro": "PRO"}
CHAINS, RESIDUES = 12, {"general": 50, "glycine": 21, "cispro": 2}


def make_angles(side: str) -> bytes:
    """Draw the angles of all chains, as CSV with one decimal."""
    rng = random.Random(f"{SEED} {side}")
    lines = ["chain,resname,category,phi,psi"]
    for chain in "ABCDEFGHIJKL"[:CHAINS]:
        for category, count in RESIDUES.items():
            parts = ANGLES[side, category]
            for _ in range(count):
                _, *place = rng.choices(parts, weights=[part[0] for part in parts])[0]
                phi, psi = (rng.gauss(*place[k : k + 2]) for k in (0, 2))
                turned = ((angle + 180.0) % 360.0 - 180.0 for angle in (phi, psi))
                cells = ",".join(f"{angle:.1f}" for angle in turned)
                lines.append(f"{chain},{NAMES[category]},{category},{cells}")
    return ("\n".join(lines) + "\n").encode()


# residue, phi, psi, and omega of the bond before it
PEPTIDE = [
    ("MET", 0, 140, 180), ("VAL", -110, 130, 178), ("GLY", 85, 10, -179), ("SER", -65, -35, 180),
    ("GLU", -62, -42, 179), ("ILE", -64, -44, 180), ("LYS", -66, -38, -178), ("ASN", 57, 40, 180),
    ("ALA", -75, 150, 177), ("PRO", -78, 160, 4), ("THR", -120, 120, 180), ("PRO", -65, 145, 176),
    ("TRP", 70, -60, 180), ("LEU", -90, 0, 180),
]  # fmt: skip
BONDS = {"N": (1.329, 116.2), "CA": (1.458, 121.7), "C": (1.525, 111.0)}


def cross(a: list, b: list) -> list:
    """Vector product."""
    return [a[k - 2] * b[k - 1] - a[k - 1] * b[k - 2] for k in range(3)]


def unit(a: list) -> list:
    """Vector of length 1."""
    return [x / math.sqrt(sum(y * y for y in a)) for x in a]


def make_peptide() -> bytes:
    """Build N, CA and C one after the other, as a PDB file."""
    atoms = [[0.0, 0.0, 0.0], [1.458, 0.0, 0.0], [2.0045, 1.4255, 0.0]]
    for (_, _, psi, _), (_, phi, _, omega) in pairwise(PEPTIDE):
        for name, turn in (("N", psi), ("CA", omega), ("C", phi)):
            a, b, c = atoms[-3:]
            axis = unit([q - p for p, q in zip(b, c, strict=True)])
            side = unit(cross([q - p for p, q in zip(a, b, strict=True)], axis))
            up = cross(side, axis)
            length, bend = BONDS[name][0], math.radians(BONDS[name][1])
            t = math.radians(turn)
            parts = (-math.cos(bend), math.sin(bend) * math.cos(t), math.sin(bend) * math.sin(t))
            atoms.append(
                [
                    at + length * (parts[0] * axis[k] + parts[1] * up[k] + parts[2] * side[k])
                    for k, at in enumerate(c)
                ]
            )
    lines = ["HEADER    INVENTED PEPTIDE"]
    for k, (x, y, z) in enumerate(atoms):
        name, number = ("N", "CA", "C")[k % 3], k // 3
        lines.append(
            f"ATOM  {k + 1:5d}  {name:<3} {PEPTIDE[number][0]} A{number + 1:4d}    "
            f"{x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00          {name[0]:>2}"
        )
    return ("\n".join([*lines, "TER", "END"]) + "\n").encode()


MATCHES, FRAMES, FPS = 5, 50, 10.0


def make_possession() -> dict[str, bytes]:
    """Draw players and a ball in five matches, and annotate who has it, as CSV."""
    rng = random.Random(f"{SEED} possession")
    players = ["video,frame,track,x,y,w,h"]
    ball = ["video,frame,x,y,w,h"]
    truth = ["video,track,start,stop"]
    for match in range(1, MATCHES + 1):
        name, owner, start = f"match_{match}", rng.choice((7, 9)), 0
        homes = {7: rng.uniform(1.0, 3.0), 9: rng.uniform(7.0, 9.0)}
        turns: list = []  # owner of each frame, or None
        while start < FRAMES:
            stop = min(start + rng.randint(8, 18), FRAMES)
            truth.append(f"{name},{owner},{start / FPS:.1f},{stop / FPS:.1f}")
            turns += [owner] * (stop - start) + [None] * 3
            start, owner = stop + 3, 16 - owner
        for frame in range(FRAMES):
            at = {t: x + 0.5 * math.sin(0.2 * frame + t) for t, x in homes.items()}
            for track, x in at.items():
                players.append(f"{name},{frame},{track},{x - 0.5:.2f},0.0,1.0,2.0")
            if rng.random() < 0.08:
                continue  # the detector did not find the ball
            turn = turns[frame]
            x = (sum(at.values()) / 2 if turn is None else at[turn]) + rng.gauss(0.0, 0.35)
            ball.append(f"{name},{frame},{x - 0.11:.2f},0.0,0.22,0.22")
    tables = {"players": players, "ball": ball, "truth": truth}
    return {
        f"possession_{role}.csv": ("\n".join(lines) + "\n").encode()
        for role, lines in tables.items()
    }


OBJECTS = {  # share of the objects, width and height in pixels, chance to be missed
    "person": (0.45, 28.0, 70.0, 0.18),
    "car": (0.30, 90.0, 55.0, 0.10),
    "bus": (0.08, 190.0, 130.0, 0.12),
    "truck": (0.10, 150.0, 110.0, 0.15),
    "bicycle": (0.07, 60.0, 50.0, 0.30),
}


def make_detections(rng: random.Random) -> tuple[dict, list]:
    """Annotate images of a street, and detect what an imperfect detector would."""
    names = list(OBJECTS)
    images = [
        {"id": k + 1, "file_name": f"street_{k + 1:03d}.jpg", "width": 640, "height": 480}
        for k in range(VIDEOS)
    ]
    annotations: list[dict] = []
    results = []

    def put(image: int, name: str, box: list[float], score: float) -> None:
        x, y = max(box[0], 0.0), max(box[1], 0.0)
        width, height = min(box[0] + box[2], 640.0) - x, min(box[1] + box[3], 480.0) - y
        results.append(
            {
                "image_id": image,
                "category_id": names.index(name) + 1,
                "bbox": [round(v, 1) for v in (x, y, max(width, 2.0), max(height, 2.0))],
                "score": round(min(max(score, 0.01), 0.99), 2),
            }
        )

    for image in images:
        for _ in range(rng.randrange(0, 10)):
            name = rng.choices(names, weights=[row[0] for row in OBJECTS.values()])[0]
            _, wide, high, missed = OBJECTS[name]
            scale = rng.lognormvariate(0.0, 0.5)
            width, height = min(wide * scale, 600.0), min(high * scale, 440.0)
            box = [rng.uniform(0, 640 - width), rng.uniform(0, 480 - height), width, height]
            box = [round(v, 1) for v in box]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image["id"],
                    "category_id": names.index(name) + 1,
                    "bbox": box,
                    "area": round(box[2] * box[3], 2),
                    "iscrowd": int(name == "person" and rng.random() < 0.03),
                }
            )
            if rng.random() < missed * (2.0 if width * height < 32**2 else 1.0):
                continue
            slip = [rng.gauss(0.0, 0.06) for _ in range(4)]
            near = [box[k] + slip[k] * box[2 + k % 2] for k in range(2)]
            near += [box[2] * (1 + slip[2]), box[3] * (1 + slip[3])]
            confused = {"bus": "truck", "truck": "bus"}.get(name, name)
            seen = confused if rng.random() < 0.12 else name
            put(image["id"], seen, near, rng.gauss(0.72, 0.18))
            if rng.random() < 0.12:  # found twice
                shifted = [near[0] + 0.2 * near[2], near[1], near[2], near[3]]
                put(image["id"], seen, shifted, rng.gauss(0.4, 0.15))
        for _ in range(rng.randrange(0, 3)):  # where there is nothing
            width, height = rng.uniform(15, 120), rng.uniform(15, 120)
            place = [rng.uniform(0, 500), rng.uniform(0, 340), width, height]
            put(image["id"], rng.choice(names), place, rng.gauss(0.3, 0.15))
    truth = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(names)],
    }
    return truth, results


def make_samples() -> dict[str, bytes]:
    """Content of every sample file, by name."""
    rng = random.Random(SEED)
    truth = make_truth(rng)
    found = make_found(rng, truth)
    annotations, results = make_detections(random.Random(SEED))
    return {
        "angles_truth.csv": make_angles("truth"),
        "angles_found.csv": make_angles("found"),
        "detection_truth.json": encode(annotations),
        "detection_found.json": encode(results),
        "peptide.pdb": make_peptide(),
        **make_possession(),
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
