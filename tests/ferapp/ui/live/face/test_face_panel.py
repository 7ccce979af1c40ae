"""The panel beside the picture: hidden parts, quality issues, and layout."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from ferapp.live.status import ModelState
from ferapp.overlays import label_text
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.widgets import theme
from ferapp.vision.face_regions import PARTS
from ferapp.vision.hidden_areas import NOTHING_HIDDEN, hide_parts
from ferapp.vision.types import Analysis, QualityIssue, QualityKind
from tests.support.ui.fake_engine import SIZE, analysis, face, probabilities, with_prediction
from tests.support.ui.picture import mapped, pixels, rgb
from tests.support.ui.window_bench import Bench

SMALL = QualityIssue(QualityKind.SMALL, 38, 44)
TURNED = QualityIssue(QualityKind.TURNED, 50, 35)


def hiding(*parts: str, index: int = 0) -> Analysis:
    one = with_prediction(face(value=0.31), unmasked=probabilities("happy", 0.92))
    return replace(analysis(one, index=index), hidden=hide_parts(parts))  # type: ignore[arg-type]


@pytest.fixture
def page(bench: Bench) -> LivePage:
    return bench.window.live_page


# hiding


def test_chips_hide_parts_from_the_model(bench: Bench, page: LivePage) -> None:
    assert list(page.hide_row.chips) == list(PARTS)
    bench.qtbot.mouseClick(page.hide_row.chips["mouth"], Qt.MouseButton.LeftButton)
    bench.qtbot.mouseClick(page.hide_row.chips["eyes"], Qt.MouseButton.LeftButton)
    assert bench.engine.options.hidden.parts == {"mouth", "eyes"}
    bench.qtbot.mouseClick(page.hide_row.chips["mouth"], Qt.MouseButton.LeftButton)
    assert bench.engine.options.hidden.parts == {"eyes"}


def test_parts_cannot_be_hidden_in_a_frozen_picture(bench: Bench, page: LivePage) -> None:
    chip = page.hide_row.chips["nose"]
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    bench.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert bench.engine.options.hidden == NOTHING_HIDDEN
    assert "Space" in chip.toolTip()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    assert chip.isEnabled()


def test_the_effect_of_hiding_is_described(bench: Bench, page: LivePage) -> None:
    bench.show(hiding("mouth"))
    detail = page.panel.detail
    text = "Without the mouth: Happy 92 → 31\u00a0%"
    bench.qtbot.waitUntil(lambda: detail.text() == text)
    bench.show(hiding("mouth", "brows", "eyes", index=1))
    text = "Without brows, eyes and mouth: Happy 92 → 31\u00a0%"
    bench.qtbot.waitUntil(lambda: detail.text() == text)
    bench.qtbot.waitUntil(
        lambda: "Hidden from the model: brows, eyes and mouth" in page.view.accessibleDescription()
    )
    bench.show(analysis(face(), index=2))
    bench.qtbot.waitUntil(lambda: detail.text() == "Apparent expression")


def test_the_description_of_hiding_fits_in_one_line(bench: Bench, page: LivePage) -> None:
    surprise = face(name="surprise", value=1.0)
    one = with_prediction(surprise, unmasked=probabilities("surprise", 1.0))
    bench.show(replace(analysis(one), hidden=hide_parts(("eyes", "nose", "mouth"))))
    bench.qtbot.waitUntil(lambda: "→" in page.panel.detail.text())
    detail = page.panel.detail
    assert detail.fontMetrics().horizontalAdvance(detail.text()) <= detail.width()


def test_the_curves_break_where_hiding_begins(bench: Bench, page: LivePage) -> None:
    bench.show(analysis(face()))
    bench.show(hiding("mouth", index=1))
    smoothed = page.history.last(20).smoothed
    assert np.isnan(smoothed[:, 0]).tolist() == [False, True, False]


def test_hiding_is_not_remembered(bench: Bench, page: LivePage) -> None:
    page.hide_row.chips["mouth"].click()
    bench.window.store.save()
    other = LivePage(bench.engine, bench.window.actions_by_id, bench.window.store)
    bench.qtbot.addWidget(other)
    other.stop()
    assert bench.engine.options.hidden == NOTHING_HIDDEN


# quality issues


def doubtful(index: int, *issues: QualityIssue) -> Analysis:
    return analysis(replace(face(), quality=issues), index=index)  # 30 pictures a second


def test_quality_issues_are_shown_after_a_delay(bench: Bench, page: LivePage) -> None:
    panel = page.panel
    bench.show(doubtful(0, SMALL, TURNED))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    assert panel.quality_chips.chips() == []
    for index in (6, 13):  # until .43 s
        bench.show(doubtful(index, SMALL, TURNED))
    bench.qtbot.waitUntil(lambda: bool(panel.quality_chips.chips()))
    assert [text for _, text, _ in panel.quality_chips.chips()] == ["too small", "turned away"]
    assert panel.label.palette().color(panel.label.foregroundRole()).name() == theme.DARK.muted
    tip_text = "In doubt: too small, turned away"
    bench.qtbot.waitUntil(lambda: tip_text in page.view.accessibleDescription())
    bench.show(doubtful(20))
    bench.show(doubtful(30))
    assert panel.quality_chips.chips()  # .57 s after they went
    bench.show(doubtful(40))
    bench.qtbot.waitUntil(lambda: not panel.quality_chips.chips())
    assert panel.label.palette().color(panel.label.foregroundRole()).name() == theme.DARK.text


def test_the_longest_headline_fits(bench: Bench, page: LivePage) -> None:
    bench.engine.change_model(state=ModelState.LOADING, name="")
    label = page.panel.label
    bench.qtbot.waitUntil(lambda: label.text() == "Loading the model…")
    # the layout follows with the next event
    bench.qtbot.waitUntil(lambda: label.width() >= label.minimumSizeHint().width())


def test_the_measured_analysis_is_not_changed(bench: Bench, page: LivePage) -> None:
    shown = doubtful(0, SMALL)
    bench.show(shown)
    assert page.analysis is shown
    assert page.view.analysis is not shown
    assert page.view.analysis is not None
    assert page.view.analysis.faces[0].quality == ()


# one value, one repaint


def test_headline_bars_and_label_never_disagree(
    bench: Bench, page: LivePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although frames arrive faster than the plots are redrawn."""
    tip_text: list[tuple[str, str, str]] = []
    panel = page.panel

    def painted(shown: Analysis) -> None:
        bars = panel.bars.summary()
        happy = next(part for part in bars.split(", ") if part.startswith("Happy"))
        tip_text.append((label_text.box_label(shown.faces[0], shown), panel.label.text(), happy))

    monkeypatch.setattr(page.view, "_on_painted", painted)
    for index, value in enumerate((0.65, 0.67, 0.91, 0.7, 0.52)):
        bench.engine.give(analysis(face(value=value), index=index))
        bench.qtbot.waitUntil(lambda count=index: len(tip_text) > count)
    assert len({label for label, _, _ in tip_text}) == 5
    assert all(label == headline == bar for label, headline, bar in tip_text)


