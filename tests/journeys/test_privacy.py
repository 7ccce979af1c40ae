"""The app connects to nothing and stores nothing unless asked: a whole run in a child process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

SCRIPT = ROOT / "tests/support/app/watched_app.py"
# programs that libraries start at import, to locate system libraries and fonts
LIBRARY_PROGRAMS = {"ldconfig", "gcc", "cc", "ld", "objdump", "uname", "fc-list"}
# written without a recording or snapshot: settings, log, matplotlib's list of fonts
ALWAYS_WRITTEN = {"settings.json", "ferapp.log", "fontlist"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def watched(kind: str, folder: Path) -> dict[str, Any]:
    """What the app did, with its home, working and temporary folders in `folder`."""
    for name in ("home", "work", "temporary"):
        (folder / name).mkdir()
    places = {f"XDG_{name}_HOME": "" for name in ("CACHE", "CONFIG", "DATA", "STATE")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), kind, "--source", "demo"],
        capture_output=True,
        text=True,
        cwd=folder / "work",
        timeout=600,
        env={
            **{name: value for name, value in os.environ.items() if name not in places},
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "temporary"),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def files(folder: Path) -> list[Path]:
    """Every file in it afterwards, whoever wrote it."""
    return [path for path in folder.rglob("*") if path.is_file()]


def always_written(path: Path) -> bool:
    return any(path.name.startswith(name) for name in ALWAYS_WRITTEN)


def connects_to_nothing(seen: dict[str, Any]) -> None:
    assert seen["faces"] == 1  # it worked: a face was detected and explained
    assert seen["code"] == 0
    assert seen["connected"] == []
    assert seen["sockets"] == []
    assert seen["senders"] == []  # live output is off
    assert seen["threads"] == []
    assert {line.split("'")[1].rpartition("/")[2] for line in seen["started"]} <= LIBRARY_PROGRAMS
    if seen["packets"] is not None:  # native libraries, too: MediaPipe 0.10.35 fails
        assert set(seen["packets"].values()) == {0}


def test_a_demo_run_connects_to_nothing_and_stores_no_picture(tmp_path: Path) -> None:
    seen = watched("plain", tmp_path)
    connects_to_nothing(seen)
    left = files(tmp_path)
    assert {path.name for path in left} >= {"settings.json", "ferapp.log"}
    assert [path for path in left if not always_written(path)] == []
    # and what was written and removed again had one of these names, or no name of ours at all
    written = [Path(path) for path in seen["written"]]
    own = [path for path in written if path.is_relative_to(tmp_path / "home")]
    assert [path for path in own if not always_written(Path(path.name.lstrip(".")))] == []
    elsewhere = [path for path in written if not path.is_relative_to(tmp_path)]
    assert set(elsewhere) <= {Path(os.devnull)}


def test_recordings_and_snapshots_are_where_they_belong(tmp_path: Path) -> None:
    seen = watched("kept", tmp_path)
    connects_to_nothing(seen)
    kept = [path for path in files(tmp_path) if not always_written(path)]
    recording = {path.name for path in kept if "Documents" in path.parts}
    snapshot = sorted(path.suffix for path in kept if "Pictures" in path.parts)
    tables = {"faces.csv", "frames.csv", "events.csv", "details.npy.gz"}
    assert recording == {"clean.mkv", "session.json", *tables}
    assert snapshot == [".json", ".png"]
    assert len(kept) == len(recording) + len(snapshot)


def test_planted_connections_are_seen(tmp_path: Path) -> None:
    """Otherwise the tests above would prove nothing."""
    seen = watched("planted", tmp_path)
    assert len(seen["connected"]) == 2
    assert seen["packets"] is None or sum(seen["packets"].values()) >= 2
