"""Peptides built from backbone angles, and the files that hold them."""

from __future__ import annotations

import numpy as np

# Bond lengths (Ångström) and angles (degrees) of a peptide: C-N, N-CA, CA-C, and the angle at
# the middle atom of CA-C-N, C-N-CA, N-CA-C.
LENGTHS = {"N": 1.329, "CA": 1.458, "C": 1.525}
BENDS = {"N": 116.2, "CA": 121.7, "C": 111.0}


def place(a, b, c, length, bend, torsion):
    """Put a point behind c, by its distance, its angle and its dihedral angle.

    The point is turned about the axis from b to c by the rotation formula of Rodrigues, from
    where it would be at a dihedral angle of 0, beside a.
    """
    axis = (c - b) / np.linalg.norm(c - b)
    aside = a - b - axis * ((a - b) @ axis)
    aside /= np.linalg.norm(aside)
    t, r = np.radians(bend), np.radians(torsion)
    out = aside * np.cos(r) + np.cross(axis, aside) * np.sin(r)
    return c + length * (-np.cos(t) * axis + np.sin(t) * out)


def backbone(phi, psi, omega):
    """Places of N, CA and C of each residue, shape (n, 3, 3).

    phi[0], psi[-1] and omega[0] are not used; omega[i] is that of the bond before residue i.
    """
    first = np.array([[0.0, 0.0, 0.0], [1.458, 0.0, 0.0], [2.0, 1.4, 0.0]])
    atoms = list(first)
    for i in range(1, len(phi)):
        for name, torsion in (("N", psi[i - 1]), ("CA", omega[i]), ("C", phi[i])):
            atoms.append(place(*atoms[-3:], LENGTHS[name], BENDS[name], torsion))
    return np.array(atoms).reshape(-1, 3, 3)


def atoms_of(places, names, *, chain="A", first=1, altloc="", occupancy=1.0, b_factor=10.0):
    """Rows of atoms: dictionaries that `pdb_text` and `cif_text` write."""
    return [
        {
            "name": atom, "altloc": altloc, "resname": resname, "chain": chain,
            "seqid": first + i, "icode": "", "place": place, "occupancy": occupancy,
            "b_factor": b_factor, "model": 1,
        }
        for i, (resname, residue) in enumerate(zip(names, places, strict=True))
        for atom, place in zip(("N", "CA", "C"), residue, strict=True)
    ]  # fmt: skip


def pdb_text(atoms, *, resolution=None):
    """Atoms in PDB format; models in the order of their numbers."""
    lines = ["HEADER    MADE FOR TESTS"]
    if resolution is not None:
        lines.append(f"REMARK   2 RESOLUTION.{resolution:8.2f} ANGSTROMS.")
    models = list(dict.fromkeys(atom["model"] for atom in atoms))
    serial = 0
    for model in models:
        if len(models) > 1:
            lines.append(f"MODEL     {model:4d}")
        for atom in atoms:
            if atom["model"] != model:
                continue
            serial += 1
            x, y, z = atom["place"]
            lines.append(
                f"ATOM  {serial:5d}  {atom['name']:<3}{atom['altloc'] or ' '}{atom['resname']:>3} "
                f"{atom['chain']}{atom['seqid']:4d}{atom['icode'] or ' '}   "
                f"{x:8.3f}{y:8.3f}{z:8.3f}{atom['occupancy']:6.2f}{atom['b_factor']:6.2f}"
                f"          {atom['name'][0]:>2}"
            )
        if len(models) > 1:
            lines.append("ENDMDL")
    return "\n".join([*lines, "END", ""])


def cif_text(atoms):
    """Atoms in mmCIF format, with six digits."""
    head = """data_made
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.type_symbol
_atom_site.label_atom_id
_atom_site.label_alt_id
_atom_site.label_comp_id
_atom_site.label_asym_id
_atom_site.label_seq_id
_atom_site.pdbx_PDB_ins_code
_atom_site.Cartn_x
_atom_site.Cartn_y
_atom_site.Cartn_z
_atom_site.occupancy
_atom_site.B_iso_or_equiv
_atom_site.auth_seq_id
_atom_site.auth_asym_id
_atom_site.pdbx_PDB_model_num"""
    rows = [
        " ".join(
            map(
                str,
                [
                    "ATOM", serial, atom["name"][0], atom["name"], atom["altloc"] or ".",
                    atom["resname"], atom["chain"], atom["seqid"], atom["icode"] or "?",
                    *(f"{value:.6f}" for value in atom["place"]), atom["occupancy"],
                    atom["b_factor"], atom["seqid"], atom["chain"], atom["model"],
                ],
            )
        )
        for serial, atom in enumerate(atoms, 1)
    ]  # fmt: skip
    return "\n".join([head, *rows, ""])
