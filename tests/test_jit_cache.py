"""Machine code on disk: a second process finds it, and never finds it stale.

Each route is a template in a file that is never edited and what it depends on in another,
so that nothing but the digest in the kernel's name can notice the edit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import overlap

# name: (template's file, helper before, helper after, value before, value after), all at x = 2.
# In the template's file, "import {name}_helper" and the like reach the helper.
BOUND = """
from {name}_helper import f
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = F(x[k])
kernel = specialise(loop, F=f)
"""
IMPORTED = """
from {name}_helper import f
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = f(x[k])
kernel = specialise(loop)
"""
ATTRIBUTE = """
import {name}_helper as helper
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = helper.f(x[k])
kernel = specialise(loop)
"""
SECOND_LEVEL = """
import {name}_helper as helper
@scalar
def f(x):
    return 10.0 * helper.f(x)
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = F(x[k])
kernel = specialise(loop, F=f)
"""
COMPOSED = """
from {name}_helper import f
def twice(x):
    return F(F(x))
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = F(x[k])
kernel = specialise(loop, F=compose(twice, F=f))
"""
CONSTANT = """
from {name}_helper import C
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = x[k] + K
kernel = specialise(loop, K=C)
"""
MODULE_CONSTANT = """
import {name}_helper as helper
def loop(x, out):
    for k in range(out.shape[0]):
        out[k] = x[k] + helper.C[0]
kernel = specialise(loop)
"""
ADD = "@scalar\ndef f(x):\n    return x + 1.0\n"
MULTIPLY = "@scalar\ndef f(x):\n    return x * 3.0\n"
GLOBAL = "C = {}\n@scalar\ndef f(x):\n    return x + C{}\n"
CALL = "import math\n@scalar\ndef f(x):\n    return {}\n"
CLOSURE = (
    "def make(c):\n    @scalar\n    def f(x):\n        return x + c\n    return f\nf = make({})\n"
)
DEFAULT = "@scalar\ndef f(x, c={}):\n    return x + c\n"
MEMBER = """import enum
class Color(enum.IntEnum):
    RED = {}
@scalar
def f(x):
    return x + Color.RED.value
"""
# "Changed constant" is the same bytecode with another entry of co_consts.
ROUTES = {
    "bound": (BOUND, ADD, MULTIPLY, 3.0, 6.0),
    "imported": (IMPORTED, ADD, MULTIPLY, 3.0, 6.0),
    "attribute": (ATTRIBUTE, ADD, MULTIPLY, 3.0, 6.0),
    "second_level": (SECOND_LEVEL, ADD, MULTIPLY, 30.0, 60.0),
    "composed": (COMPOSED, ADD, MULTIPLY, 4.0, 18.0),
    "changed_constant": (BOUND, ADD, ADD.replace("1.0", "5.0"), 3.0, 7.0),
    "bound_constant": (CONSTANT, "C = 1.0\n", "C = 5.0\n", 3.0, 7.0),
    "module_tuple": (MODULE_CONSTANT, "C = (1.0,)\n", "C = (5.0,)\n", 3.0, 7.0),
    "global_scalar": (BOUND, GLOBAL.format("1.0", ""), GLOBAL.format("5.0", ""), 3.0, 7.0),
    "global_tuple": (
        BOUND, GLOBAL.format("(0.0, 1.0)", "[1]"), GLOBAL.format("(0.0, 5.0)", "[1]"), 3.0, 7.0,
    ),
    "global_array": (
        BOUND,
        "import numpy as np\n" + GLOBAL.format("np.array([1.0])", "[0]"),
        "import numpy as np\n" + GLOBAL.format("np.array([5.0])", "[0]"),
        3.0,
        7.0,
    ),
    "global_numpy_scalar": (
        BOUND,
        "import numpy as np\n" + GLOBAL.format("np.float64(1.0)", ""),
        "import numpy as np\n" + GLOBAL.format("np.float64(5.0)", ""),
        3.0,
        7.0,
    ),
    "sin_cos": (
        BOUND, CALL.format("math.sin(0.0 * x)"), CALL.format("math.cos(0.0 * x)"), 0.0, 1.0,
    ),
    "min_max": (BOUND, CALL.format("min(x, 5.0)"), CALL.format("max(x, 5.0)"), 2.0, 5.0),
    "closure": (BOUND, CLOSURE.format("1.0"), CLOSURE.format("5.0"), 3.0, 7.0),
    "default": (BOUND, DEFAULT.format("1.0"), DEFAULT.format("5.0"), 3.0, 7.0),
}  # fmt: skip
HEADER = "from overlap._jit import compose, scalar, specialise\n"
# Prints {route: [value at 2.0, hits of the cache on disk, file names on disk are possible]}.
RUN = """
import importlib, json, sys
import numpy as np
result = {}
for name in sys.argv[1:]:
    kernel = importlib.import_module(name).kernel
    out = np.empty(1)
    kernel(np.array([2.0]), out)
    stats = getattr(kernel, "stats", None)
    hits = sum(stats.cache_hits.values()) if stats else 0
    result[name] = [out[0], hits]
