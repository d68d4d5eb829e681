"""The page of a report: one HTML file with its tables and pictures, for reading and for sending.

A page asks nothing of the network, runs no script, and follows the reader's choice of a light or a
dark screen. Its order is that of the reader's questions: what was scored on what, what came
out, what must not be missed, the tables and pictures, then methods, terms and all rows.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

from overlap.io.printable import number_of, printable

__all__ = ["Page", "Picture", "Result", "Section", "input_name", "title_of"]

_MOST_ROWS = 2000


@dataclass(frozen=True)
class Section:
    """A table for reading, on the page and on the screen.

    Attributes
    ----------
    title : str
    columns : sequence of str
    rows : sequence of sequences of str
    keys : int
        Number of columns that name a row, and stand in every part of a table that is too wide for
        the screen.
    note : str
        A sentence below the title, on the page.
    links : sequence of str
        One per row: the key of the `Picture` that shows it, or ``""``.
    words : sequence of int
        Columns of words, also where all of them begin with a digit.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: int = 2
    note: str = ""
    links: Sequence[str] = ()
    words: Sequence[int] = ()

    @cached_property
    def numeric(self) -> tuple[bool, ...]:
        """Whether the cells of each column begin like numbers; the first column is names.

        Examples
        --------
        >>> Section("", ["case", "dice"], [["7", "0.91 (0.88 to 0.93)"], ["8", ""]]).numeric
        (False, True)
        """
        count = len(self.columns)
        return (
            False,
            *(
                k not in self.words and _numeric([row[k] for row in self.rows])
                for k in range(1, count)
            ),
        )


def _numeric(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell not in ("", "undefined")]
    return bool(known) and all(
        cell.lstrip("-+<>")[:1].isdigit() or "inf" in cell or cell == "nan" for cell in known
    )


@dataclass(frozen=True)
class Picture:
    """A picture of a page. Pictures that follow each other stand side by side if there is room.

    Attributes
    ----------
    title : str
    draw : callable
        Returns a figure of matplotlib, about 4.6 inches wide: on a phone it is scaled to 80 %.
    alt : str
        Description of the picture, for readers who do not see it.
    note : str
        How to read it.
    key : str
        Name to which rows of tables link; unique in the page.
    photo : bool
        The figure shows images: it is embedded as pixels, and not inverted on a dark screen.
    """

    title: str
    draw: Callable[[], Any]
    alt: str
    note: str = ""
    key: str = ""
    photo: bool = False


