"""Tables of backbone angles: CSV files and DataFrames, one residue per row.

Columns are found by name. Case and the characters ``- _ .`` and space do not matter.

=============  ===================================================================
field          names
=============  ===================================================================
phi, psi       ``phi``, ``psi``
omega          ``omega`` (optional), of the peptide bond before the residue
category       ``category``, ``rama-category`` (optional)
resname        ``resname``, ``residue``, ``residue-name``, ``resn``, ``amino-acid``,
               ``aa`` (optional): three letters (GLY), one (G), or with a number (GLY12)
next_resname   ``next-resname``, ``next-residue``, ``next`` (optional)
structure      ``structure``, ``pdb``, ``pdb-id``, ``entry``, ``file``, ``filename``
               (optional)
chain          ``chain``, ``chain-id`` (optional)
seqid          ``seqid``, ``resid``, ``resseq``, ``resnum``, ``residue-number``
               (optional), with or without an insertion code
model          ``model`` (optional)
weight         ``weight``, ``weights`` (optional), 0 or more
=============  ===================================================================

Other columns are ignored. A CSV file starts with a line of names, is separated by commas,
semicolons or tabs (whichever that line has) and is encoded in UTF-8.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overlap.io._cells import read_cells
from overlap.io._columns import Where, find_columns, plain_name, to_float64
from overlap.io._dihedrals import wrapped_degrees
from overlap.io._source import Source, read_source
from overlap.io.boundary import reads_file
from overlap.io.printable import brief
from overlap.io.residue_categories import (
    D_AMINO_ACIDS,
    EVERYTHING,
    as_category,
    category_of,
    residue_name,
    unusual_names,
)
from overlap.io.residues import ResidueTable

__all__ = ["ANGLE_COLUMNS", "is_angle_table", "read_angles"]

#: Accepted names of each field, without punctuation, as in `overlap.io.tables.COLUMN_NAMES`.
ANGLE_COLUMNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "phi": (("phi",),),
    "psi": (("psi",),),
    "omega": (("omega",),),
    "category": (("category", "ramacategory"),),
    "resname": (("resname", "residue", "residuename", "resn", "aminoacid", "aa"),),
    "next_resname": (("nextresname", "nextresidue", "next"),),
    "structure": (("structure", "pdb", "pdbid", "entry", "file", "filename"),),
    "chain": (("chain", "chainid"),),
    "seqid": (("seqid", "resid", "resseq", "resnum", "residuenumber"),),
    "model": (("model",),),
    "weight": (("weight", "weights"),),
}
_NEEDED = ("phi", "psi")
_ANGLES = ("phi", "psi", "omega")
_WORDS = ("category", "resname", "next_resname", "structure", "chain", "seqid", "model")
_UNDEFINED = ("", "na", "n/a", "nan", "none", "null", "-", ".", "?")
_UNDEFINED_MARK = 360.0  # mkdssp writes it for an undefined angle
_FEWEST = 3  # so many rows near 0, 0 are no residues in degrees: atoms would overlap
_TURN = 2.0 * np.pi * (1 + 1e-6)
_NEAR = 20.0  # degrees: tables of residues go farther from 0, 0
_SEQID = re.compile(r"^(-?\d{1,18})([A-Za-z]?)$")  # int64 holds 18 digits

Unit = Literal["degrees", "radians"]


@reads_file
def read_angles(
    source: Any, *, unit: Unit | None = None, category: str | None = None, cis_limit: float = 90.0
) -> ResidueTable:
    r"""Read a table of backbone angles.

    Parameters
    ----------
    source : path, DataFrame, or mapping from column to values
        CSV file, plain or gzipped, or a table in memory.
    unit : {"degrees", "radians"}, optional
        Of the angles. By default degrees, unless there are three rows or more and no angle is
        beyond 2 pi: then radians, and a finding says so.
    category : str, optional
        Category of all rows, where the table has neither the column ``category`` nor
        ``resname``, from which it follows; by default ``"all"``.
    cis_limit : float
        A proline is cis where the absolute omega is below this many degrees.

    Returns
    -------
    ResidueTable
        Angles in [-180, 180). Rows with an undefined angle (an empty cell, ``nan``, or 360.0 as
        mkdssp writes it), without a residue name or of a D-amino acid do not count, and
        `left_out` says so. Residues with names that are not known count as general, and a finding
        counts them.

    Raises
    ------
    ValueError
        A column is missing or there twice, an angle is no number or beyond a turn, a category
        is unknown, a residue name is none, or a weight is negative.
    OSError
        The file is missing or unreadable.

    Examples
    --------
    >>> table = read_angles({"phi": [-63, 360.0], "psi": [-42, 130], "category": ["Gly", "Gly"]})
    >>> table.phi, table.category[0], table.left_out.tolist()
    (array([-63.,  nan]), 'glycine', ['', 'undefined angle'])
    >>> read_angles({"phi": [-1.1, -1.2, -2.0], "psi": [-0.7, -0.8, 2.4]}).phi.round(1)
    array([ -63. ,  -68.8, -114.6])
    """
    if unit not in (None, "degrees", "radians"):
        raise ValueError(f"unit = {unit!r} is not 'degrees' or 'radians'")
    fallback = EVERYTHING if category is None else as_category(category)
    columns, where, name, sha256 = _columns_of(source)
    for field in _WORDS:
        _check_words(columns.get(field, ()), field, where)
    count = len(columns["phi"])
    angles = {
        field: _angles(columns[field], field, where) if field in columns else np.full(count, np.nan)
        for field in _ANGLES
    }
    findings: list[str] = []
    unit, notes = _to_degrees(angles, unit, where, findings)
    weight = _weights(columns["weight"], where) if "weight" in columns else np.ones(count)
    categories = _categories(columns, angles["omega"], fallback, where, cis_limit, notes, findings)
    left_out = np.full(count, "", dtype=object)
    left_out[np.array([not entry for entry in categories], dtype=bool)] = "proline without omega"
    if "resname" in columns and "category" not in columns:
        nameless = np.array([_void(name) for name in columns["resname"]], dtype=bool)
        left_out[nameless] = "no residue name"
        mirrored = [name in D_AMINO_ACIDS for name in _residue_names(columns["resname"], where)]
        left_out[np.array(mirrored, dtype=bool)] = "D-amino acid"
    left_out[weight == 0.0] = "weight 0"
    left_out[np.isnan(angles["phi"] + angles["psi"])] = "undefined angle"
    names: dict[str, Any] = {
        name: [_word(entry) for entry in columns[name]]
        for name in ("structure", "chain", "resname")
        if name in columns
    }
    table = ResidueTable.of_columns(
        {
            **names,
            **_numbers(columns, where),
            **angles,
            "category": categories,
            "weight": weight,
            "left_out": left_out,
        },
        sources=((name, sha256),),
        settings={"kind": "angles", "unit": unit, "cis_limit": cis_limit},
    )
    reasons = table.left_out_counts()
    if reasons:
        listed = ", ".join(f"{number} {reason}" for reason, number in reasons.items())
        notes.append(f"{sum(reasons.values())} of {count} rows do not count: {listed}")
    return replace(table, notes=tuple(notes), findings=tuple(findings))


def is_angle_table(content: Source) -> bool:
    """Tell whether the first line of a file names columns of angles.

    Parameters
    ----------
    content : Source
    """
    head = content.data.lstrip()[:4096].partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    names = {plain_name(cell) for cell in re.split(r"[,;\t]", head)}
    return {"phi", "psi"} <= names


def _columns_of(source: Any) -> tuple[dict[str, list[Any]], Where, str, str | None]:
    """Return columns by field, names of rows for messages, and name and digest of the input."""
    if isinstance(source, str | os.PathLike | Source):
        content = source if isinstance(source, Source) else read_source(os.fspath(source))
        table = read_cells(content, "CSV with phi and psi")
        if not table.rows:
            raise ValueError(f"{content.name}: has no rows below the line of names")
        place = find_columns(table.header, ANGLE_COLUMNS, _NEEDED, content.name)
        cells = {field: table.column(at) for field, at in place.items()}
        return cells, table.where, content.name, content.sha256
    if not hasattr(source, "keys"):
        raise TypeError(
            f"angles: got {type(source).__name__}; wanted a path, a DataFrame, or a mapping from "
            "column to values"
        )
    name = "a mapping" if isinstance(source, Mapping) else type(source).__name__
    names = list(source.keys())
    values = {
        field: [None if _missing(entry) else entry for entry in source[names[at]]]
        for field, at in find_columns(names, ANGLE_COLUMNS, _NEEDED, name).items()
    }
    lengths = {field: len(column) for field, column in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name}: columns have different lengths: {lengths}")
    return values, lambda row: f"{name}, row {row}", name, None


def _angles(values: Sequence[Any], field: str, where: Where) -> NDArray[np.float64]:
    """Return the numbers of a column; missing ones are NaN."""
    kinds = set(map(type, values))
    if kinds <= {str, int, float, np.float64, type(None)}:
        try:
            quick = np.array(list(map(float, values)))
        except (TypeError, ValueError, OverflowError):
            quick = np.array([np.inf])
        odd = str in kinds and any("_" in x for x in values if isinstance(x, str))
        if not odd and not np.isinf(quick).any():
            return quick  # which of the cells is none of a plain table, what follows says
    result = np.full(len(values), np.nan)
    rows = np.array([row for row, value in enumerate(values) if not _void(value)], dtype=np.int64)
    given = [values[row] for row in rows.tolist()]
    result[rows] = to_float64(given, field, lambda row: where(int(rows[row])), unit="")
    return result


def _void(value: Any) -> bool:
    return value.lower() in _UNDEFINED if isinstance(value, str) else _missing(value)


def _missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, or the NA of pandas."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True


def _check_words(values: Sequence[Any], field: str, where: Where) -> None:
    """Refuse values of a column of names that are neither text nor numbers."""
    if set(map(type, values)) <= {str, int, float, type(None)}:
        return
    for row, value in enumerate(values):
        word = isinstance(value, str | int | float | np.integer | np.floating)
        if isinstance(value, bool) or not (word or _missing(value)):
            raise ValueError(f"{where(row)}: {field} is {brief(value)}; wanted a name or a number")


def _word(value: Any) -> str:
    """Return a name as text; a whole number has no decimals, and a missing name is empty."""
    if value is None:
        return ""
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value) if whole else value).strip()


def _to_degrees(
    angles: dict[str, NDArray[np.float64]],
    unit: Unit | None,
    where: Where,
    findings: list[str],
) -> tuple[Unit, list[str]]:
    """Bring the angles into -180 to 180 degrees, in place; return their unit, and notes."""
    notes = []
    marked = sum(int((angles[field] == _UNDEFINED_MARK).sum()) for field in ("phi", "psi"))
    if marked:
        notes.append(f"{marked} angles are 360.0, the mark of mkdssp for no angle")
    for angle in angles.values():
        angle[angle == _UNDEFINED_MARK] = np.nan
    both = np.abs(np.stack([angles["phi"], angles["psi"]]))
    known = both[:, ~np.isnan(both).any(axis=0)]
    if unit is None:
        unit = "degrees"
        largest = known.max() if known.size else np.inf
        if known.shape[1] >= _FEWEST and largest <= _TURN:
            unit = "radians"
        largest_of = np.nanmax(known, axis=1, initial=0.0) if known.size else [np.inf] * 2
        small = int(largest_of[0] > largest_of[1])
        if known.shape[1] >= _FEWEST and largest_of[small] <= _TURN < _NEAR < largest:
            names = list(angles)
            raise ValueError(
                f"{where(0)} and below: {names[small]} is never beyond {largest_of[small]:.4g}, "
                f"as radians are, and {names[1 - small]} is up to {largest:.4g}; give both in one "
                "unit, or say unit='degrees' if they are"
            )
        omega = np.abs(angles["omega"][~np.isnan(angles["omega"])])
        if len(omega) >= _FEWEST and omega.max() <= _TURN < _NEAR < largest < np.inf:
            raise ValueError(
                f"{where(0)} and below: omega is never beyond {omega.max():.4g}, as radians are, "
                f"and phi and psi are up to {largest:.4g}; give all in one unit, or say "
                "unit='degrees' if they are"
            )
        near = int((known <= _TURN).all(axis=0).sum())
        if near >= _FEWEST and unit == "degrees" and 2 * near > known.shape[1]:
            raise ValueError(
                f"{where(0)} and below: {near} of {known.shape[1]} rows have phi and psi within "
                f"2 pi of 0, where no residue is, and an angle is up to {largest:.4g}; give all in "
                "one unit and leave undefined angles empty, or say unit='degrees' if they are"
            )
        if largest <= _NEAR:
            other = "degrees" if unit == "radians" else "radians"
            findings.append(
                f"no angle is beyond {largest:.4g}: they are read as {unit}; say the unit if they "
                f"are {other}"
            )
    turned = 0
    wanted = "-pi to pi, or 0 to 2 pi" if unit == "radians" else "-180 to 180, or 0 to 360"
    for field, angle in angles.items():
        beyond = np.flatnonzero(
            np.abs(angle) > (_TURN if unit == "radians" else 360.0 * (1 + 1e-6))
        )
        if beyond.size:
            at = int(beyond[0])
            raise ValueError(
                f"{where(at)}: {field} is {float(angle[at]):g} {unit}; wanted {wanted}"
            )
        if unit == "radians":
            np.degrees(angle, out=angle)
        turned += int((np.abs(angle) > 180.0 * (1 + 1e-6)).sum())
        angle[:] = wrapped_degrees(angle)
    if turned:
        notes.append(f"{turned} angles beyond 180 degrees were brought into -180 to 180")
    return unit, notes


def _weights(values: Sequence[Any], where: Where) -> NDArray[np.float64]:
    weight = to_float64(values, "weight", where, unit="")
    low = np.flatnonzero(weight < 0.0)
    if low.size:
        at = int(low[0])
        raise ValueError(f"{where(at)}: weight is {float(weight[at]):g}; wanted 0 or more")
    return weight


def _categories(
    columns: Mapping[str, Sequence[Any]],
    omega: NDArray[np.float64],
    fallback: str,
    where: Where,
    cis_limit: float,
    notes: list[str],
    findings: list[str],
) -> list[str]:
    """Return the category of each row, and notes on rows whose category cannot be told."""
    if "category" in columns:
        known: dict[Any, str] = {}
        for row, entry in enumerate(columns["category"]):
            if entry not in known:
                try:
                    known[entry] = as_category(str(entry))
                except ValueError as error:
                    raise ValueError(f"{where(row)}: {error}") from None
        return [known[entry] for entry in columns["category"]]
    if "resname" not in columns:
        return [fallback] * len(omega)
    names = _residue_names(columns["resname"], where)
    behind = _residue_names(columns.get("next_resname", [""] * len(names)), where)
    findings += unusual_names(name for name in names if name not in D_AMINO_ACIDS)
    if "next_resname" not in columns:
        notes.append(
            "the table does not say which residue follows (next_resname): residues before proline "
            "are in the category of their own name"
        )
    return [
        category_of(name, following, angle, cis_limit=cis_limit) if name else ""
        for name, following, angle in zip(names, behind, omega.tolist(), strict=True)
    ]


def _residue_names(values: Sequence[Any], where: Where) -> list[str]:
    """Return residue names in three letters; empty where there is none."""
    known: dict[Any, str] = {}
    for row, entry in enumerate(values):
        if entry not in known:
            try:
                known[entry] = "" if _void(entry) else residue_name(_word(entry))
            except ValueError as error:
                raise ValueError(f"{where(row)}: {error}") from None
    return [known[entry] for entry in values]


def _numbers(columns: Mapping[str, Sequence[Any]], where: Where) -> dict[str, Any]:
    """Return the columns of whole numbers: model, and seqid with its insertion code."""
    result: dict[str, Any] = {}
    for field in ("seqid", "model"):
        if field not in columns:
            continue
        parts = []
        for row, entry in enumerate(columns[field]):
            match = _SEQID.match(_word(entry))
            if match is None or (field == "model" and match[2]):
                raise ValueError(f"{where(row)}: {field} is {brief(entry)}; wanted a whole number")
            parts.append(match.groups())
        result[field] = [int(number) for number, _ in parts]
        if field == "seqid":
            result["icode"] = [code for _, code in parts]
    return result
