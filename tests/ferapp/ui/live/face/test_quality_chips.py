"""The chips of quality issues: their texts, their room and their tips."""

import itertools

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.live.face.quality_chips import QualityChips
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.types import QualityIssue, QualityKind
from tests.support.ui.picture import pixels, share

ALL = tuple(QualityIssue(kind, 0.3, 0.4) for kind in QualityKind)


@pytest.fixture
def chips(qtbot: QtBot, qapp: QApplication) -> QualityChips:
    theme.apply_theme(qapp, "dark")
    chips = QualityChips()
    qtbot.addWidget(chips)
    chips.resize(1000, chips.sizeHint().height())
    return chips


def test_each_quality_issue_has_its_chip(chips: QualityChips) -> None:
    chips.show_issues(ALL)
    texts = [text for _, text, _ in chips.chips()]
    assert texts == ["too small", "turned away", "too dark", "blurred", "cut off", "unsure"]
    assert chips.accessibleDescription() == ", ".join(texts)
    places = [place for place, _, _ in chips.chips()]
    assert all(a.right() < b.left() for a, b in itertools.pairwise(places))
    assert places[-1].right() == chips.width()


def test_chips_without_room_are_counted_and_explained(chips: QualityChips) -> None:
    chips.resize(170, chips.height())
    chips.show_issues(ALL)
    assert [text for _, text, _ in chips.chips()] == ["too small", "+5"]
    place, _, meant = chips.chips()[-1]
    assert meant == ALL[1:]
    tip = chips.tip_at(place.center())
    assert all(wording.issue_tip(issue) in tip for issue in ALL[1:])
    chips.resize(40, chips.height())
    assert len(chips.chips()) == 1
    assert chips.chips()[0][2] == ALL


def test_the_tip_has_the_measurement_and_advice(chips: QualityChips) -> None:
    small = QualityIssue(QualityKind.SMALL, 38.2, 44)
    chips.show_issues((small,))
    tip = chips.tip_at(chips.chips()[0][0].center())
    assert "38" in tip
    assert "44" in tip
    assert "Come closer" in tip
    assert chips.tip_at(QPointF(3, 3)) == ""


def test_the_chips_are_painted_inside_their_rectangles(chips: QualityChips) -> None:
    assert share(pixels(chips), theme.DARK.warning, 60) == 0
    chips.show_issues(ALL[:1])
    image = pixels(chips)
    left = int(chips.chips()[0][0].left())
    assert share(image[:, left:], theme.DARK.warning, 60) > 0.02
    assert share(image[:, : left - 2], theme.DARK.warning, 60) == 0


@pytest.mark.parametrize("kind", QualityKind)
def test_every_quality_issue_is_explained(kind: QualityKind) -> None:
    reason = wording.issue_tip(QualityIssue(kind, 0.31, 0.4))
    assert len(reason.splitlines()) == 3
    assert "{" not in reason
