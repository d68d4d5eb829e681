"""
The oldest model
================

Which pairs of angles can a residue have? Take the atoms of alanine dipeptide as hard spheres, turn
the two bonds of its alpha carbon, and look which atoms come too close. Ramachandran, Ramakrishnan
and Sasisekharan drew the first such map in 1963. Here it becomes
:doc:`regions of the torus </guides/ramachandran>`, which can be scored.

``python examples/alanine_dipeptide.py`` draws it to ``alanine_dipeptide.png``. With a second
argument, the folder of the Top8000 grids (``Top8000_ramachandran_pct_contour_grids`` of
``github.com/rlabduke/reference_data``), it also scores the map against residues of proteins.
"""

import itertools
import sys

import numpy as np

import overlap as ov

STEP = 2.0  # degrees

# %%
# Two flat peptide units around one alpha carbon, without the hydrogens of methyl groups. Lengths in
# Å and angles in degrees, about those of Ramachandran & Sasisekharan, Adv. Protein Chem. 23,
# 283-437 (1968). An atom is placed behind three others: distance, angle and dihedral.

LENGTHS = {
    "N-CA": 1.47, "CA-C": 1.53, "C-N": 1.32, "C-O": 1.24, "N-H": 1.00, "CA-CB": 1.54, "CA-HA": 1.09,
}  # fmt: skip


def place(a, b, c, length, angle, dihedral):
    """Return the point behind a, b and c; `dihedral` may have any shape."""
    angle, turn = np.radians(angle), np.radians(np.asarray(dihedral))[..., None]
    along = (c - b) / np.linalg.norm(c - b, axis=-1, keepdims=True)
    normal = np.cross(b - a, along)
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    beside = np.cross(normal, along)
    way = np.sin(angle) * (np.cos(turn) * beside + np.sin(turn) * normal) - np.cos(angle) * along
    return c + length * way


def atoms(phi, psi, tau=110.0):
    """Return the atoms of both units by name, for angles of any common shape."""
    d = LENGTHS
    n = np.zeros(3)
    ca = np.array([d["N-CA"], 0.0, 0.0])
    turn = np.radians(180.0 - tau)
    c = ca + d["CA-C"] * np.array([np.cos(turn), np.sin(turn), 0.0])
    built = {"N": n, "CA": ca, "C": c}
    # The other two bonds of the alpha carbon of an L residue lie across, 109.5 degrees apart.
    to_n, to_c = (n - ca) / d["N-CA"], (c - ca) / d["CA-C"]
    back = -(to_n + to_c) / np.linalg.norm(to_n + to_c)
    up = np.cross(to_n, to_c) / np.linalg.norm(np.cross(to_n, to_c))
    half = np.radians(0.5 * 109.5)
    built["CB"] = ca + d["CA-CB"] * (np.cos(half) * back + np.sin(half) * up)
    built["HA"] = ca + d["CA-HA"] * (np.cos(half) * back - np.sin(half) * up)
    built["C-"] = place(c, ca, n, d["C-N"], 123.0, phi)
    built["H"] = place(c, ca, n, d["N-H"], 114.0, phi + 180.0)
    built["O-"] = place(ca, n, built["C-"], d["C-O"], 125.0, 0.0)
    built["CA-"] = place(ca, n, built["C-"], d["CA-C"], 114.0, 180.0)
    built["N+"] = place(n, ca, c, d["C-N"], 114.0, psi)
    built["O"] = place(n, ca, c, d["C-O"], 121.0, psi + 180.0)
    built["CA+"] = place(ca, c, built["N+"], d["N-CA"], 123.0, 180.0)
    built["H+"] = place(ca, c, built["N+"], d["N-H"], 123.0, 0.0)
    return built


# %%
# Least distances in Å: what is normal, and an outer limit that is seen now and then (Ramakrishnan &
# Ramachandran, Biophys. J. 5, 909-933 (1965)).

