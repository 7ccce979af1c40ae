"""The live page with a scripted engine: display, freezing, messages and descriptions."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from ferapp.live.status import ModelState, Rates
from ferapp.ui.live.hud import FIGURES
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import wording
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import AppliedModel, StageTimes
from tests.support.ui.fake_engine import (
    CARD,
    MODEL,
    analysis,
    face,
    probabilities,
    with_prediction,
)
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS


def test_each_painted_analysis_is_reported_once(bench: Bench) -> None:
    shown = [analysis(face(), index=i) for i in range(3)]
    for one in shown:
        bench.show(one)
    assert [id(a) for a in bench.engine.painted_ones] == [id(a) for a in shown]
    bench.window.live_page.view.grab()  # painted again: nothing new to tell
    assert len(bench.engine.painted_ones) == 3


def test_label_bars_and_crop_show_the_largest_face(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    bench.show(analysis(face(), face(centre=(40, 40), half=20, name="sad", face_id=1)))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    assert panel.detail.text() == "Apparent expression, largest of two faces"


def test_freeze_keeps_the_analysis_and_overlays_stay_adjustable(bench: Bench) -> None:
    page, actions = bench.window.live_page, bench.window.actions_by_id
    first, second = analysis(face(), index=0), analysis(face(name="sad"), index=1)
    bench.show(first)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    assert actions["freeze"].isChecked()
    assert page.live_view.frozen.isVisible()
    bench.engine.give(second)
    looks = bench.engine.status_calls
    bench.qtbot.waitUntil(lambda: bench.engine.status_calls > looks + 1)  # the page goes on
    assert page.analysis is first
    assert page.view.analysis is first
    assert bench.engine.waiting is second
    before = page.view.grab().toImage()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_L)
    assert page.view.grab().toImage() != before
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    bench.qtbot.waitUntil(lambda: page.analysis is second)
    assert not page.live_view.frozen.isVisible()


def test_the_file_name_of_a_picture_is_shown_on_it(bench: Bench) -> None:
    view = bench.window.live_page.view
    bench.show(analysis(face()))
    assert view.title == ""
    shown = analysis(face(), index=1)
    bench.show(replace(shown, frame=replace(shown.frame, file_name="b.png", file_position=(3, 67))))
    assert view.title == "b.png  ·  3 / 67"


def test_no_face_is_reported(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    bench.show(analysis())
    bench.qtbot.waitUntil(lambda: panel.label.text() == "No face")


def test_the_headline_while_the_model_loads(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    bench.engine.change_model(state=ModelState.LOADING, name="", device="")
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Loading the model…")
    bench.show(analysis(face(), model=False))
    assert panel.label.text() == "Loading the model…"
    bench.engine.change_model(state=ModelState.READY, name="default")
    bench.show(analysis(face()))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")


def test_no_face_is_never_said_beside_a_face(bench: Bench) -> None:
    """A picture from before the model was ready has a face, but no label yet."""
    panel = bench.window.live_page.panel
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Loading…")  # before the first picture
    bench.show(analysis(face(), model=False))
    assert panel.label.text() == "Loading…"
    bench.engine.change(analysis_notice="default fails on these pictures: too small")
    bench.qtbot.waitUntil(lambda: panel.label.text() == "No result")
    bench.engine.change(analysis_notice="")
    bench.show(analysis(face(), index=1))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    bench.show(analysis(index=2))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "No face")


def test_the_class_balance_reaches_engine_settings_and_headline(bench: Bench) -> None:
    page = bench.window.live_page
    assert page.options.prior == "trained"
    shares = dict.fromkeys(EXPRESSIONS, 0.1) | {"happy": 0.38, "disgust": 0.02}
    bench.engine.change_model(card=CARD.model_copy(update={"prior": shares}))
    chips = page.look.class_balance.chips
    bench.qtbot.waitUntil(
        lambda: "(38\u00a0% happy, 2\u00a0% disgust)" in chips["balanced"].toolTip()
    )
    chips["balanced"].click()
    assert bench.engine.options.prior == "balanced"
    assert not chips["trained"].isChecked()
    bench.window.store.save()
    assert SettingsStore(bench.window.store.path).now.prior == "balanced"
    shown = analysis(with_prediction(face(), model=replace(MODEL, prior="balanced")))
    bench.show(shown)
    bench.qtbot.waitUntil(lambda: page.panel.detail.text() == "Apparent expression, balanced")
    bench.engine.change_model(card=CARD.model_copy(update={"prior": {}}))
    bench.qtbot.waitUntil(lambda: not chips["balanced"].isEnabled())
    assert "does not say how frequent" in chips["balanced"].toolTip()


def test_a_failed_model_shows_why_and_what_keeps_running(bench: Bench) -> None:
    panel = bench.window.live_page.panel
    assert not panel.notice.isVisible()
    bench.engine.change_model(
        state=ModelState.FAILED, notice="“old.pt” is damaged: it ends too early."
    )
    bench.qtbot.waitUntil(panel.notice.isVisible)
    assert "it ends too early" in panel.notice.text()
    assert "“default” keeps running" in panel.notice.text()
    bench.engine.change_model(state=ModelState.READY, notice="")
    bench.qtbot.waitUntil(lambda: not panel.notice.isVisible())


def test_the_notice_of_the_source_is_shown_on_the_picture(bench: Bench) -> None:
    live_view = bench.window.live_page.live_view
    bench.window.actions_by_id["timeline"].trigger()  # else the picture is narrow, and it is beside
    bench.show(analysis(face()))
    assert not live_view.notice.isVisible()
    text = "No camera was found: playing the demo clip."
    bench.engine.change_source(notice=text)
    bench.qtbot.waitUntil(live_view.notice.isVisible)
    assert live_view.notice.text() == text
    room = live_view.view.picture_rect()
    assert room.contains(live_view.notice.geometry())
    assert live_view.notice.geometry().center().y() > room.center().y()
    bench.engine.change_source(notice="")
    bench.qtbot.waitUntil(lambda: not live_view.notice.isVisible())


def test_the_message_before_the_first_frame(bench: Bench) -> None:
    assert wording.waiting(bench.engine.now) == "Waiting for the first picture of “Demo clip”…"
    label = bench.window.live_page.panel.label
    bench.qtbot.waitUntil(lambda: label.text() == "Loading…")
    bench.engine.change_source(notice="No camera was found.")
    bench.qtbot.waitUntil(lambda: label.text() == "No picture yet")


def test_sliders_reach_the_engine_and_the_view(bench: Bench) -> None:
    assert bench.engine.options == AnalysisOptions(attribution=True, smoothing_s=0.3)
    page = bench.window.live_page
    page.sliders.smoothing.setValue(0)
    assert bench.engine.options.smoothing_s == 0
    page.sliders.smoothing.setValue(2000)
    assert bench.engine.options.smoothing_s == 2
    page.sliders.opacity.setValue(25)
    assert page.view.overlay_style.opacity == 0.25
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_A)
    assert not bench.engine.options.attribution
    assert not page.sliders.opacity.isEnabled()


def test_the_performance_figures_are_shown_and_explained(bench: Bench) -> None:
    hud = bench.window.live_page.live_view.hud
    stages = StageTimes(landmarks=15.2, align=0.9, model=6.4, convert=1.1)
    rates = Rates(29.97, 15.5, 15.25, 34.2, 41.8, 7, stages)
    assert not hud.isVisible()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_H)
    assert hud.isVisible()
    bench.engine.change(rates=rates)
    bench.qtbot.waitUntil(lambda: hud.values["dropped"].text() == "7")
    texts = {key: label.text().replace("\u00a0", " ") for key, label in hud.values.items()}
    assert texts["capture"] == "30.0 /s"
    assert texts["analysis"] == "15.5 /s"
    assert texts["p50"] == "34 ms"
    assert texts["p95"] == "42 ms"
    assert texts["landmarks"] == "15 ms"
    assert texts["model"] == "6.4 ms"
    assert texts["model_name"] == "default"
    assert texts["device"] == "cpu"
    for figure in (figure for group in FIGURES for figure in group):
        assert hud.values[figure.id].toolTip() == figure.tip


def test_the_picture_has_a_description_for_screen_readers(bench: Bench) -> None:
    view = bench.window.live_page.view
    bench.show(analysis(face(value=0.9)))
    bench.qtbot.waitUntil(lambda: view.accessibleDescription() == "Happy 90\u00a0%, one face")


def test_plots_follow_a_model_with_other_classes(bench: Bench) -> None:
    model = AppliedModel(("calm", "tense"))
    two = with_prediction(
        face(),
        model=model,
        smoothed=probabilities("angry", 0.7)[:2],
        probabilities=probabilities("angry", 0.6)[:2],
    )
    panel = bench.window.live_page.panel
    bench.show(replace(analysis(two), models=(model,)))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Calm 70\u00a0%")
    bench.qtbot.waitUntil(lambda: len(panel.probability_plot.curves) == 2)
    bench.show(analysis(face(), index=1))
    bench.qtbot.waitUntil(lambda: panel.label.text() == "Happy 87\u00a0%")
    bench.qtbot.waitUntil(lambda: len(panel.probability_plot.curves) == 7)  # some time later


@pytest.mark.parametrize("count", [1, 2, 9])
def test_summary_counts_faces(count: int) -> None:
    text = {1: "one face", 2: "two faces", 9: "9 faces"}[count]
    assert wording.summary(analysis(*[face()] * count)) == f"Happy 87\u00a0%, {text}"
