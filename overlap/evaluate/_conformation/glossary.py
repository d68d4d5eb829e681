"""Definitions of the columns of reports on backbone angles."""

from __future__ import annotations

from collections.abc import Mapping

from overlap.io.rama_grids import RamaGrids

from .cutoffs import Cutoffs, Level
from .goals import SOURCE, Goal

__all__ = ["comparison_terms", "residue_terms"]

_CATEGORY = (
    "Kind of residue: glycine, cis- and trans-proline (or proline), residues before proline "
    "(prepro), isoleucine and valine (ileval), and all others (general). The first that fits."
)
_ABEGO = (
    "Where the highest point of the island lies: A (phi below 0, psi from -75 to 50: right-handed "
    "helix), B (phi below 0, other psi: strands), G (phi from 0, psi from -100 to 100: left-handed "
    "helix), E (phi from 0, other psi)."
)


def residue_terms(
    library: RamaGrids, cutoffs: Cutoffs, goals: Mapping[str, Goal]
) -> dict[str, str]:
    """Return definitions of the columns of a report on residues.

    Parameters
    ----------
    library : RamaGrids
    cutoffs : Cutoffs
    goals : mapping from str to Goal
        By verdict; empty without goals.
    """
    low = [(name, cutoffs.allowed[name]) for name in library.grids]
    allowed = ", ".join(f"{name} {100 * cutoff:g} %" for name, cutoff in low)
    terms = {
        "verdict": "Class of a residue by its score: favored, allowed or outlier.",
        "favored": f"Residues with a score of at least {100 * cutoffs.favored:g} %.",
        "allowed": f"Residues that are not favored, with a score of at least: {allowed}.",
        "outliers": "Residues that are neither favored nor allowed.",
        "structures": "Structures with residues that were scored.",
        "goal": (
            f"The goal for a model in {SOURCE}: "
            + "; ".join(f"{verdict} {goal}" for verdict, goal in goals.items())
            + ". The program ramalyze prints < 0.2 % for outliers."
        ),
        "goal met": "Whether the share of this report meets the goal. A share equal to the bound "
        "does not.",
        "goals met": "Goals that the structure meets.",
        "count": "Residues of this verdict, and all residues that were scored.",
        "% of residues": (
            "The share in percent. Residues count by their weights, where a table of angles has "
            "weights."
        ),
        "interval": (
            "Exact binomial interval (Clopper-Pearson) for as many independent residues as the "
            "bootstrap draws are worth."
        ),
        "favored %": "Share of favored residues, in percent.",
        "outliers %": "Share of outliers, in percent.",
        "category": _CATEGORY,
        "residues": "Residues with both angles and a category, that were scored.",
        "structure": "Name of the structure: that of its file, or the column of the table.",
        "model": "Number of the model in its file.",
        "chain": "Name of the chain.",
        "residue": "Number and insertion code of the residue, and its name.",
        "phi": "Angle around the bond N-CA, in degrees.",
        "psi": "Angle around the bond CA-C, in degrees.",
        "score %": (
            "Percentage of the residues of the library, in this category, at the same or a lower "
            "density: interpolation of its grid at phi and psi."
        ),
        "source": "File.",
        "reason": "Why it could not be read.",
        "outlier": "Number of outliers.",
        "unit": "Unit of the shares: 1 is all residues.",
    }
    for verdict in ("favored", "allowed", "outlier"):
        terms[f"{verdict}_share"] = f"Share of {verdict} residues, from 0 to 1."
        for end in ("low", "high"):
            terms[f"{verdict}_{end}"] = f"{end.capitalize()} end of the interval of that share."
    return terms