@dataclass(frozen=True)
class Result:
    """A number in large type at the head of a page.

    Attributes
    ----------
    name : str
    value : str
    note : str
        Its interval, and the number of items behind it.
    """

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Page:
    """Content of a page.

    Attributes
    ----------
    kind : str
        Kind of evaluation, such as ``"Segmentation"``.
    title : str
        Names of the inputs.
    headline : str
        One line with the main result, failures included.
    results : sequence of Result
        The main numbers.
    findings : sequence of str
        Messages that must not be missed.
    content : sequence of Section or Picture
        The most telling first.
    notes : sequence of str
        Messages that belong to the numbers.
    methods : str
        The sentence for a paper.
    terms : mapping from str to str
        Definitions of columns and other words. The page shows those that it uses.
    rows : sequence of mapping
        All numbers.
    settings : mapping
        Plain data.
    """

    kind: str
    title: str
    headline: str
    results: Sequence[Result]
    findings: Sequence[str]
    content: Sequence[Section | Picture]
    notes: Sequence[str]
    methods: str
    terms: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]

    def html(self) -> str:
        """Return the page as one self-contained HTML file.

        Raises
        ------
        ImportError
            jinja2 is not installed.
        """
        try:
            from jinja2 import Environment, PackageLoader, StrictUndefined
        except ImportError as error:
            raise ImportError(
                "HTML reports need jinja2: pip install 'overlap-metrics[report]'"
            ) from error
        environment = Environment(
            loader=PackageLoader("overlap.evaluate", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_visible,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        drawn = find_spec("matplotlib") is not None
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        tables = [part for part in self.content if isinstance(part, Section)]
        used = {name for table in tables for name in table.columns} | {*columns}
        used |= {result.name for result in self.results}
        # rows of numbers are named in a column that has no head
        used |= {row[0] for table in tables if not table.columns[0] for row in table.rows}
        used |= {_word(name) for name in used}
        terms = {word: self.terms[word] for word in self.terms if word in used}
        return environment.get_template("page.html").render(
            page=self,
            groups=list(_groups(self.content)) if drawn else [[table] for table in tables],
            drawn=drawn or len(tables) == len(self.content),
            embedded=_embedded,
            word=_word,
            terms=terms,
            keys={word: f"term-{k}" for k, word in enumerate(terms, 1)},
            columns=columns,
            shown=self.rows[:_MOST_ROWS],
            count=number_of(len(self.rows), "row"),
            settings=json.dumps(self.settings, indent=2),
        )


def input_name(described: Mapping[str, Any] | None, role: str, parts: int = 1) -> str:
    """Return the short name of an input for a title: that of its file or folder, else its role.

    Parameters
    ----------
    described : mapping or None
        Entry of the settings, with a ``source``.
    role : str
        What stands for an input without a name, such as ``"truth"``.
    parts : int
        Number of folders and files that are named, from the last on.

    Examples
    --------
    >>> input_name({"source": "runs/a/found.json"}, "found"), input_name({}, "found")
    ('found.json', 'found')
    """
    source = (described or {}).get("source")
    if not isinstance(source, str) or not source or source.startswith("<"):
        return role
    named = PurePath(source.replace("\\", "/")).parts[-parts:]
    return "/".join(part.strip("/") for part in named) or source


def _word(name: str) -> str:
    """Return the name of a column without its unit: ``hd95`` of ``hd95, mm``."""
    return name.partition(", ")[0]


def title_of(found: Mapping[str, Any] | None, truth: Mapping[str, Any] | None) -> str:
    """Return the title of a page: the names of both inputs.

    Parameters
    ----------
    found, truth : mapping or None
        Entries of the settings, each with a ``source``. Two of one name have their folder.

    Examples
    --------
    >>> title_of({"source": "runs/a/seg"}, {"source": "/data/seg"})
    'a/seg against data/seg'
    """
    names = [[input_name(x, role, parts) for x, role in ((found, "found"), (truth, "truth"))]
             for parts in (1, 2)]  # fmt: skip
    return " against ".join(names[names[0][0] == names[0][1]])


def _groups(content: Sequence[Section | Picture]) -> Iterator[list[Section | Picture]]:
    """Put pictures that follow each other together; a table stands alone."""
    group: list[Section | Picture] = []
    for part in content:
        if group and not (isinstance(part, Picture) and isinstance(group[-1], Picture)):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _visible(value: Any) -> Any:
    """Escape controls in the texts of a page; what is markup stays as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return printable(value, keep="\n\t")


def _embedded(picture: Picture) -> str:
    """Return the address of a picture: the picture itself."""
    from matplotlib import rc_context

    kind = "png" if picture.photo else "svg"
    stream = io.BytesIO()
    # letters stay letters, in the reader's fonts; the same figure is the same text
    options = rc_context({"svg.fonttype": "none", "svg.hashsalt": "overlap"})
    with options, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        picture.draw().savefig(
            stream,
            format=kind,
            dpi=150,
            transparent=not picture.photo,
            metadata=None if picture.photo else {"Date": None},
        )
    data = stream.getvalue()
    if picture.photo:
        return "data:image/png;base64," + base64.b64encode(data).decode()
    return "data:image/svg+xml;base64," + base64.b64encode(data[data.index(b"<svg") :]).decode()