LIMITS = {
    "CC": (3.2, 3.0), "CO": (2.8, 2.7), "CN": (2.9, 2.8), "CH": (2.4, 2.2), "OO": (2.8, 2.7),
    "NO": (2.7, 2.6), "HO": (2.4, 2.2), "NN": (2.7, 2.6), "HN": (2.4, 2.2), "HH": (2.0, 1.9),
}  # fmt: skip


def room(tau=110.0, limit=0):
    """Return by how much the closest pair clears its least distance, as a grid of both angles."""
    axis = np.arange(-180.0 + 0.5 * STEP, 180.0, STEP)
    built = atoms(axis[:, None], axis, tau)
    least = np.full((len(axis), len(axis)), np.inf)
    for a, b in itertools.combinations(built, 2):
        distance = np.linalg.norm(built[a] - built[b], axis=-1)
        if np.ptp(distance) > 1e-6:  # the others do not turn with respect to each other
            kinds = "".join(sorted(a[0] + b[0]))
            least = np.minimum(least, distance - LIMITS[kinds][limit])
    return ov.PeriodicGrid(least, quantity="other")


# %%
# The regions are where there is room: level 0 of a continuous function, not a count of cells. They
# grow as the angle at the alpha carbon opens.

TAUS = (105.0, 110.0, 115.0)
maps = {tau: [room(tau, limit) for limit in (0, 1)] for tau in TAUS}
allowed = {tau: ov.Polygons.concat([x.region(0.0) for x in grids]) for tau, grids in maps.items()}
for tau, regions in allowed.items():
    share = 100.0 * regions.area() / 360.0**2
    print(
        f"N-CA-C {tau:.0f}: {share[0]:.1f} % of the plane normally allowed, "
        f"{share[1]:.1f} % within the outer limit"
    )

# %%
# Where are they? ABEGO names four rectangles, of which B and E go over the upper edge.

ABEGO = {
    "A": (-180.0, -75.0, 0.0, 50.0),
    "B": (-180.0, 50.0, 0.0, 285.0),
    "G": (0.0, -100.0, 180.0, 100.0),
    "E": (0.0, 100.0, 180.0, 260.0),
}
rectangles = ov.Polygons(
    [[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in ABEGO.values()], period=(360.0, 360.0)
)
shares = ov.coverage.pairwise(allowed[110.0], rectangles)
for name, row in zip(("normally allowed", "outer limit"), shares, strict=True):
    print(name, "lies in", {key: float(x.round(3)) for key, x in zip(ABEGO, row, strict=True)})

# %%
# How good a model of proteins is it? With real grids: the intersection over union of each map with
# the region that holds 98 % of the residues, and how many residues the map allows.


def compare(folder):
    """Print scores against the favored residues of proteins, and return their regions."""
    from overlap.io import read_rama_grids

    library = read_rama_grids(folder).grids["general"]
    real, masses = library.region([0.02, 0.0005]), library.masses()
    for tau, grids in maps.items():
        iou = ov.iou(allowed[tau], real[:1])
        held = [grid.region(0.0, density=masses).measure()[0] for grid in grids]
        for name, score, share in zip(("normal", "outer"), iou, held, strict=True):
            print(f"N-CA-C {tau:.0f}, {name}: IoU {score:.3f}, {100 * share:.1f} % of residues")
    return real


def draw(path, real=None):
    """Draw steric maps of alanine dipeptide at three angles of the alpha carbon."""
    from overlap.plot import RamachandranPanel, draw_ramachandran

    panels = []
    for tau, regions in allowed.items():
        share = 100.0 * regions.area() / 360.0**2
        note = f"{share[0]:.1f} % and {share[1]:.1f} % of the plane"
        panels.append(RamachandranPanel(f"N–Cα–C {tau:.0f}°", found=regions, truth=real, note=note))
    draw_ramachandran(
        panels,
        path=path,
        names=("hard spheres", "proteins"),
        levels=("normally allowed", "outer limit") if real is None else ("inner", "outer"),
    )


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "alanine_dipeptide.png"
    regions = compare(sys.argv[2]) if len(sys.argv) > 2 else None
    draw(where, regions)
