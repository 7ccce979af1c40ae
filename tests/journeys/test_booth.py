"""A round at the booth through the window, with scripted analyses and a clock set by hand."""

import csv
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from ferapp.ui.booth.booth_file import draw_results, draw_sheet
from ferapp.ui.booth.booth_session import BoothSession, Phase, Strip
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.text.class_words import LANGUAGES
from ferapp.ui.widgets.dialogs import KeysDialog
from ferapp.ui.widgets.theme import apply_theme
from tests.support.ui.fake_engine import SIZE, FakeEngine, analysis, face
from trainer.labels import EXPRESSIONS

KEY = Qt.Key


@dataclass
class Booth:
    window: MainWindow
    engine: FakeEngine
    qtbot: QtBot
    now: float = 100.0

    @property
    def session(self) -> BoothSession:
        session = self.window.booth.session
        assert session is not None
        return session

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            self.qtbot.keyClick(self.window, key)

    def wait_for(self, phase: Phase) -> None:
        self.qtbot.waitUntil(lambda: self.session.phase is phase)

    def give(self, index: int, name: str, value: float) -> None:
        """Deliver a face; the booth has seen it when the page shows it."""
        heat = np.ones((SIZE, SIZE), np.float32)
        page = self.window.live_page
        self.engine.give(analysis(face(name=name, value=value, attribution=heat), index=index))
        self.qtbot.waitUntil(lambda: page.shown is not None and page.shown.frame.index == index)


@pytest.fixture
def booth(qtbot: QtBot, qapp: QApplication) -> Iterator[Booth]:
    apply_theme(qapp, "dark")
    engine = FakeEngine()
    window = MainWindow(engine, SettingsStore())
    qtbot.addWidget(window, before_close_func=MainWindow.close_at_once)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    made = Booth(window, engine, qtbot)
    window.booth.clock = lambda: made.now
    window.help.end_first_steps()
    made.give(0, "neutral", 0.5)
    qtbot.keyClick(window, KEY.Key_P, Qt.KeyboardModifier.ShiftModifier)
    yield made
    window.close_at_once()


def challenge(booth: Booth) -> str:
    """The countdown, and four frames after it: the third has the highest asked probability."""
    asked = booth.session.asked
    other = next(name for name in EXPRESSIONS if name != asked)
    booth.press(KEY.Key_Return)
    booth.wait_for(Phase.COUNTDOWN)
    booth.give(1, asked, 0.95)  # before the countdown is over
    booth.now += 3
    booth.wait_for(Phase.CAPTURE)
    for index, (name, value) in enumerate([(asked, 0.3), (other, 0.9), (asked, 0.6), (asked, 0.5)]):
        booth.now += 0.4
        booth.give(index + 2, name, value)
    booth.now += 1
    booth.wait_for(Phase.VOTE)
    return asked


def test_without_consent_nothing_is_captured(booth: Booth) -> None:
    view = booth.window.booth.view
    assert view is not None
    assert view.geometry() == booth.window.rect()  # covers the window on a single screen
    assert booth.session.phase is Phase.CONSENT
    assert view.face.analysis is None  # not even shown
    booth.give(1, "happy", 0.9)
    booth.now += 10
    booth.give(2, "happy", 0.9)
    assert booth.session.strips == []
    assert booth.session.peak is None
    booth.press(KEY.Key_Escape)
    assert booth.window.booth.session is None
    assert not booth.window.actions_by_id["booth"].isChecked()
    assert not booth.window.isFullScreen()


def test_a_challenge_is_captured_voted_saved_and_gone(booth: Booth, tmp_path: Path) -> None:
    booth.press(KEY.Key_Return)
    asked = challenge(booth)
    (strip,) = booth.session.strips
    assert (strip.asked, strip.word, strip.explained) == (asked, asked, asked)
    assert strip.share == pytest.approx(0.6)
    assert strip.face != strip.attribution  # the map is drawn over the same face
    first, second = (KEY.Key_1, KEY.Key_2)
    booth.press(first, second, second, first, KEY.Key_Backspace, KEY.Key_Return)
    assert booth.session.phase is Phase.RESULT
    assert booth.session.strips[0].votes == (EXPRESSIONS[0], EXPRESSIONS[1], EXPRESSIONS[1])
    booth.press(KEY.Key_M)
    row = EXPRESSIONS.index(asked)
    assert booth.session.model_counts()[row, row] == 1
    assert booth.session.room_counts()[row].tolist() == [1, 2, 0, 0, 0, 0, 0]

    picture = tmp_path / "round.png"
    session, english = booth.session, LANGUAGES["en"]
    results = draw_results(session, english)
    sheet = draw_sheet(session.strips, session.classes, english, results)
    booth.window.booth.save(picture)
    booth.qtbot.waitUntil(lambda: not booth.window.booth.is_saving)
    assert QImage(str(picture)).convertToFormat(sheet.format()) == sheet
    with picture.with_suffix(".csv").open() as stream:
        (saved,) = csv.DictReader(stream)
    assert (saved["asked"], saved["model"], saved["share"]) == (asked, asked, "0.6000")
    assert [saved[f"votes_{name}"] for name in EXPRESSIONS] == ["1", "2", *"00000"]

    del strip, session
    booth.press(KEY.Key_Escape)
    assert booth.window.booth.session is None
    gc.collect()
    kept = [thing for thing in gc.get_objects() if isinstance(thing, Strip)]
    assert kept == []
    assert sorted(file.name for file in tmp_path.glob("round*")) == ["round.csv", "round.png"]


def test_escape_shows_the_results_before_they_are_lost(booth: Booth) -> None:
    booth.press(KEY.Key_Return)
    challenge(booth)
    booth.press(KEY.Key_Escape)
    assert booth.session.phase is Phase.SUMMARY
    booth.press(KEY.Key_N)
    assert booth.session.phase is Phase.CONSENT  # somebody else is asked again
    assert len(booth.session.strips) == 1


def test_the_stage_takes_over(booth: Booth) -> None:
    booth.window.actions_by_id["stage"].setChecked(True)
    assert booth.window.booth.session is None
    assert booth.window.stage.is_on
    booth.window.actions_by_id["booth"].setChecked(True)
    assert not booth.window.stage.is_on


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_its_keys_come_first_while_it_is_on(booth: Booth) -> None:
    booth.press(KEY.Key_Question)
    dialog = booth.window.findChild(KeysDialog)
    assert dialog is not None
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert texts[:3] == ["In the booth", "Enter", "Continue"]
