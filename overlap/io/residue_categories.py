"""The six categories of residues that Ramachandran plots are drawn for, and their cutoffs.

Each category has a plot of its own, because its residues can reach other angles: glycine has
no side chain, proline has a ring, branched carbons (isoleucine, valine) and a following proline
take room. A residue that fits several belongs to the first of this order: glycine and proline,
before proline, isoleucine and valine, general (Lovell et al., Proteins 50, 437-450, 2003; Read
et al., Structure 19, 1395-1412, 2011; cctbx, `mmtbx.validation.ramalyze`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "ALLOWED_CUTOFFS",
    "CATEGORIES",
    "EVERYTHING",
    "FAVORED_CUTOFF",
    "as_category",
    "category_of",
]

#: Names of the categories, and what each holds, in the order of tables and plots.
CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "general": "all that is in no other category",
        "glycine": "glycine",
        "cispro": "proline after a cis peptide bond",
        "transpro": "proline after a trans peptide bond",
        "prepro": "residues before a proline",
        "ileval": "isoleucine and valine",
    }
)
#: The category of angles of which nothing else is known.
EVERYTHING = "all"
#: A residue is favored where at most this fraction of the reference lies at lower density.
FAVORED_CUTOFF = 0.02
#: The same for allowed, by category: the values of cctbx for the Top8000 grids.
ALLOWED_CUTOFFS: Mapping[str, float] = MappingProxyType(
    {
        "general": 0.0005,
        "glycine": 0.001,
        "cispro": 0.002,
        "transpro": 0.001,
        "prepro": 0.001,
        "ileval": 0.001,
        EVERYTHING: 0.0005,
    }
)

_ALIASES = {
    "gly": "glycine",
    "glysym": "glycine",
    "glycinesym": "glycine",
    "cisproline": "cispro",
    "transproline": "transpro",
    "preproline": "prepro",
    "isoleucineorvaline": "ileval",
    "isoleucineandvaline": "ileval",
    "ileorval": "ileval",
    "everything": EVERYTHING,
}


def as_category(name: str) -> str:
    """Return the category of this name; case, spaces and punctuation do not matter.

    Parameters
    ----------
    name : str
        Such as ``"general"``, ``"Gly"``, ``"cis-Pro"``, ``"pre-proline"``, ``"Ile/Val"``, or
        ``"all"`` for angles of residues of all kinds.

    Returns
    -------
    str
        A key of `CATEGORIES`, or ``"all"``.

    Raises
    ------
    ValueError
        There is no such category.

    Examples
    --------
    >>> as_category("Ile/Val"), as_category("cis-Pro")
    ('ileval', 'cispro')
    """
    plain = "".join(letter for letter in name.casefold() if letter.isalnum())
    plain = _ALIASES.get(plain, plain)
    if plain in ALLOWED_CUTOFFS:
        return plain
    close = difflib.get_close_matches(plain, ALLOWED_CUTOFFS, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(
        f"there is no category {name!r}; {hint}There are {', '.join(CATEGORIES)}, and "
        f"{EVERYTHING} for residues of all kinds"
    )


def category_of(
    resname: str, next_resname: str = "", omega: float = float("nan"), *, cis_limit: float = 90.0
) -> str:
    """Return the category of a residue.

    Parameters
    ----------
    resname : str
        Name of the residue in three letters. Modified residues count as general.
    next_resname : str
        Name of the residue bonded behind it; empty where there is none.
    omega : float
        Angle of the peptide bond before it in degrees, of interest for proline only.
    cis_limit : float
        A proline is cis where the absolute omega is below this: 90, or 30 as older programs
        have it.

    Returns
    -------
    str
        Empty for a proline whose omega is NaN: it cannot be told.

    Examples
    --------
    >>> category_of("VAL"), category_of("VAL", "PRO"), category_of("GLY", "PRO")
    ('ileval', 'prepro', 'glycine')
    >>> category_of("PRO", "PRO", 3.0), category_of("PRO", "ALA", -178.0)
    ('cispro', 'transpro')
    """
    if resname == "GLY":
        return "glycine"
    if resname == "PRO":
        if omega != omega:
            return ""
        return "cispro" if abs(omega) < cis_limit else "transpro"
    if next_resname == "PRO":
        return "prepro"
    return "ileval" if resname in ("ILE", "VAL") else "general"
