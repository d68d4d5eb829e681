"""Features of an installation of the package, tried from outside of the checkout.

    python feature_checks.py medical plot

The extras that are named must work, and all others must end in an error that names the line of pip.
The last line of the output is the summary of the report on the sample, for comparisons between
installations.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

import overlap as ov
from overlap.io import read_structures, read_volume, sample_path

CHECKOUT = Path(__file__).parents[1]


def command(*words: object) -> None:
    """Run the command `overlap` of this environment."""
    program = Path(sys.executable).parent / "overlap"
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if "ImportError" in done.stderr or "pip install" in done.stderr:
        raise ImportError(done.stderr)
    assert done.returncode == 0, done.stderr


def core(folder: Path) -> dict[str, float]:
    """Names, kinds, the command and its sample; return the summary of the report."""
    assert CHECKOUT not in Path(ov.__file__).parents, ov.__file__
    assert all(hasattr(ov, name) for name in ov.__all__)
    boxes = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])
    assert ov.iou.pairwise(boxes, boxes)[0].tolist() == [1.0, 1.0 / 3.0]
    command("list", "scores")
    command("segmentation", "--sample", "--out", folder / "s.csv", "--quiet")
    # orders of ties of the evaluators are those of NumPy's version
    words = "--ties", "stable", "--quiet"
    command("temporal", "--sample", *words, "--out", folder / "r.json")
    report = json.loads((folder / "r.json").read_text())
    assert report["settings"]["versions"]["overlap-metrics"] == ov.__version__
    return report["summary"]


def medical(folder: Path) -> None:
    """NIfTI is read, and components are found by the library."""
    path = folder / "v.nii.gz"
    path.write_bytes(b"\x1f\x8b")
    try:
        import nibabel
    except ImportError:
        read_volume(path)  # says so before it looks inside
    values = np.zeros((4, 5, 6), np.uint8)
    values[1:3, 1:3, 1:3] = 1
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    for role in ("truth", "found"):
        (folder / role).mkdir()
        path.with_name(role).joinpath("case.nii.gz").write_bytes(path.read_bytes())
    command("segmentation", folder / "truth", folder / "found", "--out", folder / "n.json")
    summary = json.loads((folder / "n.json").read_text())["summary"]
    assert summary["dice"] == 1.0
    assert ov.connected_components(values, backend="cc3d").max() == 1


def protein(folder: Path) -> None:
    """A structure is the same as PDB and as mmCIF."""
    table = read_structures(sample_path("peptide"))
    import gemmi

    structure = gemmi.read_structure(str(sample_path("peptide")))
    structure.setup_entities()
    structure.make_mmcif_document().write_file(str(folder / "p.cif"))
    again = read_structures(folder / "p.cif")
    assert np.array_equal(again.phi, table.phi, equal_nan=True)


def detection(folder: Path) -> None:
    """Run lengths of COCO go to pycocotools and come back. The package itself never needs it."""
    from pycocotools import mask

    cells = np.zeros((7, 9), np.uint8, order="F")
    cells[2:5, 3:8] = 1
    assert ov.Masks.from_rle([mask.encode(cells)]).measure().tolist() == [15.0]
    assert mask.area(ov.Masks(cells[None].astype(bool)).to_rle()).tolist() == [15]


def polygons(folder: Path) -> None:
    """A ring that crosses itself is made valid."""
    bow = [(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0)]
    assert ov.Polygons([bow]).measure().tolist() == [2.0]


def plot(folder: Path) -> None:
    """A picture of a report is drawn."""
    command("temporal", "--sample", "--iou", "0.5", "--plot", folder / "c.png", "--quiet")
    assert (folder / "c.png").read_bytes().startswith(b"\x89PNG")


def report(folder: Path) -> None:
    """A page and a Parquet file are written."""
    for name, start in (("r.html", b"<!"), ("r.parquet", b"PAR1")):
        command("temporal", "--sample", "--iou", "0.5", "--out", folder / name, "--quiet")
        assert (folder / name).read_bytes()[: len(start)].lower() == start.lower()


def dask(folder: Path) -> None:
    """The command runs on a cluster."""
    words = "temporal", "--sample", "--iou", "0.5", "--workers", 2, "--engine", "dask", "--quiet"
    command(*words, "--out", folder / "d.json")
    command(*words[:4], "--out", folder / "one.json")
    files = [json.loads((folder / name).read_text()) for name in ("d.json", "one.json")]
    assert files[0]["summary"] == files[1]["summary"]


def torch(folder: Path) -> None:
    """A loss of tensors has a gradient."""
    from overlap.interop.torch import overlap_loss

    # isort: split
    import torch

    found = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
    overlap_loss(ov.giou, found, torch.tensor([[1.0, 1.0, 3.0, 3.0]])).backward()
    assert torch.isfinite(found.grad).all()
    assert (found.grad != 0).any()


EXTRAS: tuple[Callable[[Path], None], ...] = (
    medical, protein, detection, polygons, plot, report, dask, torch,
)  # fmt: skip


def missing(check: Callable[[Path], None], folder: Path) -> str:
    """Return what a feature says where its library is missing; empty where it works."""
    try:
        check(folder)
    except ImportError as error:
        return str(error)
    return ""


def main(there: set[str]) -> None:
    warnings.simplefilter("error")
    assert there <= {check.__name__ for check in EXTRAS}, there
    with tempfile.TemporaryDirectory() as work:
        (folder := Path(work, "core")).mkdir()
        summary = core(folder)
        for check in EXTRAS:
            extra = check.__name__
            (folder := Path(work, extra)).mkdir()
            said = missing(check, folder)
            print(f"{extra}: {said or 'works'}")
            # nothing in the package needs pycocotools, so nothing names it
            ours = check is detection or f"pip install 'overlap-metrics[{extra}]'" in said
            assert not said or (extra not in there and ours), extra
    print(json.dumps(summary))


if __name__ == "__main__":
    main(set(sys.argv[1:]))
