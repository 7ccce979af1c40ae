"""The set-up of stimuli, the frames of a video, and the screen, each by itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ferapp.live.status import ModelStatus, SourceStatus
from ferapp.runs.task_queue import TaskQueue
from ferapp.ui.stimuli.setup_dialog import SetupDialog
from ferapp.ui.stimuli.stimuli_controller import record_problem
from ferapp.ui.stimuli.stimulus_frames import AHEAD, StimulusFrames
from ferapp.ui.stimuli.stimulus_screen import (
    GROUND,
    StimulusScreen,
    paint_cross,
    paint_image,
)
from tests.support.ui.fake_engine import FakeEngine

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[SetupDialog]:
    tasks, parent = TaskQueue("test"), QWidget()
    qtbot.addWidget(parent)
    made = SetupDialog(parent, tasks)
    made.show_recording("Demo clip", "")
    made.show()
    yield made
    tasks.close()


def check(dialog: SetupDialog, qtbot: QtBot, file: Path) -> None:
    dialog.check(file)

    def is_checked() -> bool:
        dialog._tasks.deliver()
        return not dialog.file.text().startswith("Checking")

    qtbot.waitUntil(is_checked, timeout=20_000)


def write(folder: Path, *rows: str) -> Path:
    cv2.imwrite(str(folder / "a.png"), np.zeros((30, 40, 3), np.uint8))
    file = folder / "stimuli.csv"
    file.write_text("\n".join(["file,seconds,fixation,condition", *rows]))
    return file


def test_a_wrong_list_shows_all_of_its_faults_and_cannot_start(
    dialog: SetupDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    check(dialog, qtbot, write(tmp_path, "a.png,-1,0,x", "b.png,1,0,x"))
    assert dialog.content.currentWidget() is dialog.faults
    text = dialog.faults.toPlainText()
    assert "row 2: seconds is -1" in text
    assert "row 3: b.png: there is no such file" in text
    assert not dialog.start.isEnabled()
    check(dialog, qtbot, write(tmp_path, "a.png,1,0,x"))
    assert dialog.content.currentWidget() is dialog.table
    assert dialog.start.isEnabled()


def test_the_table_follows_the_seed_and_the_switch(
    dialog: SetupDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    rows = [f"a.png,{n + 1},0.5,x" for n in range(8)]
    check(dialog, qtbot, write(tmp_path, *rows))

    def order() -> list[str]:
        return [dialog.table.item(row, 4).text() for row in range(8)]  # type: ignore[union-attr]

    listed = [f"{n + 1} s" for n in range(8)]
    first = order()
    assert sorted(first) == listed
    assert first != listed
    dialog.seed.setValue(2)
    assert order() != first
    dialog.seed.setValue(1)
    assert order() == first
    dialog.is_random.setChecked(False)
    assert order() == listed
    assert dialog.plan is not None
    assert dialog.plan.seed is None
    assert dialog.total.text() == "8 stimuli (8 x), 0:40 with the fixations."


def test_the_reason_why_nothing_can_be_recorded_blocks_the_start(
    dialog: SetupDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    check(dialog, qtbot, write(tmp_path, "a.png,1,0,x"))
    dialog.show_recording("", "The model is not ready yet.")
    assert not dialog.start.isEnabled()
    assert dialog.recording.text() == "The model is not ready yet."
    engine = FakeEngine()
    assert record_problem(engine.status()) == ""
    engine.change(source=SourceStatus())
    assert "No frames" in record_problem(engine.status())
    engine.change(source=SourceStatus("demo"), model=ModelStatus())
    assert "model" in record_problem(engine.status())


def test_frames_of_what_moves_come_when_they_are_due(qtbot: QtBot, tmp_path: Path) -> None:
    shades = [Image.new("RGB", (40, 30), (20 * n, 0, 0)) for n in range(1, 10)]
    file = tmp_path / "moving.webp"
    shades[0].save(file, save_all=True, append_images=shades[1:], duration=100, lossless=True)
    frames = StimulusFrames(file, (400, 400), 1.0)
    qtbot.waitUntil(lambda: frames.is_ready, timeout=20_000)
    first = frames.take(0.0)
    assert first is not None
    assert (first.width(), first.height()) == (400, 300)  # as large as fits, uncropped
    assert first.pixelColor(200, 150).red() == 20
    assert frames.take(0.05) is None  # the next is due at 0.1 s
    assert frames.next_s() == pytest.approx(0.1)
    qtbot.waitUntil(lambda: len(frames._frames) >= AHEAD, timeout=20_000)
    late = frames.take(0.35)  # those at 0.1 and 0.2 are overtaken
    assert late is not None
    assert late.pixelColor(200, 150).red() == 80
    frames.close()


def test_a_file_that_is_gone_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    frames = StimulusFrames(tmp_path / "gone.png", (40, 30), 1.0)
    qtbot.waitUntil(lambda: frames.is_ready, timeout=20_000)
    assert frames.take(0.0) is None
    assert "there is no such file" in frames.failure


def test_a_screen_tells_of_each_content_when_it_was_drawn(qtbot: QtBot, qapp: QApplication) -> None:
    screen = StimulusScreen(qapp.primaryScreen())
    drawn: list[tuple[int, float]] = []
    keys: list[int] = []
    screen.drawn.connect(lambda number, at: drawn.append((number, at)))
    screen.key_pressed.connect(keys.append)
    for _ in range(2):
        asked_at = time.perf_counter()
        number = screen.show_content(paint_cross)
        qtbot.waitUntil(lambda n=number: any(seen == n for seen, _ in drawn), timeout=5000)
        at = next(at for seen, at in drawn if seen == number)
        assert asked_at < at <= time.perf_counter()
    qtbot.keyClick(screen._window, Qt.Key.Key_Escape)
    assert keys == [Qt.Key.Key_Escape]
    assert screen.onset_method.startswith("the end of the paint")  # offscreen has no OpenGL
    screen.close()
    screen.close()


def test_a_picture_is_in_the_middle_of_a_grey_ground(qtbot: QtBot, qapp: QApplication) -> None:
    screen = StimulusScreen(qapp.primaryScreen())
    picture = QImage(20, 10, QImage.Format.Format_RGB32)
    picture.fill(0xFFFF0000)
    screen.show_content(paint_image(picture))
    seen = QImage(100, 60, QImage.Format.Format_RGB32)
    with QPainter(seen) as painter:
        screen._paint(painter, seen.rect().toRectF())
    assert seen.pixelColor(50, 30).name() == "#ff0000"
    assert seen.pixelColor(40, 25).name() == "#ff0000"
    assert seen.pixelColor(39, 25).name() == GROUND
    assert seen.pixelColor(60, 30).name() == GROUND
    screen.close()