# the figures


def test_the_overlay_delay_is_shown(bench: Bench, page: LivePage) -> None:
    page.view._clock = lambda: 100.0345
    bench.show(mapped())
    value = page.live_view.hud.values["overlay_delay"]
    bench.qtbot.waitUntil(lambda: value.text() == "34\u00a0ms")
    bench.qtbot.waitUntil(lambda: "delay: 34\u00a0ms" in page.panel.key.toolTip())


# the place of everything


@pytest.fixture(params=["dark", "light"])
def dressed(request: pytest.FixtureRequest, bench: Bench) -> Iterator[Bench]:
    theme.apply_theme(bench.app, request.param)
    yield bench
    theme.apply_theme(bench.app, "dark")


def controls(page: LivePage) -> list[QWidget]:
    """In the order of Tab."""
    attribution = page.attribution
    return [
        *page.switches,
        *page.hide_row.chips.values(),
        page.hide_row.paint,
        attribution.target,
        attribution.method,
        attribution.palette_picker,
        attribution.signed,
        attribution.hold_scale,
        page.sliders.opacity,
        page.sliders.smoothing,
    ]


def place(widget: QWidget, page: LivePage) -> QRect:
    return QRect(widget.mapTo(page, QPoint()), widget.size())


def test_everything_is_visible_at_the_default_size(dressed: Bench) -> None:
    dressed.window.resize(1280, 800)
    page = dressed.window.live_page
    dressed.show(mapped())
    panel = page.panel
    seen = [
        panel.label,
        panel.quality_chips,
        panel.detail,
        panel.bars,
        panel.probability_plot,
        panel.crop,
        panel.key,
    ]
    places = [place(widget, page) for widget in [*seen, *controls(page)]]
    for one in places:
        assert page.rect().contains(one)
    for i, one in enumerate(places):
        for other in places[i + 1 :]:
            assert not one.intersects(other)
    assert panel.findChild(QScrollArea).verticalScrollBar().maximum() == 0
    assert panel.probability_plot.height() >= 88


