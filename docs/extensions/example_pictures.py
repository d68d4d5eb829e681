"""Order and pictures of the scripts in ``examples/``, for sphinx-gallery.

Each script draws one picture to the file that is its argument. What is to be seen on it, for
those who cannot see it, is the first line of its function ``draw``.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst

ORDER = """
    score_videos score_volumes score_proteins score_images equal_distance loss_landscapes
    trajectories pixels threshold_dial rotated_surrogates occlusion
    possession_time torch_head alanine_dipeptide two_cars rotated_descent fuzzy_lesion discs
""".split()

_folder = Path(tempfile.mkdtemp(prefix="overlap-examples-"))


def in_order(name: str) -> int:
    """Return the place of a script in the gallery; all must have one."""
    return ORDER.index(Path(name).stem)


def picture_argument(_: Any, script: dict[str, Any]) -> list[str]:
    """Return the words of the command line for a script: where it draws its picture."""
    source = Path(script["src_file"])
    suffix = re.search(rf'"{source.stem}\.(\w+)"', source.read_text(encoding="utf-8"))
    return [str(_folder / f"{source.stem}.{suffix[1]}")] if suffix else []


def written_pictures(_: Any, script: dict[str, Any], settings: dict[str, Any]) -> str:
    """Take the picture that a block of code has drawn, if it has drawn one."""
    for picture in _folder.glob(Path(script["src_file"]).stem + ".*"):
        place = Path(next(script["image_path_iterator"])).with_suffix(picture.suffix)
        shutil.move(picture, place)
        seen = script["example_globals"]["draw"].__doc__.splitlines()[0]
        seen = seen.removeprefix("Draw ").rstrip(".")
        return figure_rst([str(place)], settings["src_dir"], seen[0].upper() + seen[1:])
    return ""
