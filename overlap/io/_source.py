"""Content of an input file, decompressed, with the digest of the file as stored."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overlap._common.background import in_background
from overlap._common.files import check_size, most_text, read_file

__all__ = ["Source", "read_source"]

_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """Content of one file.

    Attributes
    ----------
    name : str
        The path as the user gave it.
    data : bytes
        Decompressed content.
    digest : str or callable
        Hexadecimal digest of the file as stored, so that ``sha256sum`` agrees; or what returns it.
    """

    name: str
    data: bytes
    digest: str | Callable[[], str] = field(compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Source, (self.name, self.data, self.sha256)

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return self.digest if isinstance(self.digest, str) else self.digest()

    @property
    def suffix(self) -> str:
        """Suffix in lower case, without a trailing ``.gz``."""
        path = Path(self.name)
        return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()

    @property
    def is_json(self) -> bool:
        """Whether the file is JSON, by its suffix or else by its first character."""
        if self.suffix in (".csv", ".tsv", ".txt"):
            return False
        start = self.data.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        return self.suffix == ".json" or start in (b"{", b"[")


def read_source(path: str | Path, *, empty: bool = False) -> Source:
    """Read a plain or gzipped file, told apart by content.

    Parameters
    ----------
    path : str or Path
        File to read.
    empty : bool
        Whether the file may be empty.

    Returns
    -------
    Source
        Content and digest.

    Raises
    ------
    OSError
        The file is missing or unreadable (FileNotFoundError, PermissionError...).
    ValueError
        The file is a folder or a pipe, is empty, is a damaged or truncated gzip file, or is larger
        than `overlap._common.files` allows.
    """
    name = str(path)
    raw = data = read_file(path)
    if raw[:2] == _GZIP:
        data = _gunzip(raw, name)
    elif name.lower().endswith(".gz"):
        if raw:
            raise ValueError(
                f"{name}: is named .gz but is not a gzip file; rename or recompress it"
            )
    if not empty and not data.strip():
        raise ValueError(f"{name}: the file is empty")
    return Source(name, data, _digest(raw))


def _digest(raw: bytes) -> str | Callable[[], str]:
    """Return the digest of a file; of a long one what waits for it, while the file is read."""

    def digest() -> str:
        return hashlib.sha256(raw).hexdigest()

    return digest() if len(raw) < _BLOCK else in_background(digest)


def _gunzip(raw: bytes, name: str) -> bytes:
    """Decompress block by block, so that a small file cannot fill the memory."""
    blocks, there, most = [], 0, most_text(len(raw))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            while there <= most and (block := stream.read(_BLOCK)):
                blocks.append(block)
                there += len(block)
    except EOFError:
        raise ValueError(
            f"{name}: truncated gzip file ({len(raw)} bytes); copy or download it again"
        ) from None
    except (OSError, zlib.error) as error:
        raise ValueError(f"{name}: damaged gzip file ({error})") from None
    check_size(name, there, most, " or more after decompression")
    return b"".join(blocks)
