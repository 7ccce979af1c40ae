"""The controls of the explained class, the colours and the scale of the attribution."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox

from ferapp.overlays.colour_maps import MAP_PALETTES
from ferapp.ui.live.live_page import LivePage
from ferapp.vision.types import AppliedModel
from tests.support.ui.fake_engine import SIZE, analysis, face, with_maps, with_prediction
from tests.support.ui.picture import HAPPY, SAD, mapped, pixels
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS


@pytest.fixture
def page(bench: Bench) -> LivePage:
    return bench.window.live_page


def press_bar(bench: Bench, index: int) -> None:
    bars = bench.window.live_page.panel.bars
    row = bars.height() // len(EXPRESSIONS)
    at = QPoint(30, index * row + row // 2)
    bench.qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=at)


def choose(picker: QComboBox, bench: Bench, text: str) -> None:
    """As with the keyboard."""
    picker.setFocus(Qt.FocusReason.TabFocusReason)
    index = picker.findText(text)
    while picker.currentIndex() != index:
        down = picker.currentIndex() < index
        bench.qtbot.keyClick(picker, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def test_a_click_on_a_bar_toggles_its_class(bench: Bench, page: LivePage) -> None:
    bench.show(mapped())
    press_bar(bench, SAD)
    assert page.overlay_style.target == "sad"
    assert page.attribution.target.currentText() == "Sad"
    assert bench.engine.options.target == SAD
    bench.qtbot.waitUntil(lambda: page.panel.key.ends() == ("against", "for Sad"))
    press_bar(bench, SAD)
    assert page.overlay_style.target == "predicted"
    assert page.attribution.target.currentText() == "Predicted"
    assert bench.engine.options.target == "predicted"
    bench.qtbot.waitUntil(lambda: page.panel.key.ends() == ("against", "for Happy"))


def test_the_list_chooses_the_class(bench: Bench, page: LivePage) -> None:
    bench.show(mapped())
    picker = page.attribution.target
    names = [picker.itemText(i) for i in range(picker.count())]
    assert names == ["Predicted", "Runner-up", *(name.capitalize() for name in EXPRESSIONS)]
    choose(picker, bench, "Runner-up")
    assert page.overlay_style.target == "runner_up"
    assert bench.engine.options.target == "runner_up"
    choose(picker, bench, "Fear")
    assert page.overlay_style.target == "fear"
    assert bench.engine.options.target == EXPRESSIONS.index("fear")


def test_another_class_is_explained_while_frozen(bench: Bench, page: LivePage) -> None:
    maps = np.zeros((len(EXPRESSIONS), SIZE, SIZE), np.float32)
    maps[HAPPY, :, :20], maps[SAD, :, 24:] = 1, 1
    one = with_maps(face(), maps, tuple(range(len(EXPRESSIONS))))
    bench.show(analysis(one))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    page.change_style(boxes=False, landmarks=False, opacity=1.0)

    def hot_side() -> str:
        image, plain = pixels(page.view), None
        page.change_style(attribution=False)
        plain = pixels(page.view)
        page.change_style(attribution=True)
        change = np.abs(image - plain).sum(axis=(0, 2))
        middle = round(page.view.frame_to_view(160, 0).x())
        return "left" if change[:middle].sum() > change[middle:].sum() else "right"

    assert hot_side() == "left"
    press_bar(bench, SAD)
    assert hot_side() == "right"
    assert page.analysis is not None
    assert page.analysis.faces[0] is one


def test_choosing_a_class_shows_it(bench: Bench, page: LivePage) -> None:
    bench.show(mapped())
    attribution = bench.window.actions_by_id["attribution"]
    attribution.setChecked(False)
    assert not page.attribution.isEnabled()
    press_bar(bench, SAD)
    assert attribution.isChecked()
    assert page.overlay_style.attribution


def test_a_model_without_the_chosen_class_explains_its_top_class(
    bench: Bench, page: LivePage
) -> None:
    bench.show(mapped())
    press_bar(bench, SAD)
    model, shares = AppliedModel(("calm", "tense")), np.array([0.7, 0.3], np.float32)
    two = with_prediction(face(), model=model, smoothed=shares, probabilities=shares)
    two = with_maps(two, np.ones((2, SIZE, SIZE), np.float32), (0, 1))
    bench.show(replace(analysis(two, index=1), models=(model,)))
    assert bench.engine.options.target == "predicted"
    assert page.attribution.target.currentText() == "Predicted"
    bench.qtbot.waitUntil(lambda: page.panel.key.ends() == ("against", "for Calm"))
    bench.show(mapped(index=2))
    assert bench.engine.options.target == SAD
    assert page.attribution.target.currentText() == "Sad"


def test_a_map_of_another_class_is_named(bench: Bench, page: LivePage) -> None:
    bench.show(analysis(face(attribution=np.ones((SIZE, SIZE), np.float32))))
    press_bar(bench, SAD)
    bench.qtbot.waitUntil(lambda: page.panel.key.numbers()[1] == "no map for Sad")
    assert page.panel.key.ends() == ("against", "for Happy")


def test_palette_and_sign_reach_the_picture(bench: Bench, page: LivePage) -> None:
    maps = -np.ones((1, SIZE, SIZE), np.float32)
    bench.show(analysis(with_maps(face(), maps, (HAPPY,))))
    page.change_style(boxes=False, landmarks=False, opacity=1.0)
    at = page.view.frame_to_view(160, 120).toPoint()

    def seen() -> NDArray[np.int64]:
        return pixels(page.view)[at.y(), at.x()]

    strongest = np.array([-1, 1], np.float32)
    picker = page.attribution.palette_picker
    assert [picker.itemText(i) for i in range(picker.count())] == [
        palette.title for palette in MAP_PALETTES.values()
    ]
    for palette in MAP_PALETTES.values():
        choose(picker, bench, palette.title)
        np.testing.assert_allclose(seen(), palette.signed(strongest)[0], atol=3)
    bench.qtbot.mouseClick(page.attribution.signed, Qt.MouseButton.LeftButton)
    assert not page.overlay_style.signed
    np.testing.assert_allclose(seen(), palette.strength(strongest)[1], atol=3)
    bench.qtbot.waitUntil(lambda: page.panel.key.ends() == ("weak", "strong, for Happy"))


def test_the_swatches_have_the_colours_of_their_palettes(page: LivePage) -> None:
    picker = page.attribution.palette_picker
    for i, palette in enumerate(MAP_PALETTES.values()):
        image = picker.itemIcon(i).pixmap(picker.iconSize()).toImage()
        end = image.pixelColor(image.width() - 1, image.height() // 2)
        expected = palette.signed(np.ones(1, np.float32))[0]
        np.testing.assert_allclose([end.red(), end.green(), end.blue()], expected, atol=30)


def test_the_scale_is_per_picture_until_held(bench: Bench, page: LivePage) -> None:
    for i, strength in enumerate((1.0, 3.0, 2.0)):
        bench.show(mapped(strength, index=i))
    assert page.overlay_style.full_scale == 0
    page.attribution.hold_scale.click()
    assert page.overlay_style.full_scale == pytest.approx(3 * (HAPPY + 1) / 10)
    bench.qtbot.waitUntil(lambda: page.panel.key.numbers() == ("−1.20", "logits", "+1.20"))
    page.attribution.hold_scale.click()
    assert page.overlay_style.full_scale == 0


def test_another_class_or_model_restarts_the_scale(bench: Bench, page: LivePage) -> None:
    bench.show(mapped(2.0))
    page.attribution.hold_scale.click()
    assert page.overlay_style.full_scale == pytest.approx(2 * (HAPPY + 1) / 10)
    press_bar(bench, 0)
    assert page.overlay_style.full_scale == pytest.approx(2 * 1 / 10)
    bench.engine.change_model(spec="other")
    bench.qtbot.waitUntil(lambda: page.status.model.spec == "other")
    bench.show(mapped(0.5, index=1))
    assert page.overlay_style.full_scale == pytest.approx(0.5 * 1 / 10)


def test_holding_the_scale_is_remembered_but_not_its_value(bench: Bench) -> None:
    store = bench.window.store
    store.change(held_scale=True, look=replace(store.now.look, full_scale=7.0))
    page = LivePage(bench.engine, bench.window.actions_by_id, store)
    bench.qtbot.addWidget(page)
    page.stop()
    assert page.attribution.hold_scale.isChecked()
    assert page.overlay_style.full_scale == 0
