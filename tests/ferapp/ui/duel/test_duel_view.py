"""The comparison in the window: two models, or two methods of one, on the same face."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import QMenu

from ferapp.live.status import ModelInfo, ModelState
from ferapp.ui.duel.disagreements import MIN_FRAMES
from ferapp.ui.duel.duel_view import DuelView
from ferapp.ui.duel.wipe_view import STEP, Layer
from ferapp.ui.live.face.twin_bars import TwinBars
from ferapp.ui.live.snapshot import Snapshots
from ferapp.ui.text import source_text
from ferapp.ui.widgets import theme
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from ferapp.vision.types import Analysis, AppliedModel, Prediction
from tests.support.ui.compared import compared, half_map
from tests.support.ui.fake_engine import CARD, analysis, face, prediction
from tests.support.ui.picture import pixels, rgb
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS

TWIN = ModelInfo(
    "twin-pal", "bundled", CARD.model_copy(update={"name": "twin-pal"}), name="twin-pal"
)
METHODS = ("grad_x_input", "gradcam", "pixels_grad")


def two_models(bench: Bench) -> DuelView:
    """`default` against `twin-pal`, both ready."""
    bench.engine.change(models=(*bench.engine.now.models, TWIN))
    bench.engine.change_second_model(spec="twin-pal", name="twin-pal", state=ModelState.READY)
    duel = bench.window.live_page.live_view.duel
    bench.qtbot.waitUntil(duel.isVisible)
    return duel


def one_model(bench: Bench, method: str = "pixels_grad") -> DuelView:
    """`default` by Grad × Input against itself by another method."""
    bench.engine.change_model(methods=METHODS)
    bench.engine.change(second_model=bench.engine.now.model, second_method=method)
    duel = bench.window.live_page.live_view.duel
    bench.qtbot.waitUntil(duel.isVisible)
    return duel


def play(bench: Bench, analyses: Sequence[Analysis]) -> None:
    for one in analyses:
        bench.show(one)


def disagreeing(bench: Bench, duel: DuelView) -> list[Analysis]:
    """Two disagreements, with an agreement between them; the frames at which they are pinned."""
    words = ["sad", "happy", "fear"]
    shown = [
        compared(("happy", word), index=MIN_FRAMES * i + step)
        for i, word in enumerate(words)
        for step in range(MIN_FRAMES)
    ]
    play(bench, shown)
    assert [pin.texts for pin in duel.pins.all] == [("A Happy", "B Sad"), ("A Happy", "B Fear")]
    return [shown[MIN_FRAMES - 1], shown[-1]]


def entries(menu: QMenu) -> dict[str, QAction]:
    return {action.text(): action for action in menu.actions()}


def others(bench: Bench) -> QMenu:
    menu = entries(bench.window.model_menu)["Compare with"].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return menu


def offered_names(bench: Bench) -> dict[str, QAction]:
    """By what comes before the further words of an entry."""
    return {re.split(r"\t|   ", text)[0]: action for text, action in entries(others(bench)).items()}


def test_other_models_and_other_methods_are_offered_never_the_same(bench: Bench) -> None:
    bench.engine.change(models=(*bench.engine.now.models, TWIN))
    bench.engine.change_model(methods=METHODS)
    bench.qtbot.waitUntil(lambda: {"twin-pal", "Grad-CAM"} <= offered_names(bench).keys())
    offered = offered_names(bench)
    assert "default" not in offered
    assert "Grad × Input" not in offered
    assert source_text.accuracy(CARD) in offered["twin-pal"].text()
    assert OVERLAY_METHODS["gradcam"].description in offered["Grad-CAM"].text()
    offered["twin-pal"].trigger()
    assert bench.engine.calls[-1] == ("compare_with", ("twin-pal", ""))
    offered["Grad-CAM"].trigger()
    assert bench.engine.calls[-1] == ("compare_with", ("", "gradcam"))
    bench.window.live_page.change_style(method="gradcam")
    assert "Grad × Input" in offered_names(bench)
    assert "Grad-CAM" not in offered_names(bench)


def test_the_method_of_the_second_side_is_not_offered_to_the_first(bench: Bench) -> None:
    one_model(bench)
    picker = bench.window.live_page.attribution.method
    model = picker.model()

    def is_enabled(method: str) -> bool:
        return model.item(picker.findData(method)).isEnabled()  # type: ignore[attr-defined]

    bench.qtbot.waitUntil(lambda: not is_enabled("pixels_grad"))
    assert is_enabled("gradcam")


def test_a_comparison_with_itself_ends(bench: Bench) -> None:
    two_models(bench)
    bench.engine.change_model(spec="twin-pal", name="twin-pal")
    bench.qtbot.waitUntil(lambda: ("compare_with", ("", "")) in bench.engine.calls)
    assert "both sides were twin-pal" in bench.window.live_page.live_view.toast.label.text()


def test_it_takes_the_place_of_the_picture_and_ends(bench: Bench) -> None:
    view, panel = bench.window.live_page.view, bench.window.live_page.panel
    end = bench.window.actions_by_id["end_comparison"]
    bench.show(analysis(face()))
    assert not end.isEnabled()
    duel = two_models(bench)
    assert not view.isVisible()
    bench.show(compared(index=1))
    assert panel.twin_bars.isVisible()
    bench.qtbot.waitUntil(lambda: panel.second_region_meter.isVisibleTo(panel))
    bench.qtbot.mouseClick(duel.header.end, Qt.MouseButton.LeftButton)
    assert bench.engine.calls[-1] == ("compare_with", ("", ""))
    bench.engine.change(second_model=None)
    bench.qtbot.waitUntil(view.isVisible)
    assert not duel.isVisible()
    bench.show(analysis(face(), index=2))
    bench.qtbot.waitUntil(panel.bars.isVisible)


def test_the_headline_names_both_models_and_both_answers(bench: Bench) -> None:
    duel = two_models(bench)
    bench.show(compared(("happy", "sad")))
    first, second = duel.header.sides
    assert first.title.text() == "default · Grad × Input"
    assert first.answer.text() == "Happy 87\u00a0%"
    assert second.title.text() == "twin-pal · Grad × Input"
    assert second.answer.text() == "Sad 60\u00a0%"
    assert duel.header.verdict.text().startswith("Different answers")
    bench.show(compared(("sad", "sad"), (half_map("left"), half_map("right")), index=1))
    assert duel.header.verdict.text() == "Same answer  ·  correlation −1.00"


def test_one_model_with_two_methods_has_one_answer(bench: Bench) -> None:
    duel, panel = one_model(bench), bench.window.live_page.panel
    shown = compared(
        ("happy", "happy"),
        (half_map("left"), half_map("left")),
        methods=("grad_x_input", "pixels_grad"),
    )
    bench.show(shown)
    first, second = duel.header.sides
    assert first.title.text() == "default · Grad × Input"
    assert second.title.text() == "default · Gradient, pixels"
    assert first.answer.text() == second.answer.text() == "Happy 87\u00a0%"
    assert duel.header.verdict.text() == "Maps: correlation 1.00"
    assert panel.bars.isVisible()  # twin bars would show everything twice
    assert not panel.twin_bars.isVisible()
    bench.qtbot.waitUntil(lambda: panel.second_region_meter.isVisibleTo(panel))


def test_opposed_maps_of_one_model_are_pinned(bench: Bench) -> None:
    duel = one_model(bench)
    maps = half_map("left"), half_map("right")
    play(bench, [compared(("happy", "happy"), maps, index=i) for i in range(MIN_FRAMES)])
    assert [pin.texts for pin in duel.pins.all] == [("Opposed", "correlation −1.00")]


def test_disagreements_are_pinned_with_both_words_and_the_time(bench: Bench) -> None:
    duel = two_models(bench)
    assert duel.strip.title == "No disagreement yet"
    disagreeing(bench, duel)
    assert duel.strip.title == "2 disagreements"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", duel.pins.all[0].time)
    newest, older = (duel.strip.cell(index) for index in (0, 1))
    assert duel.strip.pin_at(newest.center()) is duel.pins.all[-1]
    assert duel.strip.pin_at(older.center()) is duel.pins.all[0]
    assert "A Happy, B Fear" in duel.pins.all[-1].tip


def test_enter_steps_through_the_held_frames_and_esc_goes_back(bench: Bench) -> None:
    duel, panel = two_models(bench), bench.window.live_page.panel
    second = duel.header.sides[1].answer
    sad, fear = disagreeing(bench, duel)
    live = compared(("happy", "happy"), index=99)
    bench.show(live)
    for expected, word in ((fear, "Fear"), (sad, "Sad"), (fear, "Fear")):
        bench.qtbot.keyClick(bench.window, Qt.Key.Key_Return)
        assert duel.held_analysis is not None
        assert duel.held_analysis.frame.index == expected.frame.index
        assert second.text() == f"{word} 60\u00a0%"
        assert duel.held_badge.isVisible()
    bench.engine.give(compared(("happy", "happy"), index=100))  # meanwhile the source goes on
    bench.qtbot.waitUntil(lambda: bench.engine.waiting is None)
    assert second.text() == "Fear 60\u00a0%"
    assert "Fear 2\u00a0% and 60\u00a0%" in panel.twin_bars.summary()  # the column agrees
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert duel.held is None
    assert second.text() == "Happy 60\u00a0%"
    assert not duel.held_badge.isVisible()


def test_a_held_frame_shows_the_face_of_that_moment(bench: Bench) -> None:
    duel = two_models(bench)
    disagreeing(bench, duel)
    bench.show(compared(("happy", "happy"), index=99))
    live = pixels(duel.wipe)
    bench.qtbot.mouseClick(
        duel.strip, Qt.MouseButton.LeftButton, pos=duel.strip.cell(1).center().toPoint()
    )
    held = duel.held_analysis
    assert held is not None
    assert held is duel.pins.all[0].analysis
    shown = pixels(duel.wipe)
    assert np.abs(shown - live).mean() > 1  # the noise of another frame
    x, y = duel.wipe.frame_to_view().map(held.faces[0].box[0], held.faces[0].box[1])
    assert 0 < x < duel.wipe.width()
    assert 0 < y < duel.wipe.height()


def test_a_snapshot_saves_the_held_moment(bench: Bench, tmp_path: Path) -> None:
    duel, window = two_models(bench), bench.window
    sad, _ = disagreeing(bench, duel)
    bench.show(compared(("happy", "happy"), index=99))
    duel.hold(duel.pins.all[0])
    held = duel.held_analysis
    assert held is not None
    window.snapshots = Snapshots(window, lambda: tmp_path)
    bench.qtbot.keyClick(window, Qt.Key.Key_S)
    window.snapshots.finish()
    (file,) = tmp_path.glob("*.json")
    record = json.loads(file.read_text())
    assert record["frame"]["index"] == sad.frame.index
    (one,) = record["faces"]
    assert one["box"] == pytest.approx(held.faces[0].box)
    saved = QImage(str(file.with_suffix(".png")))
    assert (saved.width(), saved.height()) == (record["frame"]["width"], record["frame"]["height"])
    assert (saved.height(), saved.width()) == held.picture.shape[:2]


def test_other_sides_start_with_no_disagreement(bench: Bench) -> None:
    duel = two_models(bench)
    disagreeing(bench, duel)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Return)
    assert duel.held is not None
    bench.window.live_page.change_style(method="gradcam")
    bench.qtbot.waitUntil(lambda: duel.pins.all == ())
    assert duel.held is None


def test_arrow_keys_move_the_line_and_w_shows_where_they_differ(bench: Bench) -> None:
    duel = two_models(bench)
    bench.show(compared())
    duel.wipe.move_line(0.5)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Right)
    assert duel.wipe.position == pytest.approx(0.5 + STEP)
    for _ in range(2):
        bench.qtbot.keyClick(bench.window, Qt.Key.Key_Left)
    assert duel.wipe.position == pytest.approx(0.5 - STEP)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_W)
    assert duel.wipe.layer is Layer.DIFFERENCE
    assert duel.header.difference.isChecked()
    assert not duel.header.wipe.isChecked()
    bench.qtbot.mouseClick(duel.header.wipe, Qt.MouseButton.LeftButton)
    assert duel.wipe.layer is Layer.WIPE


def test_parts_that_show_only_the_first_model_name_it(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    bench.show(analysis(face()))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    assert not panel.model_label.isVisible()
    assert panel.crop_title.text() == "What the model sees"
    two_models(bench)
    bench.show(compared(index=1))
    bench.qtbot.waitUntil(panel.model_label.isVisible)
    assert panel.model_label.text() == "A · default"
    assert not panel.probability_plot.isVisible()  # the timeline shows the same
    assert panel.crop_title.text() == "What A sees"


def test_a_tall_panel_has_its_spare_room_in_and_below_the_plot(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    bench.show(analysis(face()))
    small = panel.crop.parentWidget().height()
    assert panel.probability_plot.isVisible()
    before = panel.probability_plot.height()
    bench.window.resize(1400, 1400)
    bench.qtbot.waitUntil(
        lambda: panel.probability_plot.height() == panel.probability_plot.maximumHeight() > before
    )
    assert panel.crop.parentWidget().height() == small  # no hole beside the crop


def test_the_face_has_the_style_of_the_picture_without_the_boxes(bench: Bench) -> None:
    duel = two_models(bench)
    bench.show(compared())
    assert duel.wipe.overlay_style.landmarks
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_L)  # no landmarks
    assert not duel.wipe.overlay_style.landmarks
    assert not duel.wipe.overlay_style.boxes


def test_a_model_that_loads_or_fails_is_named_in_the_headline(bench: Bench) -> None:
    duel = bench.window.live_page.live_view.duel
    bench.show(analysis(face()))
    bench.engine.change_second_model(state=ModelState.LOADING)
    bench.qtbot.waitUntil(lambda: duel.header.sides[1].answer.text() == "Loading the model…")
    assert duel.isVisible()
    text = "mine.safetensors is damaged: it ends too early."
    bench.engine.change_second_model(state=ModelState.FAILED, notice=text)
    bench.qtbot.waitUntil(lambda: duel.header.sides[1].answer.text() == text)
    assert duel.header.sides[0].answer.text() == "–"


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
    two_models(bench)
    bench.show(compared())
    panel = bench.window.live_page.panel
    bench.qtbot.waitUntil(lambda: panel.region_meter.cell(0).x() > 0)  # room for its letter
    assert panel.region_meter.cell(0).x() == panel.second_region_meter.cell(0).x()
    inside = QPoint(int(panel.region_meter.cell(3).center().x()), 4)
    assert "the mouth" in panel.region_meter.tip(inside.x())
