"""What is left below the limits, and what is said when that is too little."""

import os
import platform
import re
import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support import ROOT
from trainer import memory
from trainer.errors import FerError, explain_resource_error
from trainer.memory import GIB, Need, Room, check_room, container_memory, threads_left

NEED = Need(resident=2 * GIB, least=GIB, mapped=4 * GIB, threads=5, torch=False)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> dict[str, Room | int | None]:
    """What is left on a computer with plenty, to be changed by the test."""
    found: dict[str, Room | int | None] = {
        "memory": Room(9 * GIB, "on this computer", "Close programs."),
        "address_space": None,
        "container_memory": None,
        "threads_left": None,
    }
    for name in found:
        monkeypatch.setattr(memory, name, lambda name=name: found[name])
    monkeypatch.setattr(psutil, "swap_memory", lambda: type("Swap", (), {"free": 0}))
    return found


Rooms = dict[str, Room | int | None]


def test_plenty_is_not_mentioned(rooms: Rooms) -> None:
    assert check_room("ferapp analyze", NEED) == ""


def test_little_memory_is_a_warning_and_too_little_an_error(rooms: Rooms) -> None:
    rooms["container_memory"] = Room(1.5 * GIB, "below the limit", "Raise it.")
    assert check_room("ferapp analyze", NEED) == (
        "ferapp analyze needs about 2.00 GiB of memory, and 1.50 GiB are left below the limit: "
        "it may be slow, or be ended."
    )
    rooms["container_memory"] = Room(0.5 * GIB, "below the limit", "Raise it.")
    with pytest.raises(
        FerError, match=r"about 1\.00 GiB of memory, and 0\.50 GiB are left"
    ) as error:
        check_room("ferapp analyze", NEED)
    assert error.value.hint == "Raise it."


def test_swap_makes_a_computer_slow_not_unable(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms["memory"] = Room(0.5 * GIB, "on this computer", "Close programs.")
    monkeypatch.setattr(psutil, "swap_memory", lambda: type("Swap", (), {"free": GIB}))
    assert "it may be slow" in check_room("ferapp analyze", NEED)


def test_address_space_and_threads(rooms: Rooms) -> None:
    rooms["address_space"] = Room(5 * GIB, "below ulimit -v", "Raise it.")
    assert "address space" in check_room("ferapp analyze", NEED)
    rooms["address_space"] = Room(3 * GIB, "below ulimit -v", "Raise it.")
    with pytest.raises(FerError, match=r"4\.00 GiB of address space, and 3\.00 GiB are left"):
        check_room("ferapp analyze", NEED)
    rooms["threads_left"] = 2
    with pytest.raises(FerError, match="needs 5 threads, and only 2 more may be started"):
        check_room("ferapp analyze", NEED)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_control_groups_of_version_2(tmp_path: Path) -> None:
    """The lowest limit of the group and those above it counts; cached files count as free."""
    write(tmp_path / "proc/self/cgroup", "0::/user/app\n")
    assert container_memory(tmp_path) is None
    top = tmp_path / "sys/fs/cgroup"
    write(top / "user/app/memory.max", "max\n")
    write(top / "user/app/memory.current", "1000\n")
    write(top / "user/memory.max", "9000\n")
    write(top / "user/memory.current", "5000\n")
    write(top / "user/memory.stat", "anon 4000\ninactive_file 600\n")
    room = container_memory(tmp_path)
    assert room is not None
    assert room.left == 9000 - 5000 + 600
    write(top / "user/app/pids.max", "20")
    write(top / "user/app/pids.current", "13")
    assert threads_left(tmp_path) == 7


def test_control_groups_of_version_1_seen_from_inside(tmp_path: Path) -> None:
    """The named group is not visible in a container; "no limit" is a number there."""
    write(tmp_path / "proc/self/cgroup", "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n0::/\n")
    top = tmp_path / "sys/fs/cgroup/memory"
    write(top / "memory.limit_in_bytes", "9223372036854771712\n")
    write(top / "memory.usage_in_bytes", "700\n")
    assert container_memory(tmp_path) is None
    write(top / "memory.limit_in_bytes", "1000\n")
    room = container_memory(tmp_path)
    assert room is not None
    assert room.left == 300


@pytest.mark.parametrize(
    "arguments",
    [
        ("ferapp", "analyze", "demo"),
        ("ferapp",),
        ("ferapp", "bench"),
        ("ferapp", "doctor"),
        ("trainer", "train", "--data", "x.csv"),
        ("trainer", "prepare", "x.csv", "--out", "x"),
        ("trainer", "evaluate", "--data", "x.csv", "--model", "default"),
        ("trainer", "explain", "--data", "x.csv"),
    ],
)
def test_a_command_below_a_limit_says_so_before_it_loads_libraries(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "x.csv").touch()
    limit = 600_000_000
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    said = r"about \d\.\d\d GiB of address space, and 0\.\d\d GiB are left below the limit"
    assert re.search(said, done.stderr)
    assert "Raise it: ulimit -v unlimited" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_refused_later_is_explained_too() -> None:
    thread = explain_resource_error(RuntimeError("can't start new thread"))
    library = explain_resource_error(ImportError("libx.so: failed to map segment from shared"))
    assert "no more threads" in str(thread)
    assert "libx.so" in str(library)


def test_the_limit_of_processes_counts_those_of_the_user() -> None:
    """Root has no such limit; here a user without any process."""
    script = (
        "import os, resource\n"
        "from trainer.memory import threads_left\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))\n"
        "os.getuid = lambda: 64999\n"
        "print(threads_left())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "3\n", done.stderr


PAGE_FAULTS = """
import resource
import numpy as np
from trainer.memory import keep_freed_memory

def step():
    for array in [np.empty(3_000_000, np.uint8) for _ in range(20)]:
        array.fill(1)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

step()
usual = faults()
keep_freed_memory()
step()
print(usual, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems keep what they keep")
def test_freed_memory_is_used_again_without_the_system() -> None:
    """Five steps over 60 MB: every page is new in each of them, or none is."""
    done = subprocess.run(
        [sys.executable, "-c", PAGE_FAULTS], capture_output=True, text=True, timeout=120
    )
    usual, kept = map(int, done.stdout.split())
    assert usual > 10_000
    assert kept < 100
