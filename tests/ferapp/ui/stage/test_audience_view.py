"""The audience's picture by its pixels, at several sizes, and the menu of its languages."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ferapp.live.status import LiveStatus
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.stage.audience_view import AudienceView
from ferapp.ui.stage.language_menu import LanguageMenu
from ferapp.ui.stage.readout import ReadoutMaker
from ferapp.ui.text.class_words import LANGUAGES
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.picture import pixels, rgb, share

STYLE = OverlayStyle(boxes=False, landmarks=False)


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> AudienceView:
    theme.apply_theme(qapp, "dark")
    view = AudienceView()
    qtbot.addWidget(view)
    view.resize(960, 540)
    view.show()
    return view


def present(
    qtbot: QtBot, view: AudienceView, shown: Analysis, code: str = "en", target: str = "predicted"
) -> None:
    language = LANGUAGES[code]
    style = replace(STYLE, target=target)
    readout = ReadoutMaker().read(shown, LiveStatus(), language, target)
    view.present(shown, readout, language, style)
    qtbot.waitUntil(lambda: not view.is_fading)


def bar_lengths(view: AudienceView, name: str) -> list[int]:
    """Longest run of the class's colour in each row of pixels that has one."""
    colour = np.abs(pixels(view) - rgb(theme.current().expression(name))).sum(axis=2) < 20
    return [int(row.sum()) for row in colour if row.sum() > 8]


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_bar_is_as_long_as_the_class_is_probable(
    view: AudienceView, qtbot: QtBot, qapp: QApplication, mode: theme.Mode
) -> None:
    theme.apply_theme(qapp, mode)
    present(qtbot, view, analysis(face(value=0.8)))
    long = max(bar_lengths(view, "happy"))
    present(qtbot, view, analysis(face(value=0.4)))
    assert max(bar_lengths(view, "happy")) == pytest.approx(long / 2, rel=0.05)
    assert len(bar_lengths(view, "happy")) == pytest.approx(540 * 40 / 1080, abs=3)  # fat


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768), (640, 480), (1920, 1080)])
@pytest.mark.parametrize("code", ["en", "pl", "fr", "ar"])
def test_no_word_touches_the_edge(
    view: AudienceView, qtbot: QtBot, size: tuple[int, int], code: str
) -> None:
    """Neither the word nor a name is cut: the margin around them is empty."""
    view.resize(*size)
    present(qtbot, view, analysis(replace(face(name="fear"))), code)
    image = pixels(view)
    background = rgb(theme.current().window)
    margin = 20
    far = image[:, :margin] if LANGUAGES[code].right_to_left else image[:, -margin:]
    assert (np.abs(far - background).sum(axis=2) < 6).all()
    beside = image[: size[1] // 2, round(size[0] * 0.47) : round(size[0] * 0.98)]
    if LANGUAGES[code].right_to_left:
        beside = image[: size[1] // 2, round(size[0] * 0.02) : round(size[0] * 0.53)]
    assert (beside.min(axis=2) > 200).mean() > 0.01  # the word


def test_arabic_is_mirrored(view: AudienceView, qtbot: QtBot) -> None:
    present(qtbot, view, analysis(face()), "ar")
    assert view.face.geometry().right() == view.width() - 1
    colour = np.abs(pixels(view) - rgb(theme.current().expression("happy"))).sum(axis=2) < 20
    columns = np.flatnonzero(colour.any(axis=0))
    present(qtbot, view, analysis(face()), "en")
    colour = np.abs(pixels(view) - rgb(theme.current().expression("happy"))).sum(axis=2) < 20
    # mirrored within the text's column, whose names are of other lengths
    assert columns.max() < view.width() / 2 < np.flatnonzero(colour.any(axis=0)).min()


def test_an_explained_class_has_a_mark_in_front_of_its_bar(
    view: AudienceView, qtbot: QtBot
) -> None:
    present(qtbot, view, analysis(face()))
    accent = theme.current().accent
    assert share(pixels(view), accent, 10) == 0
    present(qtbot, view, analysis(face()), target="angry")
    assert share(pixels(view), accent, 10) > 0


def test_a_dot_stands_for_each_of_several_faces(view: AudienceView, qtbot: QtBot) -> None:
    def corner() -> np.ndarray:
        return pixels(view)[-40:, :120]

    present(qtbot, view, analysis(face((160, 120), 40)))
    assert [face.face_id for face in view.face.dots] == [0]
    alone = corner()
    several = analysis(face((160, 120), 40), face((160, 120), 40, face_id=1))
    present(qtbot, view, replace(several, selected_id=1))
    assert [face.face_id for face in view.face.dots] == [0, 1]
    assert view.face.followed == 1
    assert not np.array_equal(corner(), alone)


def test_a_tall_screen_has_the_face_above_the_words(view: AudienceView, qtbot: QtBot) -> None:
    view.resize(540, 960)
    present(qtbot, view, analysis(face()))
    assert view.face.width() == 540
    assert view.face.height() < 600
    assert max(bar_lengths(view, "happy")) > 150


def test_a_language_without_a_font_says_so(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    chosen: list[str] = []
    lost = replace(LANGUAGES["de"], english_name="Lost", no_face="\U0010fffd")
    menu = LanguageMenu(parent, "en", chosen.append, {"en": LANGUAGES["en"], "xx": lost})
    english, other = menu.actions()
    assert english.isChecked()
    assert english.isEnabled()
    assert not other.isEnabled()
    assert other.text() == "Lost (no font)"
    assert "No font on this computer has the letters of Lost." in other.toolTip()
    english.trigger()
    assert chosen == ["en"]
