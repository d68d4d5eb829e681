"""Workers, earlier runs and studies of conformations and residues: nothing changes a number."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import overlap as ov
from overlap.evaluate import (
    conformation,
    conformation_study,
    ramachandran,
    ramachandran_study,
)
from overlap.io import sample_path

REGIONS = {"levels": "favored", "tolerance": None, "min_residues": 50}


@pytest.fixture(scope="module")
def library():
    at = np.radians(np.arange(-175.0, 180.0, 10.0))
    ranks = ((2.0 + np.cos(at + 1.1)[:, None] + np.cos(at + 0.7)) / 4.0) ** 6
    return {
        name: ov.PeriodicGrid(np.roll(ranks, shift, axis=1), quantity="rank")
        for shift, name in enumerate(["general", "glycine", "cispro", "transpro", "prepro"])
    }


@pytest.fixture(scope="module")
def structures(tmp_path_factory):
    """A folder of peptides, of which one cannot be read."""
    folder = tmp_path_factory.mktemp("structures")
    lines = sample_path("peptide").read_text().splitlines()
    atoms = [line for line in lines if line.startswith("ATOM")]
    for k in range(6):
        kept = [line for line in atoms if int(line[22:26]) > k]
        moved = [line[:21] + "ABCDEF"[k] + line[22:] for line in kept]
        (folder / f"peptide_{k}.pdb").write_text("\n".join([*moved, "TER", "END", ""]))
    (folder / "bad.pdb").write_text("HEADER\n")
    return folder


@pytest.fixture(scope="module")
def angles(tmp_path_factory):
    """Tables of the sample's chains, four chains each, by side."""
    folder = tmp_path_factory.mktemp("angles")
    paths = {}
    for side in ("found", "truth"):
        table = pd.read_csv(sample_path(f"angles_{side}"))
        for k, chains in enumerate(("ABCD", "EFGH", "IJKL")):
            path = folder / f"{side}_{k}.csv"
            table[table["chain"].isin(list(chains))].to_csv(path, index=False)
            paths.setdefault(side, []).append(str(path))
    return paths


def numbers_of(report):
    content = json.loads(report.to_json())
    notes = content["settings"].pop("notes")
    return content, [note for note in notes if "earlier run" not in note]


def in_shards(rng, start, items):
    """A study of shards in any order, by way of bytes."""
    shards = [start() for _ in range(3)]
    for key in rng.permutation(list(items)):
        shards[rng.integers(3)].update(str(key), **items[str(key)])
    joined = start()
    for k in rng.permutation(3):
        joined.from_bytes(shards[k].to_bytes())
    return joined


def test_residues_of_any_workers_and_earlier_runs(structures, library, tmp_path):
    rules = {"truth": library, "bootstrap": 60, "resample": "structure"}
    plain = ramachandran(found=structures, **rules)
    assert plain.failures["source"].tolist() == [str(structures / "bad.pdb")]
    assert ramachandran(found=structures, **rules, workers=2).to_json() == plain.to_json()
    some = [structures / f"peptide_{k}.pdb" for k in (1, 2, 4)]
    ramachandran(found=some, **rules, resume=tmp_path)
    again = ramachandran(found=structures, **rules, resume=tmp_path)
    assert "3 files were measured by an earlier run" in again.settings["notes"]
    assert numbers_of(again) == numbers_of(plain)
    # What failed is tried again; other rules of reading are other parts, other cutoffs are not.
    other = ramachandran(found=structures, **rules, favored=0.1, resume=tmp_path)
    assert "6 files were measured by an earlier run" in other.settings["notes"]
    other = ramachandran(found=structures, **rules, cis_limit=30, resume=tmp_path)
    assert "6 files of the earlier run have changed" in " ".join(other.settings["notes"])


