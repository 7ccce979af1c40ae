"""The stage on one screen: what covers the window, its keys, and what it leaves behind."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from ferapp.ui.stage.audience_view import AudienceView
from ferapp.ui.widgets.dialogs import KeysDialog
from tests.support.ui.fake_engine import FakeEngine, analysis, face
from tests.support.ui.picture import pixels, share
from tests.support.ui.window_bench import Bench

KEY = Qt.Key


def press(bench: Bench, *keys: Qt.Key) -> None:
    for key in keys:
        bench.qtbot.keyClick(bench.window, key)


@pytest.fixture
def staged(bench: Bench) -> Bench:
    bench.window.help.end_first_steps()
    bench.show(analysis(face()))
    press(bench, KEY.Key_P)
    return bench


def audience(bench: Bench) -> AudienceView:
    view = bench.window.stage.audience
    assert view is not None
    return view


def give(bench: Bench, index: int, name: str = "sad", **changes: object) -> None:
    """Deliver an analysis; it is not painted by the covered page."""
    made = analysis(face(name=name), index=index)
    bench.engine.give(replace(made, **changes))  # type: ignore[arg-type]
    bench.qtbot.waitUntil(
        lambda: (
            bench.window.live_page.shown is not None
            and bench.window.live_page.shown.frame.index == index
        )
    )


def test_the_audience_sees_a_word_instead_of_the_chrome(staged: Bench) -> None:
    view = audience(staged)
    assert staged.window.isFullScreen()
    assert view.geometry() == staged.window.rect()
    assert view.readout.word == "Happy"
    assert QApplication.widgetAt(staged.window.mapToGlobal(view.rect().center())) is not None
    assert staged.window.childAt(40, 10) in (view, view.face)  # not the toolbar
    press(staged, KEY.Key_Escape)
    assert staged.window.stage.audience is None
    assert not staged.window.isFullScreen()
    assert staged.window.childAt(40, 10) not in (None, view, view.face)


def test_the_picture_keeps_the_size_of_the_window(staged: Bench) -> None:
    staged.window.showNormal()
    staged.window.resize(1000, 700)
    view = audience(staged)
    staged.qtbot.waitUntil(lambda: view.geometry() == staged.window.rect())


def test_its_keys_have_their_own_meaning_only_while_it_is_on(staged: Bench) -> None:
    boxes = staged.window.actions_by_id["boxes"]
    press(staged, KEY.Key_B)
    assert boxes.isChecked()
    assert share(pixels(audience(staged)), "#000000", 0) == 1
    press(staged, KEY.Key_B)
    assert share(pixels(audience(staged)), "#000000", 0) < 0.5
    press(staged, KEY.Key_Escape, KEY.Key_B)
    assert not boxes.isChecked()


def test_a_digit_explains_a_class_instead_of_following_a_face(staged: Bench) -> None:
    page = staged.window.live_page
    press(staged, KEY.Key_5)  # sad
    assert page.overlay_style.target == "sad"
    assert audience(staged).readout.explained == 4
    press(staged, KEY.Key_Down)
    assert page.overlay_style.target == "surprise"
    press(staged, KEY.Key_PageUp, KEY.Key_Up)
    assert page.overlay_style.target == "happy"
    press(staged, KEY.Key_4)  # again: back to the word
    assert page.overlay_style.target == "predicted"
    assert audience(staged).readout.explained is None
    assert page.live_view.toast.isHidden()  # "There is no face 5" would have been shown


def test_other_keys_keep_their_meaning(staged: Bench) -> None:
    attribution = staged.window.actions_by_id["attribution"]
    press(staged, KEY.Key_A)
    assert not attribution.isChecked()
    assert not audience(staged).face.overlay_style.attribution


def test_a_frozen_audience_keeps_its_picture(staged: Bench) -> None:
    press(staged, KEY.Key_F)
    staged.qtbot.waitUntil(lambda: not audience(staged).is_fading)
    before = pixels(audience(staged))
    give(staged, 1)
    press(staged, KEY.Key_6)
    np.testing.assert_array_equal(pixels(audience(staged)), before)
    assert audience(staged).readout.word == "Happy"
    press(staged, KEY.Key_F)
    assert audience(staged).readout.word == "Sad"


def test_landmarks_are_shown_on_request(staged: Bench) -> None:
    landmarks = staged.window.actions_by_id["landmarks"]
    assert not audience(staged).face.overlay_style.landmarks
    press(staged, KEY.Key_L)
    assert audience(staged).face.overlay_style.landmarks
    assert landmarks.isChecked()  # of the laptop's own picture


def test_the_language_applies_at_once_and_is_remembered(staged: Bench) -> None:
    staged.window.stage.use_language("de")
    assert audience(staged).readout.word == "Fröhlich"
    assert staged.window.store.now.stage_language == "de"


def test_frames_are_analysed_for_the_audience_on_other_pages_too(staged: Bench) -> None:
    staged.window.add_page("Train", QWidget())
    staged.window.show_page("Train")
    assert staged.engine.is_visible
    press(staged, KEY.Key_F)  # that page's own key, if it has one
    assert not staged.window.stage.is_frozen
    staged.window.actions_by_id["stage"].setChecked(False)
    assert not staged.engine.is_visible


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_keys_are_listed(bench: Bench) -> None:
    press(bench, KEY.Key_Question)
    dialog = bench.window.findChild(KeysDialog)
    assert dialog is not None
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    at = texts.index("On the stage")
    assert at > texts.index("Source")
    assert texts[at + 1 : at + 3] == ["B", "Black screen"]


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_its_keys_come_first_while_it_is_on(staged: Bench) -> None:
    press(staged, KEY.Key_Question)
    dialog = staged.window.findChild(KeysDialog)
    assert dialog is not None
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert texts[:3] == ["On the stage", "B", "Black screen"]


def test_closing_the_window_ends_it(staged: Bench) -> None:
    view = audience(staged)
    staged.window.close()
    assert staged.window.stage.audience is None
    assert not view.isVisible()
    assert isinstance(staged.engine, FakeEngine)
    assert ("close", None) in staged.engine.calls
