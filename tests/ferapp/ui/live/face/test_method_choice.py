"""The choice of the method; region meter and attention strip show the displayed map."""

from dataclasses import replace

import numpy as np
import pytest

from ferapp.live.status import Playback
from ferapp.sources.recorded import Replay
from ferapp.ui.live.face.attention_strip import AttentionStrip
from ferapp.ui.live.face.region_meter import RegionMeter
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.settings import SettingsStore
from ferapp.vision.face_regions import REGIONS
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from ferapp.vision.types import Analysis, AppliedModel
from tests.support.app.tables import NO_FACES
from tests.support.ui.fake_engine import SIZE, analysis, face, with_maps, with_prediction
from tests.support.ui.picture import HAPPY, mapped
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS


@pytest.fixture
def page(bench: Bench) -> LivePage:
    return bench.window.live_page


def entries(page: LivePage) -> list[tuple[str, bool, str]]:
    """Text, whether it can be chosen, and tip of the entries of the menu."""
    picker = page.attribution.method
    items = [picker.model().item(index) for index in range(picker.count())]  # type: ignore[attr-defined]
    return [(item.text(), item.isEnabled(), item.toolTip()) for item in items]


def choose(page: LivePage, name: str) -> None:
    picker = page.attribution.method
    index = picker.findData(name)
    picker.setCurrentIndex(index)
    picker.activated.emit(index)


def test_every_method_explains_itself(page: LivePage) -> None:
    assert [text for text, _, _ in entries(page)] == [m.title for m in OVERLAY_METHODS.values()]
    assert all(tip for _, _, tip in entries(page))


def test_methods_with_the_same_map_stand_together_below_the_others(
    bench: Bench, page: LivePage
) -> None:
    served = ("grad_x_input", "gradcam", "gradcam_pp", "layercam", "cam", "attention")
    bench.engine.change_model(methods=served)
    bench.qtbot.waitUntil(lambda: len(entries(page)) > len(OVERLAY_METHODS))
    texts = [text for text, _, _ in entries(page)]
    same = texts.index("— Same map as Grad × Input")
    assert texts[:3] == ["Grad × Input", "LayerCAM", "Attention"]
    assert texts[same + 1 : same + 3] == ["CAM", "Grad-CAM"]
    assert texts[same + 3 : same + 5] == ["— Nearly the same as LayerCAM", "Grad-CAM++"]
    _, heading, why = entries(page)[same]
    assert not heading
    assert "average pooling and one linear layer" in why
    assert all(enabled and why in tip for _, enabled, tip in entries(page)[same + 1 : same + 3])
    choose(page, "gradcam")
    assert page.overlay_style.method == "gradcam"
    bench.engine.change_model(methods=("grad_x_input", "gradcam", "attention"))  # no linear head
    bench.qtbot.waitUntil(lambda: entries(page)[1][:2] == ("Grad-CAM", True))
    assert not any("Same map" in text for text, _, _ in entries(page))


def test_the_method_reaches_the_engine_and_the_settings(bench: Bench, page: LivePage) -> None:
    bench.show(mapped())
    choose(page, "layercam")
    assert bench.engine.options.method == "layercam"
    bench.window.store.save()
    assert SettingsStore(bench.window.store.path).now.look.method == "layercam"


def test_unsupported_methods_are_disabled_with_a_reason(bench: Bench, page: LivePage) -> None:
    bench.engine.change_model(methods=("grad_x_input", "layercam", "action_units"))
    picker = page.attribution.method
    bench.qtbot.waitUntil(lambda: "— Not with this model" in [text for text, _, _ in entries(page)])
    by_text = {text: (enabled, tip) for text, enabled, tip in entries(page)}
    assert not by_text["Class map (built in)"][0]
    assert "draws no maps" in by_text["Class map (built in)"][1]
    assert by_text["LayerCAM"][0]
    choose(page, "layercam")
    bench.engine.change_model(methods=("grad_x_input",))
    bench.qtbot.waitUntil(lambda: picker.currentData() == "grad_x_input")
    bench.engine.change_model(methods=("grad_x_input", "layercam"))
    bench.qtbot.waitUntil(lambda: picker.currentData() == "layercam")


def made_by(method: str, index: int = 0) -> Analysis:
    return replace(mapped(index=index), models=(AppliedModel(EXPRESSIONS, method),))


