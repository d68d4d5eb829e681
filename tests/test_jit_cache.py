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
HEADER = "from overlap._kernels.jit import compose, scalar, specialise\n"
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
    return sorted(folder.rglob("*.kernel"))


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
@pytest.mark.slow  # processes
def test_second_process_finds_it_and_an_edit_does_not(route: str, four_runs: list) -> None:
    *_, before, after = ROUTES[route]
    cold, warm, edited, undone = (result[route] for result in four_runs)
    assert cold == [before, 0]
    assert warm == [before, 1]
    assert edited == [after, 0]
    assert undone == [before, 1]


@pytest.mark.slow
def test_what_has_no_digest_is_not_kept(tmp_path: Path) -> None:
    """The members of a class are not part of a digest: a hit could be stale."""
    routes = {"member": (BOUND, MEMBER.format(1), MEMBER.format(5), 3.0, 7.0)}
    for edited, wanted in ((False, 3.0), (False, 3.0), (True, 7.0)):
        write(tmp_path, routes, edited)
        assert run(tmp_path, "member") == {"member": [wanted, 0]}
    assert not machine_code(tmp_path)


@pytest.mark.slow
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
    from overlap._kernels.jit import specialise

    def unkept(x, out):
        out[0] = x[0]

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OVERLAP_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ValueError, match=r"OVERLAP_CACHE = .*cache' is no folder .* or 0 to keep"):
        specialise(unkept)


@pytest.mark.slow
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


@pytest.mark.slow
def test_four_cold_processes_at_once(one: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: run(one, "kernel"), range(4)))
    assert [result["kernel"][0] for result in results] == [3.0] * 4
    assert run(one, "kernel") == {"kernel": [3.0, 1]}


def test_without_compilation(one: Path) -> None:
    assert run(one, "kernel", NUMBA_DISABLE_JIT="1") == {"kernel": [3.0, 0]}
    assert not machine_code(one)


def test_templates_say_what_is_wrong() -> None:
    from overlap._kernels.jit import specialise

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
    from overlap._kernels.jit import scalar, specialise

    @scalar
    def double(x):
        return 2.0 * x

    def loop(x, out):
        out[0] = F(x[0])  # noqa: F821

    assert specialise(loop, F=double) is specialise(loop, F=double)
    assert specialise(loop, F=1) is not specialise(loop, F=1.0)


# ------------------------------------------------------------- damage, strangers, full disks

DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "one byte less": lambda data: data[:-1],
    "one bit in the machine code": lambda data: _flipped(data, len(data) // 2),
    "one bit in the digest": lambda data: _flipped(data, 20),
    "another version": lambda data: data.replace(b"overlap kernel 3", b"overlap kernel 2"),
    "noise": lambda data: bytes(range(256)) * 40,
}


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


@pytest.mark.slow
def test_damaged_entries_are_replaced(tmp_path: Path) -> None:
    names = [f"kernel_{k}" for k in range(len(DAMAGE) + 1)]
    write(tmp_path, {name: (BOUND, ADD, MULTIPLY, 3.0, 6.0) for name in names})
    assert run(tmp_path, *names) == {name: [3.0, 0] for name in names}
    entries = machine_code(tmp_path)
    assert len(entries) == len(names)
    for entry, damage in zip(entries, DAMAGE.values(), strict=False):
        entry.write_bytes(damage(entry.read_bytes()))
    again = run(tmp_path, *names)
    assert sorted(again.values()) == [[3.0, 0]] * len(DAMAGE) + [[3.0, 1]]
    assert run(tmp_path, *names) == {name: [3.0, 1] for name in names}


@pytest.mark.slow
def test_code_that_calls_other_libraries_is_loaded(tmp_path: Path) -> None:
    # Its functions are known only once the compiler's own libraries are loaded.
    product = "import numpy as np\n@scalar\ndef f(x):\n    return DOT + 1.0\n".replace(
        "DOT", "np.dot(np.full((2, 2), x), np.eye(2))[0, 0]"
    )
    write(tmp_path, {"product": (BOUND, product, product, 3.0, 3.0)})
    assert run(tmp_path, "product") == {"product": [3.0, 0]}
    assert run(tmp_path, "product") == {"product": [3.0, 1]}


def test_every_bit_of_an_entry_is_checked(one: Path) -> None:
    from overlap._kernels.cache import _DIGEST, _MAGIC, _checked

    run(one, "kernel")
    (entry,) = machine_code(one)
    data = entry.read_bytes()
    start = len(_MAGIC) + _DIGEST
    size = int.from_bytes(data[start : start + 4], "little")
    key = data[start + 4 : start + 4 + size]
    assert _checked(data, key) == data[start + 4 + size :]
    assert _checked(data, key + b" ") is None
    for at in [*range(start + 4 + size), *range(start, len(data), 997)]:
        assert _checked(_flipped(data, at), key) is None


