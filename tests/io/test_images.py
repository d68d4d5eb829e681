import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from overlap.io import read_volume
from overlap.io.volumes import read_image

from .volume_files import labels


def gray_png(bits: int, values: np.ndarray, color: int = 0) -> bytes:
    """Write a PNG by its specification: gray (0) or palette (3) of 1, 2, 4, 8 or 16 bits."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b""
    for row in values:
        text = "".join(f"{value:0{bits}b}" for value in row)
        text += "0" * (-len(text) % 8)
        rows += b"\0" + int(text, 2).to_bytes(len(text) // 8, "big")
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, color, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(range(3)) * 2**bits) if color == 3 else b""
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("color", [0, 3])
def test_png_gives_the_stored_numbers(tmp_path, bits, color):
    if bits == 16 and color == 3:
        bits = 8
    values = np.arange(7 * 5).reshape(5, 7) * 37 % 2**bits
    (tmp_path / "a.png").write_bytes(gray_png(bits, values, color))
    volume = read_volume(tmp_path / "a.png")
    np.testing.assert_array_equal(volume.values, values.T)
    assert volume.affine is None
    assert volume.unit is None
    assert volume.spacing == (1.0, 1.0)


def test_colors_are_refused(tmp_path):
    for mode in ("RGB", "RGBA", "LA"):
        Image.new(mode, (3, 2)).save(tmp_path / "a.png")
        with pytest.raises(ValueError, match=rf"picture of mode {mode}; wanted one number a pixel"):
            read_volume(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 9, 3), np.uint8), photometric="rgb")
    with pytest.raises(ValueError, match="is a color picture; wanted one number a pixel"):
        read_volume(tmp_path / "a.tif")
    frames = [Image.new("L", (3, 2), shade) for shade in (0, 9)]
    frames[0].save(tmp_path / "b.png", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match="animation of 2 frames"):
        read_volume(tmp_path / "b.png")


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_stacks_of_tiff_pages(tmp_path, dtype, compression):
    values = labels(dtype)
    path = tmp_path / "a.tiff"
    with tifffile.TiffWriter(path) as writer:
        for page in values.T:
            writer.write(page, compression=compression, photometric="minisblack")
    volume = read_volume(path)
    assert volume.values.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(volume.values, values)


def test_tiff_that_only_pillow_can_decompress(tmp_path):
    for dtype in (np.uint8, np.uint16):
        pages = [Image.fromarray(np.ascontiguousarray(page)) for page in labels(dtype).T]
        path = tmp_path / "a.tif"
        pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
        volume = read_volume(path)
        assert volume.values.dtype == dtype
        np.testing.assert_array_equal(volume.values, labels(dtype))


@pytest.mark.parametrize(
    "kind", ["png", "none", "tiff_lzw", "group3", "group4", "packbits", "tiff_deflate"]
)
def test_black_and_white_pictures_have_bytes_of_0_and_1(tmp_path, kind):
    mask = np.zeros((9, 17), bool)
    mask[2:5, 3:9] = mask[7, 16] = True
    path = tmp_path / ("a.png" if kind == "png" else "a.tif")
    options = {} if kind in ("png", "none") else {"compression": kind}
    pages = [Image.fromarray(mask), Image.fromarray(mask[::-1].copy())]
    pages[0].save(path, **options)
    for values in (read_volume(path).values, read_image(path)[0]):
        assert values.dtype == bool
        np.testing.assert_array_equal(values.view(np.uint8), mask.T)
    np.testing.assert_array_equal(read_volume(path, soft=True).values, mask.T)
    if kind != "png":
        pages[0].save(path, save_all=True, append_images=pages[1:], **options)
        stack = read_volume(path).values
        np.testing.assert_array_equal(
            stack.view(np.uint8), np.stack([mask.T, mask[::-1].T], axis=-1)
        )


def small_tiff(bits: int, values: np.ndarray, color: int) -> bytes:
    """Write a TIFF by its specification: gray (0: white is 0, 1) or palette (3), not compressed."""
    rows = b""
    for row in values:
        text = "".join(f"{value:0{bits}b}" for value in row)
        text += "0" * (-len(text) % 8)
        rows += int(text, 2).to_bytes(len(text) // 8, "big")
    height, width = values.shape
    tags = ((256, width), (257, height), (258, bits), (259, 1), (262, color),
            (273, 8), (277, 1), (278, height), (279, len(rows)))  # fmt: skip
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    count, palette = len(tags), b""
    if color == 3:
        palette = struct.pack(f"<{3 * 2**bits}H", *range(3 * 2**bits))
        entries += struct.pack("<HHII", 320, 3, 3 * 2**bits, 8 + len(rows))
        count += 1
    directory = struct.pack("<H", count) + entries + struct.pack("<I", 0)
    at = 8 + len(rows) + len(palette)
    return struct.pack("<2sHI", b"II", 42, at) + rows + palette + directory


@pytest.mark.parametrize("color", [0, 1, 3])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_tiff_gives_the_stored_numbers_and_white_of_one_bit(tmp_path, bits, color):
    values = np.arange(7 * 5).reshape(5, 7) * 37 % 2**bits
    path = tmp_path / "a.tif"
    path.write_bytes(small_tiff(bits, values, color))
    wanted = 1 - values if bits == 1 and color == 0 else values
    np.testing.assert_array_equal(read_volume(path).values, wanted.T)


@pytest.mark.parametrize("mode", ["1", "L"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "group4"])
def test_white_as_zero_is_read_alike_whatever_the_compression(tmp_path, mode, compression):
    if mode == "L" and compression == "group4":
        return
    values = np.arange(63).reshape(7, 9) % (2 if mode == "1" else 200)
    image = Image.fromarray(values.astype(bool if mode == "1" else np.uint8))
    path = tmp_path / "a.tif"
    image.save(path, compression=compression)
    content = bytearray(path.read_bytes())
    at = struct.unpack_from("<I", content, 4)[0]
    for k in range(struct.unpack_from("<H", content, at)[0]):
        if struct.unpack_from("<H", content, at + 2 + 12 * k)[0] == 262:  # the color of 0
            struct.pack_into("<H", content, at + 2 + 12 * k + 8, 0)
    path.write_bytes(content)
    wanted = 1 - values if mode == "1" else values
    np.testing.assert_array_equal(read_volume(path).values, wanted.T)


def test_tiff_of_other_content(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(np.zeros((3, 4), np.uint8), photometric="minisblack")
        writer.write(np.zeros((5, 4), np.uint8), photometric="minisblack")
    with pytest.raises(ValueError, match=r"pages of different sizes or types \(3x4, 5x4"):
        read_volume(tmp_path / "a.tif")
    tifffile.imwrite(
        tmp_path / "b.tif", np.zeros((2, 3, 8, 9), np.uint8), imagej=True, metadata={"axes": "TZYX"}
    )
    with pytest.raises(ValueError, match=r"has the axes TZYX of \(2, 3, 8, 9\)"):
        read_volume(tmp_path / "b.tif")
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    palette = Image.fromarray(values)
    palette.putpalette(bytes(range(256)) * 3)
    palette.save(tmp_path / "c.tif")
    np.testing.assert_array_equal(read_volume(tmp_path / "c.tif").values, values.T)
