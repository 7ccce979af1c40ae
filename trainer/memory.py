"""Whether memory and threads suffice, said at the start of a command instead of by a crash in it.

Native libraries end the process when memory or a thread is refused ("std::bad_alloc", "oneMKL
FATAL ERROR", "OpenBLAS blas_thread_init"), so it must be known before they are loaded.
"""

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from trainer.errors import FerError

if sys.platform != "win32":
    import resource

GIB = 2**30
CUDA_MAPPED = 2.4e9  # bytes of address space, for all its libraries, with or without a device
TIGHT = 1.3  # of the address space needed
COUNTED_THREADS = 4096  # a limit above this is not reached by one program, and counting takes time
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # of glibc's malloc.h
_FREE_HINT = "Close programs that use much memory."


@dataclass(frozen=True, slots=True)
class Need:
    """What a command took, measured on 2 cores with little data; more of either takes more.

    `resident` bytes of memory, of which `least` are no files that the system can read again;
    `mapped` bytes of address space, which `ulimit -v` limits, below which it ended with a crash,
    without the libraries of CUDA, which `torch` brings along; and `threads`.
    """

    resident: float
    least: float
    mapped: float
    threads: int
    torch: bool = True


TRAIN = Need(resident=1.05e9, least=0.57e9, mapped=1.8e9, threads=6)
EVALUATE = Need(resident=0.68e9, least=0.36e9, mapped=1.2e9, threads=4)
PREPARE = Need(resident=0.09e9, least=0.05e9, mapped=0.7e9, threads=4, torch=False)


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that are left below a limit, whose name completes "0.5 GiB are left …"."""

    left: float
    limit: str
    hint: str


def check_room(task: str, need: Need) -> str:
    """Raise FerError where `task` surely cannot work; returns a warning where it is tight, or "".

    `task` begins a sentence: "ferapp analyze".
    """
    threads = threads_left()
    if threads is not None and threads < need.threads:
        raise FerError(
            f"{task} needs {need.threads} threads, and only {max(threads, 0)} more may be started",
            "Raise the limit (ulimit -u, or the container's limit of processes), or end programs.",
        )
    mapped = need.mapped + (CUDA_MAPPED if need.torch and _has_cuda_libraries() else 0)
    address = address_space()
    if address is not None and address.left < mapped:
        raise _refusal(task, mapped, "address space", address)
    rooms = [memory(), *filter(None, [container_memory()])]
    room = min(rooms, key=lambda room: room.left)
    swap = psutil.swap_memory().free if room is rooms[0] else 0
    if room.left + swap < need.least:
        raise _refusal(task, need.least, "memory", room)
    if room.left < need.resident:
        return f"{_sentence(task, need.resident, 'memory', room)}: it may be slow, or be ended."
    if address is not None and address.left < TIGHT * mapped:
        return f"{_sentence(task, mapped, 'address space', address)}: it may run out."
    return ""


def _refusal(task: str, need: float, kind: str, room: Room) -> FerError:
    return FerError(_sentence(task, need, kind, room), room.hint)


def _sentence(task: str, need: float, kind: str, room: Room) -> str:
    left = max(room.left, 0) / GIB
    needed = f"{task} needs about {need / GIB:.2f} GiB of {kind}"
    return f"{needed}, and {left:.2f} GiB are left {room.limit}"


def _has_cuda_libraries() -> bool:
    """Whether the installed torch was built for CUDA; does not import it."""
    torch = find_spec("torch")
    folders = torch.submodule_search_locations if torch is not None else None
    return any((Path(folder) / "lib" / "libtorch_cuda.so").is_file() for folder in folders or ())


def memory() -> Room:
    """Of this computer."""
    return Room(psutil.virtual_memory().available, "on this computer", _FREE_HINT)


def address_space() -> Room | None:
    """Below the limit that `ulimit -v` sets; None without one."""
    if sys.platform == "win32":
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    used = psutil.Process().memory_info().vms
    return Room(limit - used, "below the limit of ulimit -v", "Raise it: ulimit -v unlimited")


def container_memory(root: Path = Path("/")) -> Room | None:
    """Below the lowest limit of the control groups of this process; None without one (Linux).

    What a group caches of files counts as free.
    """
    left = []
    for group, names in _control_groups(root, "memory"):
        limit, used = (_number(group / name) for name in names)
        if limit is not None and used is not None:
            left.append(limit - used + _cached(group / "memory.stat"))
    if not left or min(left) >= psutil.virtual_memory().total:  # version 1 writes "none" as 2**63
        return None
    return Room(
        min(left),
        "below the limit of this container or control group",
        "Give the container more memory, or close programs in it.",
    )


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next allocation, for the rest of this process.

    Otherwise every training step gets 120 MB anew from the system, page by page, which costs 4 %
    of its time on a CPU. Does nothing on other systems.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none
        libc.mallopt(_MMAP_THRESHOLD, GIB)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def threads_left(root: Path = Path("/")) -> int | None:
    """How many threads this process may still start; None where nothing near limits them."""
    left = []
    for group, names in _control_groups(root, "pids"):
        limit, used = (_number(group / name) for name in names)
        if limit is not None and used is not None:
            left.append(limit - used)
    if sys.platform != "win32" and os.getuid() != 0:  # root is not limited
        limit, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        if 0 <= limit <= COUNTED_THREADS:
            left.append(limit - _threads_of_user(os.getuid()))
    return min(left, default=None)


def _threads_of_user(user: int) -> int:
    processes = psutil.process_iter(["uids", "num_threads"])
    infos = [process.info for process in processes]
    return sum(
        info["num_threads"] or 0 for info in infos if info["uids"] and info["uids"].real == user
    )


_FILES = {  # controller → version of the groups → files of the limit and of what is used
    "memory": (
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ("memory.max", "memory.current"),
    ),
    "pids": (("pids.max", "pids.current"), ("pids.max", "pids.current")),
}


def _control_groups(root: Path, controller: str) -> Iterator[tuple[Path, tuple[str, str]]]:
    """This process's group and those above it, with the names of the two files.

    In a container the named group may not be visible: the mount then shows it as its top.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    first, second = _FILES[controller]
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            mount, names = root / "sys/fs/cgroup", second
        elif controller in controllers.split(","):
            mount, names = root / "sys/fs/cgroup" / controller, first
        else:
            continue
        group = mount / path.lstrip("/")
        while group != mount and mount in group.parents:
            yield group, names
            group = group.parent
        yield mount, names


def _number(file: Path) -> int | None:
    """The number in `file`; None for "max", and where there is none."""
    try:
        return int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _cached(statistics: Path) -> int:
    try:
        text = statistics.read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"^(?:total_)?inactive_file (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0