def test_a_file_that_changed_is_read_again(structures, library, tmp_path):
    found = tmp_path / "structures"
    found.mkdir()
    for path in structures.glob("peptide_*.pdb"):
        (found / path.name).write_text(path.read_text())
    ramachandran(found=found, truth=library, resume=tmp_path / "kept")
    (found / "peptide_0.pdb").write_text((found / "peptide_3.pdb").read_text())
    report = ramachandran(found=found, truth=library, resume=tmp_path / "kept")
    assert "1 files of the earlier run have changed" in " ".join(report.settings["notes"])
    assert numbers_of(report) == numbers_of(ramachandran(found=found, truth=library))


def test_studies_of_residues(structures, library, tmp_path):
    rules = {"truth": library, "bootstrap": 60, "resample": "structure"}
    plain = ramachandran(found=sorted(structures.glob("peptide_*.pdb")), **rules)
    items = {path.name: {"found": path} for path in structures.glob("peptide_*.pdb")}
    rng = np.random.default_rng(0)
    for _ in range(3):
        report = in_shards(rng, lambda: ramachandran_study(**rules), items).compute()
        assert numbers_of(report) == numbers_of(plain)
    for _ in range(2):
        kept = ramachandran_study(**rules).update_all(items, resume=tmp_path).compute()
        assert numbers_of(kept) == numbers_of(plain)
    assert "6 files were measured by an earlier run" in kept.settings["notes"]
    study = ramachandran_study(**rules).update("all", found=structures)
    assert numbers_of(study.compute()) == numbers_of(ramachandran(found=structures, **rules))
    with pytest.raises(ValueError, match=r"bad\.pdb"):
        study.update("bad", found=structures / "bad.pdb")
    with pytest.raises(TypeError, match="there is no side 'other'"):
        study.update("other", other=structures)
    with pytest.raises(ValueError, match="there is no found yet"):
        ramachandran_study(**rules).compute()


@pytest.mark.slow
def test_regions_of_any_workers_and_earlier_runs(angles, tmp_path):
    rules = {**angles, **REGIONS, "bootstrap": 50, "rng": 3}
    plain = conformation(**rules)
    assert conformation(**rules, workers=2).to_json() == plain.to_json()
    conformation(**{**rules, "found": angles["found"][:2]}, resume=tmp_path)
    again = conformation(**rules, resume=tmp_path)
    assert "5 files were measured by an earlier run" in again.settings["notes"]
    assert numbers_of(again) == numbers_of(plain)


@pytest.mark.slow
def test_studies_of_regions(angles):
    rules = {**REGIONS, "bootstrap": 50, "rng": 3}
    plain = conformation(**angles, **rules)
    items = {path: {side: path} for side, paths in angles.items() for path in paths}
    rng = np.random.default_rng(1)
    for _ in range(3):
        report = in_shards(rng, lambda: conformation_study(**rules), items).compute()
        assert numbers_of(report) == numbers_of(plain)
    with pytest.raises(ValueError, match="there is no truth yet"):
        conformation_study(**rules).update("a", found=angles["found"][0]).compute()


def test_libraries_and_regions_are_items(library, tmp_path):
    """Grids and polygons go through bytes and folders unchanged."""
    plain = conformation(found=library, truth=library, **REGIONS)
    path = tmp_path / "regions.geojson"
    plain.to_geojson(path)
    density = {"general": ov.PeriodicGrid.from_angles([-60.0, -65.0, 80.0], [-40.0, -42.0, 0.0])}
    for found in (library, path, density, plain.regions()):
        direct = conformation(found=found, truth=library, **REGIONS)
        study = conformation_study(**REGIONS).update("a", found=found).update("b", truth=library)
        other = conformation_study(**REGIONS).from_bytes(study.to_bytes())
        assert numbers_of(other.compute()) == numbers_of(direct)
        assert other.compute().evidence.found.shapes == direct.evidence.found.shapes
        for _ in range(2):
            again = conformation(found=found, truth=library, **REGIONS, resume=tmp_path / "kept")
            assert numbers_of(again) == numbers_of(direct)
        assert any("2 files were measured" in note for note in again.settings["notes"])
    with pytest.raises(ValueError, match="truth: several inputs; wanted structures alone"):
        study.update("c", truth=library).compute()
