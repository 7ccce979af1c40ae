"""Runs the app through its real `main()` and records what it connects to, starts and writes.

Arguments: `plain`, `kept` (a snapshot is taken, a recording is made) or `planted` (connections
are tried, to prove that the watch sees them), then what `ferapp` takes. Prints one JSON object.
"""

import contextlib
import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

CLONE_NEWNET = 0x40000000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CONNECTING = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo")
STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")

connected: list[str] = []
started: list[str] = []
written: set[str] = set()


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in CONNECTING:
        connected.append(f"{event} {arguments[1:]!r}")
    elif event in STARTING:
        started.append(f"{event} {arguments!r}")
    elif event == "open" and isinstance(arguments[0], str | bytes):
        path, mode, flags = arguments
        by_mode = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        if by_mode or (isinstance(flags, int) and flags & WRITING):
            written.add(os.path.realpath(os.fsdecode(path)))  # type: ignore[arg-type]


def isolate_network() -> bool:
    """Move to a network namespace of our own, whose counters count this process only."""
    try:
        return ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0
    except (OSError, AttributeError):
        return False


def packets() -> dict[str, int]:
    """Packets that this namespace was to send, successful or not, native code's included."""
    lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    counters = {}
    for head, values in zip(lines[::2], lines[1::2], strict=True):
        kind = head.split()[0]
        counters |= {
            kind + name: int(value)
            for name, value in zip(head.split()[1:], values.split()[1:], strict=True)
        }
    names = ("Ip:OutRequests", "Ip:OutNoRoutes", "Tcp:ActiveOpens", "Udp:OutDatagrams")
    return {name: counters[name] for name in names}


def sockets() -> list[str]:
    """Open network sockets; signals wake the event loop by a local pair (AF_UNIX)."""
    lines = Path("/proc/self/net/unix").read_text().splitlines()
    local = {f"socket:[{line.split()[6]}]" for line in lines[1:]}
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:") and target not in local:
            found.append(target)
    return found


def run(kind: str, arguments: list[str]) -> dict[str, object]:
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    seen: dict[str, object] = {}

    def until(condition: Callable[[], object]) -> None:
        loop, timer = QEventLoop(), QTimer(interval=20)
        timer.timeout.connect(lambda: loop.quit() if condition() else None)
        timer.start()
        loop.exec()

    def use() -> None:
        from ferapp.ui.shell.window import MainWindow

        (window,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        page, act = window.live_page, window.actions_by_id
        try:
            until(lambda: page.analysis and page.analysis.faces and len(page.analysis.classes))
            if kind == "kept":
                act["record"].trigger()
                until(lambda: (r := page.status.recording) and r.frames > 5)
                act["record"].trigger()
                until(lambda: (r := page.status.recording) and r.over)
                act["snapshot"].trigger()
                until(lambda: list(Path.home().rglob("ferapp-*.json")))
            for name in ("Train", "Inspect", "Live"):
                window.show_page(name)
                until(lambda: True)
            newer = page.analysis
            until(lambda: page.analysis is not newer)
            seen["faces"] = len(page.analysis.faces)
            seen["sockets"] = sockets()
            seen["senders"] = [name for name in ("pylsl", "pythonosc") if name in sys.modules]
        finally:
            window.close()

    QApplication([])
    QTimer.singleShot(0, use)
    sys.argv = ["ferapp", *arguments]
    from ferapp.cli import main

    try:
        main()
    except SystemExit as ended:
        seen["code"] = ended.code
    return seen


if __name__ == "__main__":
    is_alone = isolate_network()
    sys.addaudithook(watch)
    if sys.argv[1] == "planted":
        for family in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, family) as planted, contextlib.suppress(OSError):
                planted.connect(("192.0.2.1", 9))
        result: dict[str, object] = {}
    else:
        result = run(sys.argv[1], sys.argv[2:])
    result |= {
        "connected": connected,
        "started": started,
        "written": sorted(written),
        "threads": [t.name for t in threading.enumerate() if t is not threading.main_thread()],
        "packets": packets() if is_alone else None,
    }
    print(json.dumps(result))