def test_headline_and_bars_stay_while_the_rest_scrolls(dressed: Bench) -> None:
    dressed.window.resize(960, 640)
    page = dressed.window.live_page
    dressed.show(mapped())
    assert dressed.window.size() == QSize(960, 640)
    panel, last = page.panel, page.sliders.smoothing
    dressed.engine.change_model(state=ModelState.FAILED, notice="It ends too early.")
    bar = panel.findChild(QScrollArea).verticalScrollBar()
    dressed.qtbot.waitUntil(lambda: bar.maximum() > 0)
    bars = place(panel.bars, page)
    bar.setValue(bar.maximum())
    assert place(panel.bars, page) == bars
    assert page.rect().contains(bars)
    assert place(last, page).bottom() < page.height()
    assert place(last, page).right() <= bars.right()


def test_tab_visits_every_control_once_and_returns(bench: Bench, page: LivePage) -> None:
    bench.show(mapped())
    expected = controls(page)
    expected[0].setFocus(Qt.FocusReason.TabFocusReason)
    visited = []
    for _ in range(100):
        visited.append(QApplication.focusWidget())
        bench.qtbot.keyClick(visited[-1], Qt.Key.Key_Tab)
        if QApplication.focusWidget() is visited[0]:
            break
    assert QApplication.focusWidget() is expected[0]
    assert visited[: len(expected)] == expected
    assert len(set(map(id, visited))) == len(visited)
    bench.qtbot.keyClick(expected[1], Qt.Key.Key_Backtab)


def test_every_control_has_a_name_and_an_explanation(page: LivePage) -> None:
    for control in controls(page):
        assert control.accessibleName(), control
        assert control.toolTip(), control
    for view in (page.panel.bars, page.panel.quality_chips, page.panel.key, page.panel.crop):
        assert view.accessibleName()


def test_the_wheel_scrolls_and_changes_nothing(bench: Bench, page: LivePage) -> None:
    bench.show(mapped())
    before = (page.overlay_style, page.sliders.smoothing.value())
    for control in controls(page):
        control.setFocus(Qt.FocusReason.TabFocusReason)
        at = QPointF(control.rect().center())
        turn = QWheelEvent(
            at,
            control.mapToGlobal(at),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(control, turn)
    assert (page.overlay_style, page.sliders.smoothing.value()) == before


def test_space_presses_the_focused_button(bench: Bench, page: LivePage) -> None:
    chip = page.hide_row.chips["mouth"]
    chip.setFocus(Qt.FocusReason.TabFocusReason)
    bench.qtbot.keyClick(chip, Qt.Key.Key_Space)
    assert chip.isChecked()
    assert not bench.window.actions_by_id["freeze"].isChecked()
    bench.qtbot.mouseClick(page.attribution.hold_scale, Qt.MouseButton.LeftButton)
    assert not page.attribution.hold_scale.hasFocus()  # a click leaves Space to Freeze


def test_a_checked_chip_differs_by_more_than_colour(page: LivePage) -> None:
    chip = page.attribution.hold_scale

    def lightness() -> float:
        image = pixels(chip)[8:-8, 4:-4]
        return float((image @ np.array([0.2126, 0.7152, 0.0722])).mean())

    off = lightness()
    chip.click()
    assert abs(lightness() - off) > 60
    assert rgb(theme.DARK.accent) in pixels(chip)[chip.height() // 2].tolist()


def test_a_hidden_part_is_struck_out(page: LivePage) -> None:
    chip = page.hide_row.chips["mouth"]
    chip.click()
    text_width = chip.fontMetrics().horizontalAdvance(chip.text())
    ink = np.abs(pixels(chip) - rgb(theme.DARK.on_accent)).sum(axis=2) < 150
    through = ink[chip.height() // 2 - 2 : chip.height() // 2 + 4].sum(axis=1)
    assert through.max() >= text_width - 2  # a line as long as the text


def test_the_crop_is_never_mirrored(bench: Bench, page: LivePage) -> None:
    crop = np.zeros((SIZE, SIZE), np.uint8)
    crop[:, : SIZE // 2] = 200
    one = face()
    assert one.crop is not None
    bench.show(analysis(replace(one, crop=replace(one.crop, pixels=crop))))
    view = page.panel.crop
    bench.window.actions_by_id["mirror"].setChecked(True)
    bench.qtbot.waitUntil(lambda: pixels(view)[60, 30, 0] == 200)
    assert pixels(view)[60, 90, 0] == 0
    assert "Never mirrored" in view.toolTip()
