"""Categories of residues in Ramachandran plots, and their cutoffs.

Each category has a plot of its own, because its residues can reach other angles: glycine has
no side chain, proline has a ring, branched carbons (isoleucine, valine) and a following proline
take room. A residue that fits several belongs to the first of this order: glycine and proline,
before proline, isoleucine and valine, general (Read et al., Structure 19, 1395-1412, 2011; cctbx,
`mmtbx.validation.ramalyze`). Older libraries have four: all prolines are together, and isoleucine
and valine are general (Lovell et al., Proteins 50, 437-450, 2003).
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from overlap._common.values import ReadOnly
from overlap.io.printable import brief

__all__ = [
    "ALLOWED_CUTOFFS",
    "CATEGORIES",
    "D_AMINO_ACIDS",
    "EVERYTHING",
    "FAVORED_CUTOFF",
    "FOUR_ALLOWED_CUTOFFS",
    "FOUR_CATEGORIES",
    "as_category",
    "category_of",
    "merged_category",
    "residue_name",
    "unusual_names",
]

#: Names of the categories and their residues, in the order of tables and plots.
CATEGORIES: Mapping[str, str] = ReadOnly(
    {
        "general": "all that is in no other category",
        "glycine": "glycine",
        "cispro": "proline after a cis peptide bond",
        "transpro": "proline after a trans peptide bond",
        "prepro": "residues before a proline",
        "ileval": "isoleucine and valine",
    }
)
#: The same of libraries that have four.
FOUR_CATEGORIES: Mapping[str, str] = ReadOnly(
    {
        "general": "all that is in no other category, isoleucine and valine too",
        "glycine": "glycine",
        "proline": "proline",
        "prepro": "residues before a proline",
    }
)
#: The category of angles without any other information.
EVERYTHING = "all"
#: A residue is favored where at most this fraction of the reference lies at lower density.
FAVORED_CUTOFF = 0.02
#: The same for allowed, by category: the values of cctbx for the Top8000 grids.
ALLOWED_CUTOFFS: Mapping[str, float] = ReadOnly(
    {
        "general": 0.0005,
        "glycine": 0.001,
        "cispro": 0.002,
        "transpro": 0.001,
        "proline": 0.002,
        "prepro": 0.001,
        "ileval": 0.001,
        EVERYTHING: 0.0005,
    }
)
#: The same where a library has four categories (Lovell et al., 2003).
FOUR_ALLOWED_CUTOFFS: Mapping[str, float] = ReadOnly(
    {name: 0.0005 if name in ("general", EVERYTHING) else 0.002 for name in ALLOWED_CUTOFFS}
)

_ALIASES = {
    "gly": "glycine",
    "glysym": "glycine",
    "glycinesym": "glycine",
    "cisproline": "cispro",
    "transproline": "transpro",
    "preproline": "prepro",
    "pro": "proline",
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
        A key of `CATEGORIES` or `FOUR_CATEGORIES`, or ``"all"``.

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
        f"there is no category {brief(name)}; {hint}There are {', '.join(CATEGORIES)}, proline in "
        f"libraries of four categories, and {EVERYTHING} for residues of all kinds"
    )


def merged_category(category: str) -> str:
    """Return the category among four that holds a category of six.

    Parameters
    ----------
    category : str

    Examples
    --------
    >>> [merged_category(name) for name in CATEGORIES]
    ['general', 'glycine', 'proline', 'proline', 'prepro', 'general']
    """
    return {"cispro": "proline", "transpro": "proline", "ileval": "general"}.get(category, category)


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


_LETTERS = {
    "A": "ALA", "C": "CYS", "D": "ASP", "E": "GLU", "F": "PHE", "G": "GLY", "H": "HIS",
    "I": "ILE", "K": "LYS", "L": "LEU", "M": "MET", "N": "ASN", "O": "PYL", "P": "PRO",
    "Q": "GLN", "R": "ARG", "S": "SER", "T": "THR", "U": "SEC", "V": "VAL", "W": "TRP",
    "Y": "TYR",
}  # fmt: skip
_DOUBTFUL = {"B": "ASX", "J": "XLE", "X": "UNK", "Z": "GLX"}
# Names that say which amino acid a residue is. Selenomethionine is methionine here.
_USUAL = {*_LETTERS.values(), "MSE"}
#: Names of the mirror images of the usual amino acids, to which no plot of these applies.
D_AMINO_ACIDS = frozenset(
    "DAL DAR DAS DCY DGL DGN DHI DIL DLE DLY DPN DPR DSG DSN DTH DTR DTY DVA MED".split()
)
_CODE = re.compile(r"(?=.*[A-Z])[A-Z0-9]{2,5}")
_NUMBERED = re.compile(r"([A-Z]{3})[ _-]?\d+[A-Z]?")


def residue_name(text: str) -> str:
    """Return the name of a residue in three letters.

    Parameters
    ----------
    text : str
        Three letters, one letter, or three letters with a number behind, such as ``"GLY12"``;
        case does not matter. Names of the first and last residue of a chain as force fields have
        them, such as ``"NGLY"``, lose their first letter.

    Returns
    -------
    str
        Other names of two to five letters and digits, as modified residues have, are returned as
        they are.

    Raises
    ------
    ValueError
        It is no name of a residue.

    Examples
    --------
    >>> residue_name("g"), residue_name("Pro"), residue_name("VAL7"), residue_name("HYP")
    ('GLY', 'PRO', 'VAL', 'HYP')
    """
    name = text.strip().upper()
    if len(name) == 1 and name in _LETTERS | _DOUBTFUL:
        return (_LETTERS | _DOUBTFUL)[name]
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered[1] in _USUAL:
        return numbered[1]
    if len(name) == 4 and name[0] in "NC" and name[1:] in _USUAL:
        return name[1:]
    if not _CODE.fullmatch(name):
        raise ValueError(
            f"{brief(text)} is no name of a residue; wanted three letters, as GLY, or one, as G"
        )
    return name


def unusual_names(names: Iterable[str]) -> list[str]:
    """Return a note on residues that are no usual amino acids, as a list of at most one.

    Parameters
    ----------
    names : iterable of str
        Of residues that count.

    Examples
    --------
    >>> unusual_names(["GLY", "HYP", "XYZ", "HYP"])
    ['3 residues with other names than the usual ones count as general: HYP 2, XYZ 1']
    """
    odd = Counter(name for name in names if name and name not in _USUAL)
    if not odd:
        return []
    listed = ", ".join(f"{name} {count}" for name, count in odd.most_common(6))
    more = ", ..." if len(odd) > 6 else ""
    count = sum(odd.values())
    words = f"residue{'' if count == 1 else 's'} with other names than the usual ones count"
    return [f"{count:,} {words}{'s' * (count == 1)} as general: {listed}{more}"]
