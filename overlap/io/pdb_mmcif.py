"""PDB and mmCIF files: structures and their chains, parsed with gemmi.

gemmi takes residues of one chain that have the same number and name for one residue, wherever in
the file they are. Where chains share a name and their numbers begin anew, this would merge them;
so the file is looked through first, and where a chain begins anew, it is told to gemmi.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from overlap.io._paths import suffix_of
from overlap.io._source import Source
from overlap.io.printable import brief

__all__ = ["STRUCTURE_SUFFIXES", "Part", "import_gemmi", "is_prediction", "parse_structure"]

#: Suffixes of structure files, each also with ``.gz``.
STRUCTURE_SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif")
_PDB_RECORDS = (b"HEADER", b"TITLE ", b"ATOM  ", b"HETATM", b"CRYST1", b"REMARK", b"MODEL ")
_ATOMS, _MODELS = (b"ATOM", b"HETA"), (b"MODE", b"ENDM")  # how records begin
# Numbers that Python and gemmi read alike. Lines of PDB files have no exponents.
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_PDB_NUMBER = re.compile(rb" *[-+]?(\d+\.?\d*|\.\d+) *")
_FARTHEST = 1e7  # Ångström
_BACKBONE = ("N", "CA", "C")
#: Column of mmCIF, and columns of PDB.
_NEEDED = {"B factor": ("B_iso_or_equiv", (60, 66)), "occupancy": ("occupancy", (54, 60))}
_RENAMED = "\x1f"  # between the name of a chain and a number, in mmCIF files that need it

# Of an atom: its chain, as far as the file says so; its number, its site, and itself.
_Record = tuple[Any, int, Any, Any]
#: Residues of a chain, or of another part of a file, and its name.
Part = tuple[str, list[Any]]


def import_gemmi() -> Any:
    """Return the module gemmi.

    Raises
    ------
    ImportError
        It is not installed.
    """
    try:
        import gemmi
    except ImportError as error:
        raise ImportError(
            "protein structures need gemmi: pip install 'overlap-metrics[protein]'"
        ) from error
    return gemmi


def parse_structure(
    content: Source, needs: Sequence[str] = ()
) -> tuple[Any, dict[int, list[Part]], list[str]]:
    """Parse a file, and find where its chains begin.

    Parameters
    ----------
    content : Source
        PDB or mmCIF, told by the suffix, or by the content where that says nothing.
    needs : sequence of {"B factor", "occupancy"}
        Of these N, CA and C have to have a number. Otherwise gemmi's default stands for others.

    Returns
    -------
    structure : gemmi.Structure
    parts : dict from int to list of (str, list of gemmi.Residue)
        By the number of the model, its parts that are not bonded to each other. Several may have
        one name: a part ends at a TER record, where numbers begin anew, and, in mmCIF files, where
        `label_asym_id` changes.
    notes : list of str
        Peculiarities of the file.

    Raises
    ------
    ValueError
        The file is neither, is damaged, has no atoms, or not all of them could be read.
    """
    name = content.name
    suffix = suffix_of(name)
    text = content.data.decode("utf-8", errors="replace")
    start = content.data.removeprefix(codecs.BOM_UTF8).lstrip()
    cif = suffix in (".cif", ".mmcif")
    if cif and start.startswith(_PDB_RECORDS):
        raise ValueError(f"{name}: its content is PDB; rename it to end in .pdb")
    if not cif and suffix in STRUCTURE_SUFFIXES and start[:5].lower() == b"data_":
        raise ValueError(f"{name}: its content is mmCIF; rename it to end in .cif")
    if cif or (suffix not in STRUCTURE_SUFFIXES and _is_cif(text)):
        structure, keys, count, notes = _parse_cif(name, text, needs)
    elif suffix in STRUCTURE_SUFFIXES or content.data.lstrip().startswith(_PDB_RECORDS):
        structure, keys, count, notes = _parse_pdb(content, needs)
    else:
        raise ValueError(f"{name}: is neither a PDB nor an mmCIF file")
    read = _atoms(structure)
    chains = [(model.num, chain) for model in structure for chain in model]
    if read != count or len(chains) != len(keys):
        raise ValueError(
            f"{name}: has {count:,} atoms, of which {read:,} could be read; look for lines "
            "between or behind its models"
        )
    parts: dict[tuple[int, Any], Part] = {}
    for (number, chain), key in zip(chains, keys, strict=True):
        for residue in chain:
            # chains of PDB files without a name may be told apart by their segments
            title = chain.name.partition(_RENAMED)[0] or residue.segment.strip()
            place = number, (key, title, residue.subchain)
            parts.setdefault(place, (title, []))[1].append(residue)
    by_model: dict[int, list[Part]] = {model.num: [] for model in structure}
    for (number, _), part in parts.items():
        by_model[number].append(part)
    return structure, by_model, notes


def is_prediction(content: Source) -> bool:
    """Tell whether a file says that it was predicted, as files of AlphaFold do.

    Parameters
    ----------
    content : Source
    """
    head = content.data[:20_000].upper()
    return b"ALPHAFOLD" in head or b"PLDDT" in head or b"_ma_qa_metric" in content.data


def _atoms(structure: Any) -> int:
    return sum(model.count_atom_sites() for model in structure)


def _is_cif(text: str) -> bool:
    return any(line[:5].lower() == "data_" for line in text.splitlines())


def _parse_cif(
    name: str, text: str, needs: Sequence[str]
) -> tuple[Any, Sequence[Any], int, list[str]]:
    gemmi = import_gemmi()
    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        message = " ".join(str(error).split()).replace("string:", "line ", 1)[:300]
        raise ValueError(f"{name}: is no readable mmCIF file ({message})") from None
    blocks = [block for block in document if len(block.find_loop("_atom_site.Cartn_x"))]
    if not blocks:
        raise ValueError(f"{name}: has no atoms (no _atom_site with coordinates)")
    block, notes = blocks[0], []
    if len(blocks) > 1:
        notes.append(
            f"{name} has {len(blocks)} data blocks with atoms, of which only the first is read: "
            f"{block.name}"
        )
    for axis in "xyz":
        for row, value in enumerate(block.find_loop(f"_atom_site.Cartn_{axis}")):
            if value not in ("?", ".") and not _is_place(value.partition("(")[0]):
                raise ValueError(
                    f"{name}: Cartn_{axis} of atom {row + 1} is {brief(value)}; wanted a number of "
                    f"Ångström"
                )
    for what in needs:
        column = list(block.find_loop(f"_atom_site.{_NEEDED[what][0]}"))
        atoms = block.find_loop(_first_tag(block, "label_atom_id", "auth_atom_id"))
        odd = next(
            (
                k
                for k, (atom, value) in enumerate(zip(atoms, column, strict=False))
                if atom in _BACKBONE and not _is_place(value.partition("(")[0])
            ),
            None,
        )
        if odd is not None or not column:
            where = "" if odd is None else f" of atom {odd + 1} is {brief(column[odd])}"
            raise ValueError(f"{name}: its {what}{where or ' is missing'}; {_no_filter(what)}")
    records = list(_cif_records(block))
    begins = set(_restarts(records))
    if begins:
        column = block.find_loop(_first_tag(block, "auth_asym_id", "label_asym_id"))
        again: Counter[Any] = Counter()
        for row, (key, *_) in enumerate(records):
            again[key] += row in begins
            if again[key]:
                column[row] = gemmi.cif.quote(f"{column.str(row)}{_RENAMED}{again[key]}")
    try:
        structure = gemmi.make_structure_from_block(block)
    except Exception as error:  # of several classes
        reason = brief(" ".join(str(error).split()))
        raise ValueError(f"{name}: its atoms cannot be read ({reason})") from None
    keys = [chain.name for model in structure for chain in model]
    return structure, keys, len(records), notes


def _no_filter(what: str) -> str:
    rule = "max_b_factor" if what == "B factor" else "min_occupancy"
    return f"wanted a number, because {rule} is given"


def _is_place(text: str) -> bool:
    """Tell whether a text is a coordinate whose square does not overflow."""
    return _NUMBER.fullmatch(text) is not None and abs(float(text)) < _FARTHEST


def _first_tag(block: Any, *names: str) -> str:
    """Return the full name of the first column of atoms that exists; empty if none does."""
    tags = (f"_atom_site.{name}" for name in names)
    return next((tag for tag in tags if len(block.find_loop(tag))), "")


def _cif_records(block: Any) -> Iterable[_Record]:
    count = len(block.find_loop("_atom_site.Cartn_x"))
    columns = []
    for names in (
        ("pdbx_PDB_model_num",), ("auth_asym_id", "label_asym_id"), ("auth_seq_id", "label_seq_id"),
        ("pdbx_PDB_ins_code",), ("label_atom_id", "auth_atom_id"), ("label_alt_id",),
    ):  # fmt: skip
        tag = _first_tag(block, *names)
        columns.append(list(block.find_loop(tag)) if tag else [""] * count)
    for model, chain, number, icode, atom, altloc in zip(*columns, strict=True):
        yield (model, chain), _whole(number), (number, icode), (atom, altloc)


def _whole(text: Any) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _parse_pdb(content: Source, needs: Sequence[str]) -> tuple[Any, Sequence[Any], int, list[str]]:
    gemmi = import_gemmi()
    name, lines = content.name, content.data.splitlines()
    atoms = [at for at, line in enumerate(lines) if line[:4].upper() in _ATOMS]
    if not atoms:
        raise ValueError(f"{name}: has no atoms (no ATOM or HETATM record)")
    _check_coordinates(name, lines, atoms)
    for what in needs:
        place = slice(*_NEEDED[what][1])
        for at in atoms:
            own = lines[at][12:16].strip().decode("ascii", errors="replace") in _BACKBONE
            if own and not _PDB_NUMBER.fullmatch(lines[at][place]):
                shown = lines[at][place].decode("ascii", errors="replace")
                raise ValueError(f"{name}, line {at + 1}: {what} is {shown!r}; {_no_filter(what)}")
    notes = []
    # END ends a file; where atoms follow, it was meant to end a model, as VMD writes it
    inner = [at for at in range(atoms[0], atoms[-1]) if lines[at].strip() in (b"END", b"end")]
    for at in inner:
        lines[at] = b"ENDMDL"
    if inner:
        notes.append(f"{name} has atoms behind END: they are read as further models")
    runs, unique = _pdb_runs(lines)
    begins = set() if unique else set(_restarts(_pdb_records(lines)))
    keys: list[Any] = []
    again: Counter[Any] = Counter()
    key: Any = None
    for row in sorted({*runs, *begins}):
        key = runs.get(row, key)
        again[key] += row in begins
        keys.append((key, again[key]))
    for row in sorted(begins, reverse=True):
        lines.insert(atoms[row], b"TER")
    try:
        structure = gemmi.read_pdb_string(b"\n".join([*lines, b""]), split_chain_on_ter=True)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: {' '.join(str(error).split())[:300]}") from None
    return structure, keys, len(atoms), notes


def _pdb_runs(lines: list[bytes]) -> tuple[dict[int, Any], bool]:
    """Return the atoms with which chains of gemmi begin, and the chain of the file of each.

    Also whether no atom of a model has the name, chain and number of another.
    """
    runs: dict[int, Any] = {}
    ends: Counter[bytes] = Counter()
    places: set[bytes] = set()
    model = row = before = 0
    chain: bytes | None = None
    unique = True
    for line in lines:
        kind = line[:4].upper()
        if kind in _ATOMS:
            if line[20:22].strip() != chain:
                chain = line[20:22].strip()
                runs[row] = model, chain, ends[chain]
            places.add(line[12:17] + line[20:27])
            row += 1
        elif kind[:3] == b"TER":
            if chain is not None:
                ends[chain] += 1
            chain = None
        elif kind in _MODELS:
            unique = unique and len(places) == row - before
            model, before, chain = model + 1, row, None
            ends.clear()
            places.clear()
    return runs, unique and len(places) == row - before


def _pdb_records(lines: list[bytes]) -> Iterable[_Record]:
    model, chain = 0, b""
    ends: Counter[bytes] = Counter()
    for line in lines:
        kind = line[:4].upper()
        if kind in _ATOMS:
            chain = line[20:22].strip()
            yield (model, chain, ends[chain]), _whole(line[22:26]), line[22:27], line[12:17]
        elif kind[:3] == b"TER":
            ends[chain] += 1
        elif kind in _MODELS:
            model += 1
            ends.clear()


def _restarts(records: Iterable[_Record]) -> list[int]:
    """Return the atoms at which another chain begins although the file does not say so.

    A chain has every atom of a site once. Where one comes again, apart from the first, another
    chain began: where numbers last went down, or else where this site begins.

    Parameters
    ----------
    records : iterable of (chain, number, site, atom)
        One for each atom.
    """
    begins: list[int] = []
    chains: dict[Any, _Chain] = {}
    for index, (key, number, site, atom) in enumerate(records):
        chain = chains.setdefault(key, _Chain())
        chain.go_to(index, number, site)
        mine, others = chain.runs[-1].atoms, chain.seen.setdefault(site, set())
        if atom in others and atom not in mine:
            begins.append(chain.restart())
            others = chain.seen[site]
        mine.add(atom)
        others.add(atom)
    return sorted(begins)


class _Run(NamedTuple):
    """Records of one site that follow each other."""

    first: int
    number: int
    site: Any
    atoms: set[Any]


class _Chain:
    """State of a chain while a file is read: its runs, the atoms of its sites, its last restart."""

    def __init__(self) -> None:
        self.runs: list[_Run] = []
        self.seen: dict[Any, set[Any]] = {}
        self.down = 0

    def go_to(self, index: int, number: int, site: Any) -> None:
        if self.runs and self.runs[-1].site == site:
            return
        if self.runs and number < self.runs[-1].number:
            self.down = len(self.runs)
        self.runs.append(_Run(index, number, site, set()))

    def restart(self) -> int:
        """Begin another chain at an earlier run, and return the first record of that."""
        self.runs = self.runs[self.down or -1 :]
        self.seen, self.down = {}, 0
        for run in self.runs:
            self.seen.setdefault(run.site, set()).update(run.atoms)
        return self.runs[0].first


def _check_coordinates(name: str, lines: list[bytes], atoms: list[int]) -> None:
    """Refuse coordinates that are no numbers, which gemmi would read as 0."""
    for at in atoms:
        line = lines[at]
        if not all(_PDB_NUMBER.fullmatch(line[k : k + 8]) for k in (30, 38, 46)):
            shown = line[30:54].decode("ascii", errors="replace")
            raise ValueError(
                f"{name}, line {at + 1}: {shown!r} are no coordinates; wanted three "
                "numbers in columns 31 to 54"
            )
