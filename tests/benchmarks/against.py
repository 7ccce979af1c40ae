"""Speed of this checkout beside that of another commit, measured alternately in one run.

    uv run python tests/benchmarks/against.py cd730dc
    uv run python tests/benchmarks/against.py HEAD~3 --rows live --rounds 5

Processors differ, and machines are shared: a ratio of two measurements that took turns says more
than either of them. The other commit is checked out and installed beside this one, in a temporary
folder, by `git worktree` and `uv sync --compile-bytecode`. Training is not in it: `fertrain bench`
compares it with a plain loop itself. Run it on an otherwise idle machine; it
prints every value, the medians and their ratio, as a Markdown table. Not collected by pytest.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import ROOT

SECONDS = 10  # of a live measurement

# Both run in the other commit too, so they use only what has not changed its name since cd730dc.
WHEN_EXPLAINED = """
import os, sys, time
from ferapp.live.engine import Engine

def age():
    ticks = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19])
    return float(open("/proc/uptime").read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")

def is_explained(face):
    prediction = getattr(face, "prediction", None)
    if hasattr(face, "maps"):
        return face.maps is not None
    return prediction is not None and prediction.attribution is not None

painted = Engine.painted
def watched(engine, analysis):
    painted(engine, analysis)
    if any(is_explained(face) for face in analysis.faces):
        explained()
Engine.painted = watched
sys.argv = ["ferapp", "--source", "demo", "--device", "cpu"]
"""
FIRST_FACE = (
    WHEN_EXPLAINED
    + """
def explained():
    print(age(), flush=True)
    os._exit(0)

from ferapp.__main__ import main
main()
"""
)
HIDDEN = (
    WHEN_EXPLAINED
    + """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
began = []
def explained():
    if not began:
        began.append(0.0)
        windows = QApplication.topLevelWidgets()
        next(w for w in windows if isinstance(w, QMainWindow)).showMinimized()
        QTimer.singleShot(3000, begin)
def begin():
    began[0] = time.process_time()
    QTimer.singleShot(8000, end)
def end():
    print(100 * (time.process_time() - began[0]) / 8, flush=True)
    os._exit(0)

from ferapp.__main__ import main
main()
"""
)


def run(folder: Path, *command: str, **environment: str) -> str:
    """The last line that the command prints in `folder`, by the Python of its environment."""
    settings = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)
    settings |= {"QT_QPA_PLATFORM": "offscreen", **environment}
    python = str(folder / ".venv" / "bin" / "python")
    done = subprocess.run(
        [python, *command], cwd=folder, env=settings, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)[:80]} failed in {folder}:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]


def bench(folder: Path, *options: str) -> dict[str, Any]:
    command = ("-m", "ferapp", "bench", "--device", "cpu", "--json", "--seconds", str(SECONDS))
    result: dict[str, Any] = json.loads(run(folder, *command, *options))
    return result


def live(fps: int) -> Callable[[Path], dict[str, float]]:
    def measure(folder: Path) -> dict[str, float]:
        result = bench(folder, "--fps", str(fps))
        values = {
            f"{fps} fps: analyses a second": result["analysis_fps"],
            f"{fps} fps: capture to paint p50, ms": result["capture_to_paint_ms"]["p50"],
            f"{fps} fps: capture to paint p95, ms": result["capture_to_paint_ms"]["p95"],
        }
        if fps == 30:
            values["processor time a frame, ms"] = result["cpu_ms"]
            values["resident memory, MiB"] = result["rss_mb"]
        return values

    return measure


def faces(count: int) -> Callable[[Path], dict[str, float]]:
    return lambda folder: {
        f"{count} faces: analyses a second": bench(folder, "--faces", str(count))["analysis_fps"]
    }


def first_face(folder: Path) -> dict[str, float]:
    warm = float(run(folder, "-c", FIRST_FACE))
    with tempfile.TemporaryDirectory() as nothing:  # no bytecode is found there, and none is kept
        cold = float(
            run(folder, "-c", FIRST_FACE, PYTHONPYCACHEPREFIX=nothing, PYTHONDONTWRITEBYTECODE="1")
        )
    return {"first explained face, warm, s": warm, "first explained face, cold, s": cold}


def hidden(folder: Path) -> dict[str, float]:
    return {"minimised, % of a core": float(run(folder, "-c", HIDDEN))}


def analyze(folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as place:
        command = ("-m", "ferapp", "analyze", "demo", "--csv", f"{place}/faces.csv")
        result = json.loads(run(folder, *command, "--device", "cpu", "--json"))
    return {"analyze the demo clip, ms a frame": result["ms_per_frame"]}


ROWS = {
    "live": [live(60), live(30)],
    "faces": [faces(4), faces(8)],
    "start": [first_face],
    "hidden": [hidden],
    "analyze": [analyze],
}


@contextmanager
def other_checkout(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "other"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
        try:
            install(folder)
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def install(folder: Path) -> None:
    settings = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    command = ["uv", "sync", "--quiet", "--compile-bytecode"]
    subprocess.run(command, cwd=folder, env=settings, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", help="to compare with")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    install(ROOT)
    with other_checkout(arguments.commit) as other:
        places = {"other": other, "here": ROOT}
        values: dict[str, dict[str, list[float]]] = {}
        for measure in (m for name in arguments.rows for m in ROWS[name]):
            for _ in range(arguments.rounds):
                for place, folder in places.items():
                    for name, value in measure(folder).items():
                        row = values.setdefault(name, {p: [] for p in places})
                        row[place].append(value)
                        print(f"{place:5}  {name}: {value:.4g}", file=sys.stderr, flush=True)
    print(f"| | {arguments.commit} | here | ratio | all values here |\n|---|---|---|---|---|")
    for name, row in values.items():
        before, after = (statistics.median(row[place]) for place in places)
        every = ", ".join(f"{value:.4g}" for value in row["here"])
        print(f"| {name} | {before:.4g} | {after:.4g} | {after / before:.2f} | {every} |")


if __name__ == "__main__":
    main()