print(json.dumps(result))
"""


def write(folder: Path, routes: dict, edited: bool = False) -> None:
    for name, (template, before, after, *_) in routes.items():
        main = folder / f"{name}.py"
        if not main.exists():
            main.write_text(HEADER + template.format(name=name))
        (folder / f"{name}_helper.py").write_text(HEADER + (after if edited else before))


def run(folder: Path, *names: str, **environment: str) -> dict[str, list[float]]:
    """Run the kernels in a process of their own."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    own |= {
        "PYTHONPATH": os.pathsep.join([str(folder), str(Path(overlap.__file__).parents[1])]),
        # An edit within one second leaves size and time of a source file as they were.
        "PYTHONDONTWRITEBYTECODE": "1",
        "OVERLAP_CACHE": str(folder / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, *names],
        cwd=folder,
        env=own | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def machine_code(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.nbc"))


@pytest.fixture(scope="module")
def four_runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[float]]]:
    """Cold, again, with every helper edited, and with every edit undone."""
    folder = tmp_path_factory.mktemp("routes")
    runs = []
    for edited in (False, False, True, False):
        write(folder, ROUTES, edited)
        runs.append(run(folder, *ROUTES))
    return runs


@pytest.mark.parametrize("route", ROUTES)
def test_second_process_finds_it_and_an_edit_does_not(route: str, four_runs: list) -> None:
    *_, before, after = ROUTES[route]
    cold, warm, edited, undone = (result[route] for result in four_runs)
    assert cold == [before, 0]
    assert warm == [before, 1]
    assert edited == [after, 0]
    assert undone == [before, 1]


def test_what_has_no_digest_is_not_kept(tmp_path: Path) -> None:
    """The members of a class are not part of a digest: a hit could be stale."""
    routes = {"member": (BOUND, MEMBER.format(1), MEMBER.format(5), 3.0, 7.0)}
    for edited, wanted in ((False, 3.0), (False, 3.0), (True, 7.0)):
        write(tmp_path, routes, edited)
        assert run(tmp_path, "member") == {"member": [wanted, 0]}
    assert not machine_code(tmp_path)


def test_compiler_options_are_part_of_the_key(tmp_path: Path) -> None:
    plain = {"plain": (BOUND, ADD, ADD, 3.0, 3.0)}
    write(tmp_path, plain)
    assert run(tmp_path, "plain") == {"plain": [3.0, 0]}
    source = (tmp_path / "plain.py").read_text()
    # The same file and line, so that only the options differ.
    moved = tmp_path / "sums"
    moved.mkdir()
    write(moved, plain)
    (moved / "plain.py").write_text(source.replace("(loop, F=f)", "(loop, F=f, sums=True)"))
    assert run(moved, "plain", OVERLAP_CACHE=str(tmp_path / "cache")) == {"plain": [3.0, 0]}
    names = {path.name.rpartition("-")[0] for path in machine_code(tmp_path / "cache")}
    assert len(names) == 2


@pytest.fixture
def one(tmp_path: Path) -> Path:
    write(tmp_path, {"kernel": (BOUND, ADD, MULTIPLY, 3.0, 6.0)})
    return tmp_path


def test_cache_switched_off(one: Path) -> None:
    assert run(one, "kernel", OVERLAP_CACHE="0") == {"kernel": [3.0, 0]}
    assert not machine_code(one)


def test_cache_beside_the_source(one: Path) -> None:
    assert run(one, "kernel", OVERLAP_CACHE="") == {"kernel": [3.0, 0]}
    assert [path.parent.name for path in machine_code(one)] == ["__pycache__"]
    assert run(one, "kernel", OVERLAP_CACHE="") == {"kernel": [3.0, 1]}


def test_cache_folder_that_cannot_be_made(tmp_path: Path, monkeypatch) -> None:
    """A path below a regular file binds the superuser too."""
    from overlap._jit import specialise

    def unkept(x, out):
        out[0] = x[0]

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OVERLAP_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ValueError, match=r"OVERLAP_CACHE = .*cache' is no folder .* 0 to keep"):
        specialise(unkept)


def test_source_folder_that_cannot_be_written(one: Path) -> None:
    """Then the user's own cache is taken, and without one, memory."""
    (one / "__pycache__").write_text("a file where a folder is wanted")
    home = {"HOME": str(one / "home"), "XDG_CACHE_HOME": str(one / "home"), "OVERLAP_CACHE": ""}
    assert run(one, "kernel", **home) == {"kernel": [3.0, 0]}
    assert machine_code(one / "home")
    assert run(one, "kernel", **home) == {"kernel": [3.0, 1]}
    (one / "file").write_text("")
    nowhere = {"HOME": str(one / "file"), "XDG_CACHE_HOME": str(one / "file"), "OVERLAP_CACHE": ""}
    assert run(one, "kernel", **nowhere) == {"kernel": [3.0, 0]}


def test_four_cold_processes_at_once(one: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: run(one, "kernel"), range(4)))
    assert [result["kernel"][0] for result in results] == [3.0] * 4
    assert run(one, "kernel") == {"kernel": [3.0, 1]}


def test_without_compilation(one: Path) -> None:
    assert run(one, "kernel", NUMBA_DISABLE_JIT="1") == {"kernel": [3.0, 0]}
    assert not machine_code(one)


def test_templates_say_what_is_wrong() -> None:
    from overlap._jit import specialise

    def make(offset: float):
        def loop(x, out):
            out[0] = x[0] + offset

        return loop

    with pytest.raises(TypeError, match=r"template loop closes over variables; use globals"):
        specialise(make(1.0))

    def plain(x, out):
        out[0] = F(x[0])  # noqa: F821

    with pytest.raises(TypeError, match=r"template plain has no free name G"):
        specialise(plain, G=1.0)


def test_the_same_arguments_give_the_same_kernel() -> None:
    from overlap._jit import scalar, specialise

    @scalar
    def double(x):
        return 2.0 * x

    def loop(x, out):
        out[0] = F(x[0])  # noqa: F821

    assert specialise(loop, F=double) is specialise(loop, F=double)
    assert specialise(loop, F=1) is not specialise(loop, F=1.0)
