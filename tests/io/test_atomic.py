import os
import stat

import pytest

from overlap.io import atomic_path, write_text


def test_new_file_has_the_mode_of_other_new_files(tmp_path):
    write_text(tmp_path / "a.txt", "é\n")
    (tmp_path / "b.txt").touch()
    assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.txt", "b.txt")}
    assert len(modes) == 1


def test_failure_keeps_the_old_content_and_leaves_nothing_behind(tmp_path):
    target = tmp_path / "report.json"
    target.write_text("old")

    def write_half():
        with atomic_path(target) as temporary:
            temporary.write_text("new")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_temporary_name_has_the_suffix(tmp_path):
    with atomic_path(tmp_path / "figure.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path


def test_replaces_what_a_link_points_to(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_mode_of_a_replaced_file_is_kept(tmp_path):
    target = tmp_path / "private.txt"
    target.write_text("old")
    target.chmod(0o600)
    write_text(target, "new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(OSError, match=r"missing/report.json: cannot be written: the folder"):
        write_text(tmp_path / "missing" / "report.json", "x")


def test_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_text(tmp_path, "x")


def test_pipes_are_written_in_place(tmp_path):
    with atomic_path("/dev/null") as temporary:
        assert str(temporary) == "/dev/null"