def test_the_key_explains_the_displayed_map(bench: Bench, page: LivePage) -> None:
    choose(page, "action_units")
    bench.show(made_by("action_units"))
    bench.qtbot.waitUntil(lambda: page.panel.key.ends()[1] == "action units of Happy")
    bench.show(made_by("grad_x_input", index=1))  # the model could not serve it
    bench.qtbot.waitUntil(lambda: page.panel.key.ends() == ("against", "for Happy"))


def test_the_region_meter_is_of_the_displayed_map(bench: Bench, page: LivePage) -> None:
    where = np.full((SIZE, SIZE), REGIONS.index("outside"), np.uint8)
    where[:, : SIZE // 2] = REGIONS.index("mouth")
    maps = np.zeros((1, SIZE, SIZE), np.float32)
    maps[0, 0, 0], maps[0, 0, -1] = 3.0, 1.0
    bench.show(analysis(with_maps(face(), maps, (HAPPY,), where)))
    meter = page.panel.region_meter
    bench.qtbot.waitUntil(lambda: meter.summary().startswith("mouth 75\u00a0%, outside 25\u00a0%"))
    assert meter.accessibleDescription() == meter.summary()
    bench.show(analysis(face(), index=1))
    bench.qtbot.waitUntil(lambda: meter.summary() == "No attribution")


def test_every_cell_of_the_region_meter_has_a_tip(bench: Bench) -> None:
    meter = RegionMeter()
    bench.qtbot.addWidget(meter)
    meter.resize(360, meter.sizeHint().height())
    meter.show_shares(np.array([0.1, 0.2, 0, 0.3, 0.1, 0.3]))
    tip = meter.tip(meter.cell(REGIONS.index("outside")).center().x())
    assert tip.startswith("30\u00a0% ")
    assert "hair, neck, background" in tip


def test_the_attention_strip_needs_attention_weights(bench: Bench, page: LivePage) -> None:
    strip = page.panel.attention
    assert not strip.isVisible()
    weights = np.linspace(0.2, 0.8, 64, dtype=np.float32)
    bench.show(analysis(with_prediction(face(), attention=weights)))
    bench.qtbot.waitUntil(strip.isVisible)
    assert strip.summary() == "64 weights, mean 0.50, 0.20 to 0.80"
    bench.show(analysis(face(), index=1))
    bench.qtbot.waitUntil(lambda: not strip.isVisible())


def test_the_attention_strip_colours_changes(bench: Bench) -> None:
    strip = AttentionStrip()
    bench.qtbot.addWidget(strip)
    strip.resize(64, strip.sizeHint().height())
    weights = np.full(4, 0.5, np.float32)
    strip.show_weights(weights)
    weights = weights + np.array([0, 0.3, 0, -0.3], np.float32)
    strip.show_weights(weights)
    image = strip.grab().toImage()
    ground, more, same, less = (image.pixelColor(x, 10) for x in (8, 24, 40, 56))
    assert ground == same
    assert more != same
    assert less not in (same, more)


def test_a_frozen_picture_disables_what_needs_a_new_analysis(bench: Bench, page: LivePage) -> None:
    """Otherwise the box would name one method beside the colours of another."""
    bench.show(mapped())
    held = (page.attribution.method, *page.hide_row.chips.values())
    bench.window.actions_by_id["freeze"].setChecked(True)
    for control in held:
        assert not control.isEnabled()
        assert "Press Space to continue" in control.toolTip()
    assert page.attribution.target.isEnabled()  # maps of all expressions are there
    bench.window.actions_by_id["freeze"].setChecked(False)
    assert all(control.isEnabled() for control in held)
    bench.engine.change_source(playback=Playback(3.0))
    bench.qtbot.waitUntil(page.play_bar.isVisible)
    bench.window.actions_by_id["freeze"].setChecked(True)
    assert all(control.isEnabled() for control in held)  # a paused picture can be analysed again
    bench.window.actions_by_id["freeze"].setChecked(False)
    bench.engine.change_source(replay=Replay("a", "default", NO_FACES), playback=Playback(3.0))
    bench.qtbot.waitUntil(lambda: not page.attribution.method.isEnabled())
    assert all("Analyse again" in control.toolTip() for control in held)
    bench.engine.change_source(replay=Replay("a", "default", NO_FACES, is_reanalysed=True))
    bench.qtbot.waitUntil(lambda: all(control.isEnabled() for control in held))
