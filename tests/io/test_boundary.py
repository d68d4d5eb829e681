"""One bad file never ends a run over many, whatever its reader raises."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest

from overlap import cli, evaluate
from overlap.io import GridMismatchError, as_segments, read_volume, sample_path
from overlap.io.boundary import reading, reads_file


class Unknown(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (KeyError("dim"), ValueError, "^f: cannot be read .KeyError: 'dim'."),
        (Unknown("x"), ValueError, "^f: cannot be read .Unknown: x."),
        (OverflowError("too large"), ValueError, "^f: cannot be read .OverflowError: too large."),
        (zlib.error("bad"), ValueError, "^f: cannot be read"),
        (MemoryError(), ValueError, "^f: needs more memory than there is$"),
        (RecursionError("deep"), ValueError, "^f: is nested too deeply$"),
        (ValueError("bad row"), ValueError, "^f: bad row$"),
        (ValueError("f: bad row"), ValueError, "^f: bad row$"),
        (ValueError("truth (f) has none"), ValueError, r"^truth \(f\) has none$"),
        (PermissionError(13, "denied"), PermissionError, "^f: cannot be read .denied.$"),
        (FileNotFoundError("f: no such file"), FileNotFoundError, "^f: no such file$"),
        (GridMismatchError("other grids"), GridMismatchError, "^other grids$"),
        (ImportError("needs nibabel"), ImportError, "^needs nibabel$"),
    ],
)
def test_every_exception_names_the_file(error, kind, message):
    with pytest.raises(kind, match=message), reading("f"):
        raise error


def test_interruption_is_no_bad_file():
    with pytest.raises(KeyboardInterrupt), reading("f"):
        raise KeyboardInterrupt


def test_objects_are_not_files():
    @reads_file
    def read(source):
        raise KeyError(source)

    with pytest.raises(KeyError):
        read(3)
    with pytest.raises(ValueError, match=r"^a\.txt: cannot be read"):
        read("a.txt")


def broken_header(path, values, place, data):
    """A NIfTI file with some bytes of its header replaced."""
    import nibabel

    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    content = bytearray(path.read_bytes())
    content[place : place + len(data)] = data
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("place", "data"),
    [
        (123, b"\x07"),  # xyzt_units
        (42, (-9 & 0xFFFF).to_bytes(2, "little")),  # dim[1]
        (40, (99).to_bytes(2, "little")),  # dim[0]
        (70, (9999).to_bytes(2, "little")),  # datatype
        (108, b"\xff\xff\xff\x7f"),  # vox_offset
    ],
)
def test_one_bad_volume_does_not_stop_a_cohort(tmp_path, capsys, place, data):
    values = np.zeros((6, 5, 4), np.uint8)
    values[1:4] = 1
    for folder in ("truth", "found"):
        (tmp_path / folder).mkdir()
        for k in range(3):
            broken_header(tmp_path / folder / f"case_{k}.nii", values, 0, b"")
    broken_header(tmp_path / "found" / "case_1.nii", values, place, data)
    report = tmp_path / "report.json"
    words = ["segmentation", tmp_path / "truth", tmp_path / "found", "--out", report]
    assert cli.main([*map(str, words), "--metrics", "dice"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "overlap: failed: case_1: " in captured.err
    assert "Traceback" not in captured.out + captured.err
    failures = json.loads(report.read_text())["settings"]["failures"]
    assert "case_1" in json.dumps(failures)
    with pytest.raises(ValueError, match=r"case_1\.nii"):
        read_volume(tmp_path / "found" / "case_1.nii")


def test_a_reader_that_breaks_is_named(tmp_path, monkeypatch):
    from overlap.io import activitynet

    def broken(*_, **__):
        raise AttributeError("'int' object has no attribute 'items'")

    monkeypatch.setattr(activitynet, "read_mapping", broken)
    path = tmp_path / "truth.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"truth\.json: cannot be read \(AttributeError: 'int'"):
        as_segments(path, role="truth")


def test_errors_of_the_program_have_an_exit_code_of_their_own(monkeypatch, capsys):
    def broken(**_):
        raise KeyError("internal")

    monkeypatch.setattr(evaluate, "temporal", broken)
    assert cli.main(["temporal", "--sample"]) == 70
    error = capsys.readouterr().err
    assert error.startswith("overlap: error: internal error (KeyError: 'internal'); please report")
    assert error.count("\n") == 1
    monkeypatch.setenv("OVERLAP_TRACEBACK", "1")
    with pytest.raises(KeyError):
        cli.main(["temporal", "--sample"])


def test_too_little_memory_is_bad_input(monkeypatch, capsys):
    def large(**_):
        raise MemoryError

    monkeypatch.setattr(evaluate, "temporal", large)
    assert cli.main(["temporal", "--sample"]) == 2
    assert "not enough memory" in capsys.readouterr().err


def test_a_file_beside_a_folder(tmp_path, capsys):
    folder = sample_path("volumes_truth")
    file = sorted(folder.iterdir())[0]
    for words in ((file, folder), (folder, file)):
        assert cli.main(["segmentation", *map(str, words)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("overlap: error: ")
        assert "folder" in error
