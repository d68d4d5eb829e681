"""Bytes of an input file, decompressed, with the digest of what is on disk."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Source", "read_source"]

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """Content of one file.

    Attributes
    ----------
    name : str
        The path as the user gave it.
    data : bytes
        Decompressed content.
    sha256 : str
        Hexadecimal digest of the file as stored, so that ``sha256sum`` agrees.
    """

    name: str
    data: bytes
    sha256: str

    @property
    def suffix(self) -> str:
        """Suffix in lower case, without a trailing ``.gz``."""
        path = Path(self.name)
        return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()

    @property
    def is_json(self) -> bool:
        """Whether the suffix, or else the first character, says JSON."""
        if self.suffix in (".csv", ".tsv", ".txt"):
            return False
        return self.suffix == ".json" or self.data.lstrip()[:1] in (b"{", b"[")


def read_source(path: str | Path) -> Source:
    """Read a plain or gzipped file, told apart by content.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    Source
        Content and digest.

    Raises
    ------
    OSError
        The file is missing or unreadable (FileNotFoundError, PermissionError...).
    ValueError
        The file is a folder, is empty, or is a damaged or truncated gzip file.
    """
    name = str(path)
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise ValueError(f"{name}: is a folder; give a file") from None
    except OSError as error:
        raise type(error)(f"{name}: cannot be read ({error.strerror or error})") from None
    data = raw
    if raw[:2] == _GZIP:
        try:
            data = gzip.decompress(raw)
        except EOFError:
            raise ValueError(
                f"{name}: truncated gzip file ({len(raw)} bytes); copy or download it again"
            ) from None
        except (OSError, zlib.error) as error:
            raise ValueError(f"{name}: damaged gzip file ({error})") from None
    elif name.lower().endswith(".gz"):
        if raw:
            raise ValueError(
                f"{name}: is named .gz but is not a gzip file; rename or recompress it"
            )
    if not data.strip():
        raise ValueError(f"{name}: the file is empty")
    return Source(name, data, hashlib.sha256(raw).hexdigest())
