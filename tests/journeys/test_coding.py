"""A clip coded by two people in the real window; their agreement; ELAN and BORIS and back."""

import csv
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from sklearn.metrics import cohen_kappa_score

from ferapp.cli import main
from ferapp.studies.coding.coding_file import FORMATS, read_coding
from ferapp.ui.coding.agreement_view import MODEL
from ferapp.ui.coding.coding_mode import CodingMode
from ferapp.ui.shell.window import MainWindow
from tests.support.command import Command
from trainer.files import asset

WAIT = 120_000  # ms; the model loads meanwhile
KEY, LEFT, NONE = Qt.Key, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """The demo clip, where a coding can be written beside it."""
    file = tmp_path / "talk.mp4"
    shutil.copy(asset("demo/demo.mp4"), file)
    return file


def with_clip(
    monkeypatch: pytest.MonkeyPatch, clip: Path, watch: Callable[[MainWindow], None]
) -> None:
    """Call `watch` with the window of `ferapp --source CLIP`, which closes afterwards."""

    def guarded() -> None:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        try:
            watch(next(window for window in windows if window.isVisible()))
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)
    monkeypatch.setattr(sys, "argv", ["ferapp", "--source", str(clip)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def begin_coding(qtbot: QtBot, window: MainWindow) -> CodingMode:
    page, mode = window.live_page, window.coding
    qtbot.waitUntil(lambda: bool(page.history.faces) and page.history.duration_s > 1, timeout=WAIT)
    window.actions_by_id["coding"].trigger()
    qtbot.waitUntil(lambda: mode.bar.saved.text() == "Saved in talk.coding.csv", timeout=WAIT)
    return mode


def hold_key(
    qtbot: QtBot, window: MainWindow, mode: CodingMode, key: Qt.Key, seconds: float
) -> None:
    """Until so much is drawn; a jump of the clip would end it before."""
    QTest.keyPress(window, key)
    qtbot.waitUntil(
        lambda: any(i.end_s - i.start_s >= seconds for i in mode.editor.intervals_now()),
        timeout=WAIT,
    )
    QTest.keyRelease(window, key)


def at(mode: CodingMode, time_s: float) -> QPoint:
    rect = mode.lane.row_rects()[0][1]
    return QPoint(round(mode.lane.layout_now().x_of(time_s)), round(rect.center().y()))


def drag(mode: CodingMode, start: float, end: float) -> None:
    QTest.mousePress(mode.lane, LEFT, NONE, at(mode, start))
    for time_s in (0.5 * (start + end), end):
        QTest.mouseMove(mode.lane, at(mode, time_s))
    QTest.mouseRelease(mode.lane, LEFT, NONE, at(mode, end))


def test_two_coders_code_a_clip_and_step_through_their_disagreements(
    qapp: QApplication,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    clip: Path,
    command: Command,
) -> None:
    file = clip.with_name("talk.coding.csv")

    def watch(window: MainWindow) -> None:
        mode = begin_coding(qtbot, window)
        page, freeze = window.live_page, window.actions_by_id["freeze"]
        # away from the start first: else the seek could not be told from the clip's own beginning
        qtbot.waitUntil(lambda: (page.history.cursor_s or 0) > 1, timeout=WAIT)
        page.play_bar.sought.emit(0.0)
        qtbot.waitUntil(lambda: (page.history.cursor_s or 9) < 0.9, timeout=WAIT)
        hold_key(qtbot, window, mode, KEY.Key_4, 1.0)  # by held key
        assert [one.code for one in mode.editor.edits.intervals] == ["happy"]
        first = mode.editor.edits.intervals[0]
        assert first.end_s - first.start_s >= 1.0
        freeze.setChecked(True)
        mode.bar.chips["neutral"].click()
        drag(mode, first.end_s + 0.3, 5.0)  # by drag
        qtbot.waitUntil(lambda: file.exists() and "neutral" in file.read_text(), timeout=WAIT)

        mode.bar.coder.setCurrentText("Ben")
        QTest.keyClick(mode.bar.coder.lineEdit(), KEY.Key_Return)
        assert not any(row.intervals for row in mode.lane.rows)  # blind to the first one
        mode.bar.chips["happy"].click()
        drag(mode, 0.1, 3.0)
        mode.bar.chips["sad"].click()
        drag(mode, 3.2, 5.0)

        mode.bar.agreement.click()
        pane = mode.agreement.pane
        qtbot.waitUntil(lambda: pane.moments.count() > 0, timeout=WAIT)
        pair = {pane.first.currentText(), pane.second.currentText()}
        assert pair == {"Ben", "Coder 1"}
        QTest.keyClick(window, KEY.Key_Return)
        moment = mode.lane.moment
        assert moment is not None
        assert not freeze.isChecked()  # it plays
        qtbot.waitUntil(freeze.isChecked, timeout=WAIT)  # to a little after its end
        assert (page.history.cursor_s or 0) >= moment[1]

        pane.pair_chosen.emit("Ben", MODEL)
        qtbot.waitUntil(lambda: MODEL in mode.agreement.model_intervals, timeout=WAIT)
        assert any(row.title == MODEL for row in mode.lane.rows)

    with_clip(monkeypatch, clip, watch)
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["coder"] for row in rows} == {"Ben", "Coder 1"}
    done = command("ferapp", "agree", file, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    codes = {
        name: [_code_in(rows, name, second) for second in range(5)] for name in ("Ben", "Coder 1")
    }
    both = [(a, b) for a, b in zip(*codes.values(), strict=True) if a and b]
    assert result["n"] == len(both)
    expected = cohen_kappa_score(*zip(*both, strict=True))
    assert result["kappa"] == pytest.approx(expected)
    assert result["pairs"][0]["disagreements"]


def _code_in(rows: list[dict[str, str]], coder: str, second: int) -> str:
    """The code that holds longest in a second; "" where less is coded than not."""
    held: dict[str, float] = {"": 1.0}
    for row in rows:
        inside = min(float(row["end_s"]), second + 1) - max(float(row["start_s"]), second)
        if row["coder"] == coder and inside > 0:
            held[row["code"]] = held.get(row["code"], 0.0) + inside
            held[""] -= inside
    return max(held, key=lambda code: (round(held[code], 6), code != ""))


def test_a_coding_goes_to_elan_and_boris_and_back_in_the_window(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, clip: Path, tmp_path: Path
) -> None:
    def watch(window: MainWindow) -> None:
        mode = begin_coding(qtbot, window)
        window.actions_by_id["freeze"].setChecked(True)
        mode.bar.codes_changed.emit(("happy", "sad", "AU12"))
        mode.bar.chips["happy"].click()
        drag(mode, 0.5, 2.0)
        mode.bar.chips["sad"].click()
        drag(mode, 2.5, 4.0)
        drawn = [(i.start_s, i.end_s, i.code) for i in mode.editor.edits.intervals]
        assert [code for _, _, code in drawn] == ["happy", "sad"]
        for number, form in enumerate(FORMATS):
            file = tmp_path / f"out{number}{form.suffix}"
            monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, f=file: (str(f), ""))
            mode.bar.save_pressed.emit(form)
            qtbot.waitUntil(file.exists, timeout=WAIT)
            read = read_coding(file).intervals
            assert [(i.start_s, i.end_s, i.code) for i in read] == drawn
            monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, f=file: (str(f), ""))
            mode.bar.import_pressed.emit()
            name = f"Coder 1 {number + 2}"
            qtbot.waitUntil(lambda name=name: name in mode.editor.others, timeout=WAIT)
            back = [(i.start_s, i.end_s, i.code) for i in mode.editor.others[name]]
            assert back == drawn

    with_clip(monkeypatch, clip, watch)