def comparison_terms(levels: tuple[Level, ...], mass: str, by: str) -> dict[str, str]:
    """Return definitions of the columns of a comparison of regions.

    Parameters
    ----------
    levels : tuple of Level
    mass : str
        Name of the side by whose density regions are weighed.
    by : {"points", "mass"}
        What a level holds a fraction of.
    """
    what = "residues" if by == "points" else "smoothed density"
    said = {
        "favored": "favored leaves out {low} of the {what}",
        "allowed": "allowed leaves out {low}",
    }
    meanings = []
    for level in levels:
        cutoffs = sorted(set(level.cutoffs.values()))
        low = " to ".join(f"{100 * end:g} %" for end in dict.fromkeys((cutoffs[0], cutoffs[-1])))
        text = said.get(level.name, "{name} holds that fraction")
        meanings.append(text.format(low=low, what=what, name=level.name))
    only = "Mass of the part of {} outside {}, under the density of {}."
    terms = {
        "category": _CATEGORY,
        "level": f"Region of the density: {'; '.join(meanings)}.",
        "IoU": "Area of the intersection over that of the union: 1 for equal regions, 0 apart.",
        "GIoU": (
            "IoU, minus the share of the common enclosure outside the union. The enclosure is the "
            "smallest box on the torus. Below 1 also for two equal regions of several islands."
        ),
        "DIoU": (
            "IoU, minus the squared distance of the centers over the squared diagonal of the "
            "common enclosure."
        ),
        "enclosed": (
            "IoU, minus the share of the common enclosure outside both own enclosures: 1 exactly "
            "for equal regions."
        ),
        "mass IoU": (
            f"IoU by probability instead of area, under the density of {mass}. Near 1 where the "
            "peaks are shared."
        ),
        "densities": (
            "Overlap of the two distributions, whatever the level: the sum, over all cells, of the "
            "smaller of the two probabilities. 1 for equal distributions."
        ),
        "Hausdorff, deg": (
            "Hausdorff distance on the torus in degrees: the largest distance of a point of one "
            "region from the other region."
        ),
        "A, deg2": "Area of the region of A, in squared degrees; the whole torus has 129,600.",
        "B, deg2": "Area of the region of B, in squared degrees.",
        "shared, deg2": "Area of the intersection, in squared degrees.",
        "covered A": "Share of the area of A that lies inside the region of B.",
        "covered B": "Share of the area of B that lies inside the region of A.",
        "mass only A": only.format("A", "B", mass),
        "mass only B": only.format("B", "A", mass),
        "islands": "Numbers of connected parts of the region on the torus: A / B.",
        "island": (
            "Fate of the island: matched with one of the other side; or without a partner: "
            "missing or merged (of B), spurious or split (of A)."
        ),
        "matched": "Pairs of islands, one to one, with the largest sum of IoU.",
        "missing": (
            "Islands of B without a partner. Less than half of each lies inside the region of A."
        ),
        "spurious": (
            "Islands of A without a partner. Less than half of each lies inside the region of B."
        ),
        "merged": (
            "Islands of B without a partner. At least half of each lies inside the region of A: "
            "in A they are part of another island."
        ),
        "split": (
            "Islands of A without a partner. At least half of each lies inside the region of B: "
            "in B they are part of another island."
        ),
        "where": _ABEGO,
        "phi": "Phi of the highest point of the island (that of B, if both sides have it).",
        "psi": "Psi of the highest point of the island (that of B, if both sides have it).",
        "mass A": "Probability of the island of A, under the density of A.",
        "mass B": "Probability of the island of B, under the density of B.",
        "residues": "Residues that count, A / B.",
        "input": "A or B.",
        "source": "File.",
        "reason": (
            "Why a number is undefined or another one, or why a file could not be read. Among all "
            "numbers, found is A and truth is B."
        ),
        # columns of the rows with all numbers
        "intersection": "Area of the intersection, in squared degrees.",
        "hausdorff": "Hausdorff distance on the torus, in degrees.",
        "hausdorff_error": "How much larger the exact distance may be, in degrees.",
    }
    same = {
        "iou": "IoU", "giou": "GIoU", "diou": "DIoU", "giou_enclosed": "enclosed",
        "mass_iou": "mass IoU", "density_overlap": "densities",
    }  # fmt: skip
    terms |= {name: terms[word] for name, word in same.items()}
    for name in [*same, "hausdorff"]:
        terms[f"{name}_low"] = f"Low end of the interval of {name}."
        terms[f"{name}_high"] = f"High end of the interval of {name}."
    for letter, other in (("A", "B"), ("B", "A")):
        small = letter.lower()
        terms[f"area_{small}"] = f"Area of the region of {letter}, in squared degrees."
        terms[f"covered_{small}"] = terms[f"covered {letter}"]
        terms[f"mass_{small}"] = f"Mass of the region of {letter}, under the density of {mass}."
        terms[f"mass_{small}_only"] = only.format(letter, other, mass)
        terms[f"islands_{small}"] = f"Connected parts of the region of {letter}."
        terms[f"residues_{small}"] = f"Residues of {letter} that count."
    return terms
