"""The bar for analysing the video that plays into a table, in a process of its own."""

import csv
import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from ferapp.ui.live.table_bar import TableBar, last_frame
from tests.support import ROOT
from tests.support.ui.window_bench import Bench

DONE = {"frames": 1234, "frames_with_face": 1}

HEAD = "import sys; given = sys.argv[1:]; table = given[2].removeprefix('--csv=')\n"

Made = Callable[..., TableBar]


@pytest.fixture
def made(qtbot: QtBot) -> Made:
    """A bar whose command is Python code with `given`, its arguments, and `table`, their path."""
    window = QWidget()
    qtbot.addWidget(window)

    def make(code: str, python: str = sys.executable) -> TableBar:
        bar = TableBar((python, "-c", HEAD + code))
        bar.setParent(window)
        return bar

    return make


def test_progress_and_outcome_are_shown(qtbot: QtBot, made: Made, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    bar = made(
        f"open(table, 'w').write('frame\\n7,x\\n'); print(given)\nprint('''{json.dumps(DONE)}''')"
    )
    with qtbot.waitSignal(bar.ended) as ended:
        bar.start("clip.mp4", table, "default", 2, "balanced")
        assert not bar.isHidden()
        assert bar.progress.text() == "t.csv: starting…"
    assert ended.args == ["1,234\u00a0frames analysed, 1 frame with a face", str(table)]
    assert bar.isHidden()
    assert not bar.running


def test_the_analysis_can_be_stopped(qtbot: QtBot, made: Made, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    bar = made("import time; open(table, 'w').write('frame\\n1500,x\\n16'); time.sleep(600)")
    bar.start("clip.mp4", table, "default", 2, "balanced")
    qtbot.waitUntil(lambda: bar.progress.text() == "t.csv: frame 1,500")
    bar.stop_button.click()
    qtbot.waitUntil(lambda: not bar.running)
    bar.start("clip.mp4", table, "default", 2, "trained", 6004)
    qtbot.waitUntil(lambda: bar.progress.text() == "t.csv: frame 1,500 of about 6,004 (25%)")
    with qtbot.waitSignal(bar.ended) as ended:
        bar.stop_button.click()
    assert ended.args == ["Stopped: t.csv has all frames analysed so far.", str(table)]


@pytest.mark.parametrize(
    ("code", "python", "reason"),
    [
        ("sys.exit('Error: it is no video')", sys.executable, "it is no video"),
        ("", "/nowhere/python", ""),
    ],
)
def test_a_failure_shows_its_reason(
    qtbot: QtBot, made: Made, tmp_path: Path, code: str, python: str, reason: str
) -> None:
    bar = made(code, python)
    with qtbot.waitSignal(bar.ended) as ended:
        bar.start("clip.mp4", tmp_path / "t.csv", "default", 2, "balanced")
    assert ended.args is not None
    assert ended.args[0].startswith(f"No table: {reason}")
    assert ended.args[1] == ""
    assert bar.isHidden()


def test_the_frame_is_that_of_the_last_complete_row(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    assert last_frame(table) is None
    for content, frame in (
        ("", None),
        ("frame,a\n", None),
        ("frame,a\n0,1\n", 0),
        ("f\n4,\n57", 4),
    ):
        table.write_text(content)
        assert last_frame(table) == frame
    table.write_text("frame\n" + "12,abc\n" * 2000 + "13,abc\n")
    assert last_frame(table) == 13


def test_the_class_balance_of_the_window_is_that_of_the_table(
    qtbot: QtBot, made: Made, tmp_path: Path
) -> None:
    told = tmp_path / "arguments"
    bar = made(f"open({str(told)!r}, 'w').write(' '.join(given))")
    with qtbot.waitSignal(bar.ended):
        bar.start("clip.mp4", tmp_path / "t.csv", "default", 2, "balanced")
    assert "--prior=balanced" in told.read_text().split()


@pytest.mark.slow
def test_a_table_is_written_from_the_menu(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every frame once, by the model that runs in the window."""
    action, table = bench.window.actions_by_id["to_table"], tmp_path / "my table.csv"
    page = bench.window.live_page
    bench.engine.change_source(uri="http://camera/stream")
    bench.engine.change_model(spec="compact")
    bench.qtbot.waitUntil(lambda: not action.isEnabled())  # it has no end
    picture = str(ROOT / "assets" / "demo" / "demo.mp4")
    bench.engine.change_source(uri=picture)
    bench.qtbot.waitUntil(action.isEnabled)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(table), ""))
    monkeypatch.setattr(page.table_bar, "_command", (sys.executable, "-m", "ferapp"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with bench.qtbot.waitSignal(page.table_bar.ended, timeout=300_000) as ended:
        action.trigger()
        bench.qtbot.waitUntil(lambda: not action.isEnabled())
    assert ended.args is not None
    assert "frames analysed" in ended.args[0]
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    frames = [int(row["frame"]) for row in rows]
    assert sorted(set(frames)) == list(range(len(set(frames))))
    note = json.loads((tmp_path / "my table.csv.json").read_text())
    assert (note["model"], note["path"]) == ("compact", picture)
    assert note["app"].startswith("ferapp ")
    assert datetime.fromisoformat(note["begun"]).date() >= date(2026, 11, 1)
    assert "frames analysed" in page.live_view.toast.label.text()