@pytest.mark.slow
def test_something_else_in_the_place_of_an_entry(one: Path) -> None:
    run(one, "kernel")
    (entry,) = machine_code(one)
    entry.unlink()
    os.mkfifo(entry)
    assert run(one, "kernel") == {"kernel": [3.0, 0]}
    entry.unlink()
    entry.mkdir()
    assert run(one, "kernel") == {"kernel": [3.0, 0]}


@pytest.mark.slow
def test_a_warm_folder_that_cannot_be_written_is_used(one: Path, monkeypatch) -> None:
    """As in an image that runs as another user."""
    assert run(one, "kernel") == {"kernel": [3.0, 0]}
    source = (one / "kernel.py").read_text()
    from overlap._kernels import cache as _kernel_cache

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    # the superuser may write anywhere, so the refusal is put in by hand
    with monkeypatch.context() as patch:
        patch.setattr(_kernel_cache.tempfile, "mkstemp", refuse)
        assert not _kernel_cache._written(one / "cache", "x.kernel", b"content")
    assert not list((one / "cache").glob("*x.kernel*"))
    (one / "sitecustomize.py").write_text(
        "import tempfile\ndef refuse(*a, **k):\n    raise PermissionError(13, 'denied')\n"
        "tempfile.mkstemp = refuse\n"
    )
    assert run(one, "kernel") == {"kernel": [3.0, 1]}
    (one / "kernel.py").write_text(source + "\n")
    (one / "kernel_helper.py").write_text(HEADER + MULTIPLY)
    assert run(one, "kernel") == {"kernel": [6.0, 0]}
    assert len(machine_code(one)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("step", ["mkstemp", "write", "replace"])
def test_a_full_disk_stops_nothing(one: Path, step: str) -> None:
    (one / "sitecustomize.py").write_text(
        "import builtins, errno, os, tempfile\n"
        "def full(*a, **k):\n    raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "plain = builtins.open\n"
        "class File:\n"
        "    def __init__(self, number): self.number = number\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *a): os.close(self.number)\n"
        "    write = full\n"
        "def opened(name, mode='r', *a, **k):\n"
        "    return File(name) if isinstance(name, int) and mode == 'wb' else "
        "plain(name, mode, *a, **k)\n"
        + {
            "mkstemp": "tempfile.mkstemp = full\n",
            "write": "builtins.open = opened\n",
            "replace": "os.replace = full\n",
        }[step]
    )
    assert run(one, "kernel") == {"kernel": [3.0, 0]}
    assert not machine_code(one)
    assert not list((one / "cache").glob(".*"))


@pytest.mark.slow
def test_what_killed_processes_left_is_removed(one: Path) -> None:
    run(one, "kernel")
    (entry,) = machine_code(one)
    old, new = entry.with_name(f".{entry.name}.old"), entry.with_name(f".{entry.name}.new")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    entry.unlink()
    assert run(one, "kernel") == {"kernel": [3.0, 0]}
    assert not old.exists()
    assert new.exists()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner here")
def test_machine_code_of_strangers_is_not_run(tmp_path: Path) -> None:
    from overlap._kernels.cache import _stranger

    source, entry = tmp_path / "kernel.py", tmp_path / "entry"
    source.write_text("")
    entry.write_bytes(b"")

    def reason(owner: int, mode: int) -> str:
        status = list(entry.stat())
        status[0], status[4] = mode, owner
        return _stranger(os.stat_result(status), str(source))

    me, other = os.geteuid(), os.geteuid() + 4321
    assert reason(me, 0o100644) == ""
    assert reason(0, 0o100644) == ""
    assert "another user" in reason(other, 0o100644)
    assert "written by others" in reason(me, 0o100666)
    assert "written by others" in reason(me, 0o100664)
    if me == 0:
        os.chown(source, other, -1)
        assert reason(other, 0o100644) == ""


@pytest.mark.slow
def test_a_file_that_others_can_write_is_said_and_compiled_again(one: Path) -> None:
    run(one, "kernel")
    (entry,) = machine_code(one)
    entry.chmod(0o666)
    own = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(one), str(Path(overlap.__file__).parents[1])]),
    }
    own |= {"OVERLAP_CACHE": str(one / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", RUN, "kernel"], cwd=one, env=own, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == {"kernel": [3.0, 0]}
    assert done.stderr.count("compiled code in") == 1
    assert "can be written by others" in done.stderr
