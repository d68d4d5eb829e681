"""Files of images: names, sizes and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from overlap.io.image_files import image_pixels, image_size
from overlap.io.image_sizes import image_sizes

Image = pytest.importorskip("PIL.Image")


def saved(path, size, **options):
    Image.new("RGB", size, (200, 100, 0)).save(path, **options)
    return path


def test_an_image_that_the_camera_turned_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.jpg", (60, 40), exif=exif)
    assert image_size(path) == (40, 60)
    pixels, size = image_pixels(path, 1000)
    assert pixels.shape == (60, 40, 3)
    assert size == (40, 60)


def test_large_images_are_made_smaller(tmp_path):
    pixels, size = image_pixels(saved(tmp_path / "a.png", (300, 100)), 90)
    assert (pixels.shape, size) == ((30, 90, 3), (300, 100))
    assert pixels.dtype == np.uint8
    Image.new("I;16", (7, 5)).save(tmp_path / "gray.png")
    assert image_pixels(tmp_path / "gray.png", 90)[0].shape == (5, 7, 3)


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(ValueError, match=r"a\.png"):
        image_pixels(tmp_path / "a.png", 90)


def test_files_of_one_name_and_two_sizes(tmp_path):
    saved(tmp_path / "a.png", (60, 40))
    saved(tmp_path / "a.jpg", (60, 40))
    assert image_sizes(["a"], str(tmp_path), [], "labels").tolist() == [[60, 40]]
    saved(tmp_path / "a.jpg", (60, 41))
    with pytest.raises(ValueError, match=r"a\.jpg and .*a\.png have different sizes"):
        image_sizes(["a"], str(tmp_path), [], "labels")
