"""Two models on the same frames: two views, two bars per class, two region meters."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ferapp.live.status import ModelInfo, ModelState
from ferapp.overlays import palette
from ferapp.ui.live.face.twin_bars import TwinBars
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis, AppliedModel, Prediction
from tests.support.ui.fake_engine import CARD, MODEL, analysis, face, prediction
from tests.support.ui.picture import pixels, rgb
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS

TWIN = ModelInfo(
    "twin-pal", "bundled", CARD.model_copy(update={"name": "twin-pal"}), name="twin-pal"
)


def both() -> Analysis:
    """The first model predicts happy 87 %, the second sad 60 %."""
    first = face()
    compared = replace(first, predictions=(first.prediction, prediction("sad", 0.6)))
    return replace(analysis(compared), models=(MODEL, MODEL))


def compared(bench: Bench) -> Analysis:
    bench.engine.change_second_model(spec="twin-pal", name="twin-pal", state=ModelState.READY)
    shown = both()
    bench.show(shown)
    bench.qtbot.waitUntil(bench.window.live_page.panel.twin_bars.isVisible)
    return shown


def entries(menu: QMenu) -> dict[str, QAction]:
    return {action.text(): action for action in menu.actions()}


def test_a_second_model_is_chosen_and_removed(bench: Bench) -> None:
    bench.engine.change(models=(*bench.engine.now.models, TWIN))
    menu = bench.window.model_menu
    others = entries(menu)["Compare with"].menu()
    assert isinstance(others, QMenu)
    bench.qtbot.waitUntil(lambda: "twin-pal" in entries(others))
    assert not entries(others)["End comparison"].isEnabled()
    entries(others)["twin-pal"].trigger()
    assert bench.engine.calls[-1] == ("compare_with", "twin-pal")
    bench.engine.change_second_model(state=ModelState.LOADING)
    end = entries(others)["End comparison"]
    bench.qtbot.waitUntil(end.isEnabled)
    end.trigger()
    assert bench.engine.calls[-1] == ("compare_with", "")


def test_both_are_shown_side_by_side(bench: Bench) -> None:
    live_view, panel = bench.window.live_page.live_view, bench.window.live_page.panel
    shown = compared(bench)
    assert live_view.second_view.isVisible()
    assert live_view.view.analysis is not None
    assert live_view.view.analysis.frame is shown.frame
    assert live_view.second_view.analysis is live_view.view.analysis
    assert not panel.bars.isVisible()
    assert "Happy 87\u00a0% and 7\u00a0%" in panel.twin_bars.accessibleDescription()
    assert "Sad 2\u00a0% and 60\u00a0%" in panel.twin_bars.accessibleDescription()
    assert panel.second_region_meter.isVisible()
    bench.qtbot.mouseClick(live_view.end_comparison, Qt.MouseButton.LeftButton)
    assert bench.engine.calls[-1] == ("compare_with", "")
    bench.engine.change(second_model=None)
    bench.show(analysis(face(), index=1))
    bench.qtbot.waitUntil(panel.bars.isVisible)
    bench.qtbot.waitUntil(lambda: not live_view.second_view.isVisible())
    assert not panel.twin_bars.isVisible()


def test_parts_that_show_only_the_first_model_name_it(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    bench.show(analysis(face()))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    assert not panel.model_label.isVisible()
    assert panel.crop_title.text() == "What the model sees"
    compared(bench)
    assert panel.model_label.text() == "A · default"
    assert panel.model_label.isVisible()
    assert panel.plot_title.text() == "A over time"
    assert panel.crop_title.text() == "What A sees"


def test_a_tall_panel_has_its_spare_room_in_and_below_the_plot(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    compared(bench)
    small = panel.crop.parentWidget().height()
    assert panel.probability_plot.isVisible()
    before = panel.probability_plot.height()
    bench.window.resize(1400, 1400)
    bench.qtbot.waitUntil(
        lambda: panel.probability_plot.height() == panel.probability_plot.maximumHeight() > before
    )
    assert panel.crop.parentWidget().height() == small  # no hole beside the crop


def test_both_views_have_the_same_style(bench: Bench) -> None:
    compared(bench)
    live_view = bench.window.live_page.live_view
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_L)  # no landmarks
    assert not live_view.view.overlay_style.landmarks
    assert live_view.second_view.overlay_style == live_view.view.overlay_style


def test_a_failed_second_model_shows_why(bench: Bench) -> None:
    view = bench.window.live_page.live_view.second_view
    text = "mine.safetensors is damaged: it ends too early."
    bench.show(analysis(face()))
    bench.engine.change_second_model(state=ModelState.FAILED, notice=text)
    bench.qtbot.waitUntil(lambda: view.message == text)
    assert view.isVisible()
    ground = rgb(palette.VIDEO_BACKGROUND)
    shown = pixels(view)
    assert 0.001 < (np.abs(shown - ground).sum(axis=-1) > 60).mean() < 0.1  # text on the background


def test_bars_are_as_long_as_the_probabilities(bench: Bench) -> None:
    """The first model's bar is filled, the second's only outlined."""
    bars = TwinBars()
    bars.setParent(bench.window)
    bars.show_both(("a", "b"), EXPRESSIONS, prediction("happy", 1), prediction("happy", 0.5))
    bars.setGeometry(0, 0, 400, bars.sizeHint().height())
    bars.show()
    happy = EXPRESSIONS.index("happy")
    colour = rgb(theme.current().expression("happy", happy))
    near = np.abs(pixels(bars) - colour).sum(axis=-1) <= 30
    row = bars.sizeHint().height() / (len(EXPRESSIONS) + 1)
    middle = round((happy + 1.5) * row)
    first, second = near[middle - 4], near[middle + 1 : middle + 8].any(axis=0)
    assert first.sum() > 100
    assert abs(second.sum() - first.sum() / 2) <= 3
    assert near[middle + 4].sum() < 10  # hollow
    assert bars.tip().endswith("Filled: a. Outlined: b.")
    bars.setParent(None)
    bars.deleteLater()


def test_a_class_that_the_second_model_lacks_has_no_bar(bench: Bench) -> None:
    bars = TwinBars()
    one = np.ones(1, np.float32)
    only_happy = Prediction(AppliedModel(("happy",)), one, one)
    bars.show_both(("a", "b"), EXPRESSIONS, prediction("happy", 1), only_happy)
    assert "Happy 100\u00a0% and 100\u00a0%" in bars.summary()
    assert "Angry 0\u00a0% and –" in bars.summary()


def test_the_region_meters_name_their_models(bench: Bench) -> None:
    compared(bench)
    panel = bench.window.live_page.panel
    assert panel.region_meter.cell(0).x() > 0  # room for its letter
    assert panel.region_meter.cell(0).x() == panel.second_region_meter.cell(0).x()
    inside = QPoint(int(panel.region_meter.cell(3).center().x()), 4)
    assert "the mouth" in panel.region_meter.tip(inside.x())
