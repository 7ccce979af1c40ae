"""The app through its real command, offscreen and on a real X server."""

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.ui.shell.window import MainWindow
from tests.support import ROOT
from tests.support.app.engine_parts import has_map


def the_window() -> MainWindow:
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
    (window,) = [w for w in windows if w.isVisible()]  # closed ones may await their deletion
    return window


def while_it_runs(look: Callable[[], None]) -> None:
    """Call `look` in the event loop; the app ends even if it fails."""

    def guarded() -> None:
        try:
            look()
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)


@pytest.fixture(autouse=True)
def _nothing_stays(qapp: QApplication) -> Iterator[None]:
    yield
    assert not [w for w in qapp.topLevelWidgets() if isinstance(w, MainWindow) and w.isVisible()]
    assert not [
        t for t in threading.enumerate() if t.name in ("capture", "feed", "analysis", "loading")
    ]


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferapp", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_from_the_command_to_a_labelled_face(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start it, see a face with its label and attribution, freeze it, close it."""
    seen: list[str] = []

    def watch() -> None:
        window = the_window()
        page = window.live_page

        def explained() -> None:
            assert page.analysis is not None
            assert has_map(page.analysis)

        try:
            qtbot.waitUntil(explained, timeout=120_000)
            window.actions_by_id["freeze"].trigger()
            # the clip pauses: what was on its way still comes, and then nothing any more
            qtbot.waitUntil(lambda: page.status.rates.analysis_fps == 0, timeout=20_000)
            assert page.status.source.playback is not None
            assert page.status.source.playback.paused
            seen.append(page.view.accessibleDescription())
            qtbot.waitUntil(lambda: "one face" in page.view.accessibleDescription(), timeout=5000)
            seen.append("held")
        finally:
            window.close()

    while_it_runs(watch)
    assert run_main(monkeypatch, "--source", "demo") == 0
    assert seen[-1] == "held"


def test_without_a_camera_the_demo_clip_plays_and_says_so(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any(Path("/dev").glob("video*")):
        pytest.skip("there is a camera here")

    def watch() -> None:
        window = the_window()
        try:
            qtbot.waitUntil(
                lambda: "Playing the demo clip" in window.live_page.live_view.notice.text(),
                timeout=60_000,
            )
            assert window.live_page.live_view.notice.isVisible()
        finally:
            window.close()

    while_it_runs(watch)
    assert run_main(monkeypatch) == 0


@pytest.mark.x11
def test_on_a_real_x_server(tmp_path: Path) -> None:
    """An X server shows the window, with the face's landmarks in their colour."""
    if shutil.which("xvfb-run") is None:
        pytest.skip("xvfb-run is not installed")
    import subprocess

    picture = tmp_path / "window.png"
    done = subprocess.run(
        [
            "xvfb-run",
            "-a",
            "-s",
            "-screen 0 1440x900x24",
            sys.executable,
            str(ROOT / "tests/support/app/explained_window.py"),
            str(picture),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert picture.stat().st_size > 50_000
    assert "platform xcb" in done.stdout
    assert "landmark colour True" in done.stdout


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always one")
@pytest.mark.usefixtures("no_screen")
def test_without_a_screen_it_says_what_works_there(
    command, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = command.process("ferapp")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: There is no screen here.\n`ferapp analyze` and `ferapp bench` work without one.\n"
    )
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    loaded = command.process("ferapp").stderr
    assert "trainer.errors" in loaded
    assert "PySide6" not in loaded


@pytest.mark.slow
def test_bench_prints_what_was_measured(command) -> None:
    done = command.process("ferapp", "bench", "--seconds", 2, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert 0 < result["analysis_fps"] <= result["camera_fps"] + 2
    assert 0 < result["capture_to_paint_ms"]["p50"] <= result["capture_to_paint_ms"]["p95"]
    assert result["rss_mb"] > 100
    assert set(result["stages_ms"]) == {"landmarks", "align", "model", "convert"}
    assert result["source"] == "Demo clip"


@pytest.mark.usefixtures("no_screen")
def test_bench_of_a_missing_source_fails(command) -> None:
    done = command.process("ferapp", "bench", "--source", "gone.mp4")
    assert done.returncode == 2
    assert "gone.mp4" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_bench_of_several_faces_detects_them_all(command) -> None:
    options = ("--faces", 2, "--seconds", 2, "--json")
    done = command.process("ferapp", "bench", *options)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout.splitlines()[-1])
    assert values["faces"] == pytest.approx(2, abs=0.1)
    assert values["cpu_ms"] > 0
    assert 0 < values["ms_per_face"] < sum(values["stages_ms"].values()) * 10


def test_bench_repeats_faces_of_the_demo_clip_only(command) -> None:
    done = command("ferapp", "bench", "--faces", 2, "--source", "camera")
    assert done.returncode == 2
    assert "leave out --source and --soak" in done.stderr
