"""Fails a test that leaves something behind: widgets, threads, child processes, descriptors.

A plugin of the tests' conftest. Looking costs well under a millisecond; only where something new
is found is the garbage collected and the ending waited for.
"""

import gc
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

PATIENCE_S = 5.0  # for what is ending already
OWN_PROCESS = Path("/proc/self")  # descriptors and children are looked at on Linux only

# Opened on first use by a library, once in a process, and kept until its end.
LASTING_TARGETS: dict[str, str] = {
    "anon_inode:[eventfd]": "Qt: the event loop of each thread in its own pools, one a core",
    "/matplotlib/mpl-data/fonts/": "matplotlib: its fonts, from the first letter on",
}
LASTING_THREADS: dict[str, str] = {"tqdm_monitor": "tqdm: from torch's first progress bar on"}
LASTING_CHILDREN: dict[str, str] = {
    "multiprocessing.resource_tracker": "Python: started with the first worker process",
}
# Hidden, owned by Python in a cycle: they go with the next collection.
LASTING_MENUS: dict[str, str] = {"Plot Options": "pyqtgraph: the menu of every plot"}

_FAILED = pytest.StashKey[bool]()
_started_at: "WeakKeyDictionary[threading.Thread, str]" = WeakKeyDictionary()
_start = threading.Thread.start


def _start_and_remember(self: threading.Thread) -> None:
    """Who started a thread is known only now; napari's tests do the same."""
    places, frame = [], sys._getframe(1)
    while frame is not None and len(places) < 40:
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        frame = frame.f_back
    outside = [place for place in places if "/lib/python" not in place]
    _started_at[self] = " ← ".join(outside[:3] or places[:3])
    _start(self)


threading.Thread.start = _start_and_remember  # type: ignore[method-assign]


@dataclass(frozen=True)
class Before:
    """What there was. Widgets are known by identity, descriptors by number and target."""

    widgets: frozenset[Any]
    threads: frozenset[threading.Thread]
    children: frozenset[int]
    descriptors: "Counter[str]"


def before() -> Before:
    return Before(
        frozenset(_widgets()),
        frozenset(threading.enumerate()),
        frozenset(_children()),
        Counter(_descriptors().values()),
    )


def left_behind(old: Before, patience_s: float) -> list[str]:
    """What is there now and was not then, a line each."""
    looks = (_new_widgets, _new_threads, _new_children, _new_descriptors)
    if not any(look(old) for look in looks):
        return []
    ends = time.monotonic() + patience_s
    gc.collect()
    while (found := [line for look in looks for line in look(old)]) and time.monotonic() < ends:
        time.sleep(0.01)
    return found


def _new_widgets(old: Before) -> list[str]:
    return [
        f"a top-level widget is {'visible' if widget.isVisible() else 'not deleted'}: "
        f"{type(widget).__name__} {widget.objectName() or widget.windowTitle()!r}"
        for widget in _widgets()
        if widget not in old.widgets and (widget.isVisible() or not _lasting_menu(widget))
    ]


def _lasting_menu(widget: Any) -> bool:
    while widget.parent() is not None:
        widget = widget.parent()
    return hasattr(widget, "title") and widget.title() in LASTING_MENUS


def _widgets() -> list[Any]:
    """All top-level widgets, after those that wait for their deletion are gone."""
    qt = sys.modules.get("PySide6.QtWidgets")
    app = qt.QApplication.instance() if qt else None
    if app is None:
        return []
    core = sys.modules["PySide6.QtCore"]
    core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
    return list(qt.QApplication.topLevelWidgets())


def _new_threads(old: Before) -> list[str]:
    return [
        f"a thread runs on: {thread.name!r}, started at {_started_at.get(thread, 'unknown')}"
        for thread in threading.enumerate()
        if thread not in old.threads
        and thread.name not in LASTING_THREADS
        and not isinstance(thread, threading._DummyThread)  # a library's, which called Python
    ]


def _new_children(old: Before) -> list[str]:
    return [
        f"a child process is left: {pid} {name}"
        for pid, name in _children().items()
        if pid not in old.children and not any(word in name for word in LASTING_CHILDREN)
    ]


def _children() -> dict[int, str]:
    """Command lines of the children, the ended ones that nobody waited for among them."""
    if not OWN_PROCESS.is_dir():
        return {}
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # one call where there is none
    except ChildProcessError:
        return {}
    pids: set[int] = set()
    for task in (OWN_PROCESS / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends meanwhile
            pids |= {int(pid) for pid in (task / "children").read_text().split()}
    return {pid: _command(pid) for pid in pids}


def _command(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        line = ""
    return line or "(ended, but not waited for)"


def _new_descriptors(old: Before) -> list[str]:
    new = _descriptors()
    more = Counter(new.values()) - old.descriptors
    return [
        f"a descriptor is open: {target}" + (f" ({count} times)" if count > 1 else "")
        for target, count in more.items()
        if not any(part in target for part in LASTING_TARGETS)
    ]


def _descriptors() -> dict[str, str]:
    """Targets of the open descriptors by number."""
    if not OWN_PROCESS.is_dir():
        return {}
    found = {}
    trackers = sys.modules.get("multiprocessing.resource_tracker")
    lasting = str(trackers._resource_tracker._fd) if trackers else ""  # the pipe to that child
    for number in os.listdir(OWN_PROCESS / "fd"):
        if number == lasting:
            continue
        try:
            found[number] = os.readlink(OWN_PROCESS / "fd" / number)
        except OSError:  # the listing's own, closed by now
            continue
    return found


def pytest_collection_finish() -> None:
    """What the tests' modules imported stays: no later collection needs to look at it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    old = before()
    yield
    if request.node.stash.get(_FAILED, False):
        return  # its traceback keeps everything alive, and it has said what is wrong
    found = left_behind(old, PATIENCE_S)
    if found:
        pytest.fail("left behind:\n" + "\n".join(found), pytrace=False)
