"""The toolbar's menus and the status bar: what they list, check, remember and ask for."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton, QWidget

from ferapp.live.status import DeviceInfo, ModelInfo, ModelState, Rates
from ferapp.sources.camera_info import CameraInfo, Mode
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.widgets.buttons import MenuButton
from tests.support.ui.fake_engine import CARD
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

HD = CameraInfo(0, "HD Webcam", path="/dev/video0", uri="camera:HD Webcam")
BRIO = CameraInfo(2, "BRIO & Co", path="/dev/video2", uri="camera:BRIO & Co")
RUN = ModelInfo(
    "/runs/pal/checkpoints/best.safetensors",
    "run",
    CARD.model_copy(update={"name": "best", "metrics": {"split": "val", "accuracy": 0.7012}}),
    name="pal",
    ms={"cpu": 31.0, "cuda:0": 2.0},
)
OPENED = ModelInfo(
    "/m/mine.safetensors", "file", CARD.model_copy(update={"metrics": {}}), name="mine"
)
BROKEN = ModelInfo("/m/old.safetensors", "file", None, "old.safetensors ends too early.", "old")


def entry(menu: QMenu, text: str) -> QAction:
    (action,) = [a for a in menu.actions() if a.text().partition("\t")[0] == text]
    return action


def texts(menu: QMenu) -> list[str]:
    return [a.text() for a in menu.actions() if a.isVisible() and not a.isSeparator()]


def modes(bench: Bench) -> QMenu:
    menu = entry(bench.window.source_menu, "Camera resolution and rate").menu()
    assert isinstance(menu, QMenu)
    return menu


def bar_texts(bench: Bench) -> str:
    labels = bench.window.statusBar().findChildren(QLabel)
    return " | ".join(label.text() for label in labels if label.isVisible())


def test_cameras_come_and_go_while_the_menu_is_open(bench: Bench) -> None:
    menu = bench.window.source_menu
    none = entry(menu, "No camera connected")
    assert none.isVisible()
    assert not none.isEnabled()
    menu.popup(QPoint(0, 0))
    bench.engine.change(cameras=(HD,))
    bench.qtbot.waitUntil(lambda: "HD Webcam" in texts(menu))
    assert menu.isVisible()
    assert "No camera connected" not in texts(menu)
    bench.engine.change(cameras=(HD, BRIO))
    bench.qtbot.waitUntil(lambda: "BRIO && Co" in texts(menu))
    assert texts(menu).index("BRIO && Co") < [
        text.partition("\t")[0] for text in texts(menu)
    ].index("Camera resolution and rate")
    bench.engine.change(cameras=())
    bench.qtbot.waitUntil(lambda: "No camera connected" in texts(menu))
    assert not {"HD Webcam", "BRIO && Co"} & set(texts(menu))
    menu.close()


def test_the_running_camera_is_checked(bench: Bench) -> None:
    menu = bench.window.source_menu
    bench.engine.change(cameras=(HD, BRIO))
    bench.qtbot.waitUntil(lambda: "HD Webcam" in texts(menu))
    entry(menu, "HD Webcam").trigger()
    assert not entry(menu, "HD Webcam").isChecked()  # requested, but it does not play yet
    bench.engine.change_source(uri="camera:HD Webcam@1280x720@30", name="HD Webcam")
    bench.qtbot.waitUntil(entry(menu, "HD Webcam").isChecked)
    assert not entry(menu, "BRIO && Co").isChecked()
    bench.engine.change_source(uri="demo", name="Demo clip")
    bench.qtbot.waitUntil(lambda: not entry(menu, "HD Webcam").isChecked())


def test_the_default_camera_is_checked_by_its_name(bench: Bench) -> None:
    bench.engine.change_source(uri="camera", name="BRIO & Co")
    bench.engine.change(cameras=(HD, BRIO))
    bench.qtbot.waitUntil(lambda: "HD Webcam" in texts(bench.window.source_menu))
    assert entry(bench.window.source_menu, "BRIO && Co").isChecked()
    assert not entry(bench.window.source_menu, "HD Webcam").isChecked()


def test_cameras_with_the_same_name_are_numbered(bench: Bench) -> None:
    twin = replace(HD, index=4, path="/dev/video4", uri="camera:/dev/v4l/by-path/b")
    bench.engine.change(cameras=(HD, twin))
    menu = bench.window.source_menu
    bench.qtbot.waitUntil(lambda: "HD Webcam (no. 4)" in texts(menu))
    entry(menu, "HD Webcam (no. 4)").trigger()
    assert bench.engine.calls[-1] == ("open_source", "camera:/dev/v4l/by-path/b")


def test_a_chosen_camera_is_remembered_with_its_resolution(bench: Bench) -> None:
    window, menu = bench.window, bench.window.source_menu
    bench.engine.change(cameras=(HD, BRIO))
    bench.qtbot.waitUntil(lambda: "BRIO && Co" in texts(menu))
    entry(modes(bench), "1280 × 720 at 60").trigger()
    assert bench.engine.calls == []  # a clip plays: nothing to ask for
    entry(menu, "BRIO && Co").trigger()
    assert bench.engine.calls[-1] == ("open_source", "camera:BRIO & Co@1280x720@60")
    assert window.store.now.camera == "camera:BRIO & Co"
    bench.qtbot.keyClick(window, Qt.Key.Key_D)
    bench.qtbot.keyClick(window, Qt.Key.Key_C)
    assert bench.engine.calls[-1] == ("open_source", "camera:BRIO & Co@1280x720@60")
    bench.engine.change_source(uri="camera:BRIO & Co@1280x720@60", name="BRIO & Co")
    bench.qtbot.waitUntil(entry(menu, "BRIO && Co").isChecked)
    entry(modes(bench), "Camera default").trigger()  # at once, as the camera plays
    assert bench.engine.calls[-1] == ("open_source", "camera:BRIO & Co")
    assert window.store.now.camera_mode == ""
    assert entry(modes(bench), "Camera default").isChecked()


def test_models_are_listed_by_origin_with_their_measurements(bench: Bench) -> None:
    menu = bench.window.model_menu
    bench.engine.change(models=(*bench.engine.now.models, RUN, OPENED, BROKEN))
    bench.qtbot.waitUntil(lambda: any(text.startswith("pal") for text in texts(menu)))
    shown = [text.replace("\u00a0", " ") for text in texts(menu)]
    assert shown[:-4] == [
        "Bundled",
        "default\t7.6 ms",
        "From runs",
        "pal\t70.1 % correct (validation)  ·  31 ms",
        "Opened files",
        "mine\t",
        "old\tcannot be used",
    ]
    assert shown[-3:] == ["Open model…", "Teach it your face…", "About this model…"]
    assert entry(menu, "default").isChecked()
    assert not entry(menu, "pal").isChecked()
    broken = entry(menu, "old")
    assert not broken.isEnabled()
    assert broken.toolTip() == "old.safetensors ends too early."
    assert menu.toolTipsVisible()
    bench.engine.change_model(device="cuda:0")
    bench.qtbot.waitUntil(lambda: "2.0\u00a0ms" in entry(menu, "pal").text())


def test_a_model_is_remembered_once_it_runs(bench: Bench) -> None:
    window, store = bench.window, bench.window.store
    bench.engine.change(models=(*bench.engine.now.models, RUN, BROKEN))
    bench.qtbot.waitUntil(lambda: any("pal" in text for text in texts(window.model_menu)))
    entry(window.model_menu, "pal").trigger()
    assert bench.engine.calls[-1] == ("load_model", RUN.spec)
    assert entry(window.model_menu, "default").isChecked()  # it runs until the other is ready
    bench.engine.change_model(state=ModelState.LOADING)
    bench.qtbot.waitUntil(lambda: window.tool_bar.model.text() == "loading…")
    assert store.now.model == "default"
    bench.engine.change_model(state=ModelState.READY, spec=RUN.spec, name="pal")
    bench.qtbot.waitUntil(lambda: store.now.model == RUN.spec)
    assert store.now.recent_models == ()  # it is listed as a run
    assert window.tool_bar.model.text() == "pal"

    window.load_model("/m/damaged.safetensors")
    bench.engine.change_model(state=ModelState.LOADING)
    bench.qtbot.waitUntil(lambda: window.tool_bar.model.text() == "loading…")
    bench.engine.change_model(state=ModelState.FAILED, notice="It ends too early.")
    bench.qtbot.waitUntil(lambda: window.tool_bar.model.text() == "pal")
    assert store.now.model == RUN.spec

    for name in ("a", "b", "a"):
        window.load_model(f"/m/{name}.safetensors")
        bench.engine.change_model(state=ModelState.LOADING)
        bench.qtbot.waitUntil(lambda: window.tool_bar.model.text() == "loading…")
        bench.engine.change_model(state=ModelState.READY, spec=f"/m/{name}.safetensors", name=name)
        bench.qtbot.waitUntil(lambda shown=name: window.tool_bar.model.text() == shown)
    assert store.now.recent_models == ("/m/a.safetensors", "/m/b.safetensors")
    assert store.now.model == "/m/a.safetensors"


def test_devices_with_their_free_memory(bench: Bench) -> None:
    menu, store = bench.window.device_menu, bench.window.store
    gpu = DeviceInfo("cuda:0", "NVIDIA H100", 72_704.0)
    bench.engine.change(devices=(*bench.engine.now.devices, gpu))
    bench.qtbot.waitUntil(lambda: len(texts(menu)) == 3)
    assert entry(menu, "NVIDIA H100").text() == "NVIDIA H100\t71.0\u00a0GB free"
    assert entry(menu, "CPU, 2 cores").isChecked()
    assert entry(menu, "Fastest available").isChecked()
    before = entry(menu, "NVIDIA H100")
    bench.engine.change(devices=(*bench.engine.now.devices[:1], replace(gpu, free_mb=1024.0)))
    bench.qtbot.waitUntil(lambda: before.text() == "NVIDIA H100\t1.0\u00a0GB free")
    before.trigger()
    assert bench.engine.calls[-1] == ("use_device", "cuda:0")
    assert store.now.device == "cuda:0"
    assert not before.isChecked()  # not before it runs there
    bench.engine.change_model(device="cuda:0")
    bench.qtbot.waitUntil(before.isChecked)
    assert bench.window.tool_bar.device.text() == "NVIDIA H100"
    assert not entry(menu, "Fastest available").isChecked()
    entry(menu, "Fastest available").trigger()
    assert bench.engine.calls[-1] == ("use_device", "auto")
    assert store.now.device == "auto"


def test_a_missing_remembered_device_is_replaced(bench: Bench) -> None:
    bench.window.store.change(device="cuda:0")
    bench.engine.change_model(state=ModelState.FAILED, spec="", name="", device="")
    toast = bench.window.live_page.live_view.toast
    bench.qtbot.waitUntil(toast.isVisible)
    assert "cuda:0 is not available" in toast.label.text()
    assert bench.engine.calls == [("use_device", "auto")]
    assert bench.window.store.now.device == "auto"


def test_the_buttons_show_what_runs_and_what_is_loading(bench: Bench) -> None:
    window = bench.window
    assert window.tool_bar.source.accessibleName() == "Source: Demo clip"
    assert window.tool_bar.model.accessibleName() == "Model: default"
    assert window.tool_bar.device.accessibleName() == "Device: CPU"
    bench.engine.change_source(opening="camera:HD Webcam")
    bench.qtbot.waitUntil(lambda: window.tool_bar.source.text() == "opening…")
    bench.engine.change_source(opening="")
    bench.engine.change_model(state=ModelState.LOADING, name="")
    bench.qtbot.waitUntil(lambda: window.tool_bar.model.text() == "loading…")
    assert window.tool_bar.source.text() == "Demo clip"


def test_the_status_bar_says_only_what_is_known(bench: Bench) -> None:
    bench.engine.change_source(delivered_mode=Mode(640, 360, 25))
    bench.engine.change(rates=Rates(24.96))
    bench.qtbot.waitUntil(lambda: "640 × 360  ·  25.0/s" in bar_texts(bench))
    assert "requested" not in bar_texts(bench)
    bench.engine.change_source(
        uri="camera:HD Webcam@1280x720@30",
        name="HD Webcam",
        requested_mode=Mode(1280, 720, 30),
        delivered_mode=Mode(640, 480, 30),
    )
    bench.engine.change(rates=Rates(29.84, face_ms=7.6))
    text = "requested 1280 × 720 at 30  ·  delivered 640 × 480 at 30  ·  measured 29.8/s"
    bench.qtbot.waitUntil(lambda: text in bar_texts(bench))
    bench.engine.change_source(uri="camera", requested_mode=None)
    bench.qtbot.waitUntil(lambda: "requested" not in bar_texts(bench))
    assert "delivered 640 × 480 at 30  ·  measured 29.8/s" in bar_texts(bench)
    assert "default | CPU | 7.6\u00a0ms per face" in bar_texts(bench)
    for label in bench.window.statusBar().findChildren(QLabel):
        assert label.toolTip(), label.accessibleName()
        assert label.accessibleName()


def test_the_status_bar_says_what_was_done_to_the_pictures(bench: Bench) -> None:
    bench.engine.change_source(notes=("interlaced, deinterlaced", "mirrored"))
    labels = bench.window.statusBar().findChildren(QLabel)
    said = "Interlaced, deinterlaced.\nMirrored."
    bench.qtbot.waitUntil(lambda: any(said in label.toolTip() for label in labels))


def test_a_theme_is_remembered(bench: Bench) -> None:
    menu = entry(bench.window.help.menu, "Theme").menu()
    assert isinstance(menu, QMenu)
    entry(menu, "Light").trigger()
    bench.window.close()
    assert SettingsStore().now.theme == "light"


def test_every_entry_explains_itself(bench: Bench) -> None:
    bench.engine.change(cameras=(HD,), models=(*bench.engine.now.models, RUN, BROKEN))
    bench.qtbot.waitUntil(lambda: "HD Webcam" in texts(bench.window.source_menu))
    headers = {"Bundled", "From runs", "Opened files"}
    for menu in bench.window.findChildren(QMenu):
        for action in menu.actions():
            text = action.text().partition("\t")[0]
            if text and text not in headers:
                assert action.toolTip() not in ("", text), text


def tab_chain(window: QWidget) -> list[QWidget]:
    """The widgets that Tab reaches, in order."""
    window.setFocus()
    chain: list[QWidget] = []
    while True:
        window.focusNextChild()
        now = QApplication.focusWidget()
        assert now is not None
        if now in chain:
            return chain
        chain.append(now)


def test_the_keyboard_reaches_and_presses_every_button_of_the_toolbar(bench: Bench) -> None:
    window = bench.window
    window.add_page("Train", QWidget())
    bar = window.tool_bar.source.parentWidget()
    assert bar is not None

    def buttons() -> list[QToolButton]:
        return [b for b in bar.findChildren(QToolButton) if b.isVisible()]

    bench.qtbot.waitUntil(lambda: len(buttons()) == 11)
    reached = tab_chain(window)
    for button in buttons():
        assert button in reached, button.text()
        for key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button.setFocus(Qt.FocusReason.TabFocusReason)
            if isinstance(button, MenuButton):
                assert opened_by(bench, button, key) is button.menu()
            elif (action := button.defaultAction()).isCheckable():
                with bench.qtbot.waitSignal(action.triggered):
                    bench.qtbot.keyClick(button, key)
                if window.isFullScreen():
                    window.actions_by_id["fullscreen"].trigger()


def opened_by(bench: Bench, button: MenuButton, key: Qt.Key) -> QWidget | None:
    """The menu that `key` opens; pressing Space runs a loop of its own until it closes."""
    seen: list[QWidget | None] = []

    def look() -> None:
        popup = QApplication.activePopupWidget()
        seen.append(popup)
        if popup is not None:
            popup.close()

    QTimer.singleShot(0, look)
    bench.qtbot.keyClick(button, key)
    bench.qtbot.waitUntil(lambda: bool(seen))
    return seen[0]


def test_an_entry_is_chosen_by_keyboard(bench: Bench) -> None:
    bench.engine.change(cameras=(HD,))
    menu = bench.window.source_menu
    bench.qtbot.waitUntil(lambda: "HD Webcam" in texts(menu))
    menu.popup(QPoint(0, 0))
    menu.setActiveAction(entry(menu, "Demo clip"))
    bench.qtbot.keyClick(menu, Qt.Key.Key_Down)
    bench.qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert bench.engine.calls[-1] == ("open_source", "camera:HD Webcam")


def test_what_covers_or_closes_is_found_again_in_the_menu(bench: Bench) -> None:
    """The timeline and the panel can be closed by a click, so a click brings them back."""
    shown = [action for action in bench.window.help.menu.actions() if action.isCheckable()]
    assert {"Stage", "Timeline", "Side panel"} <= {action.text() for action in shown}
    timeline = bench.window.actions_by_id["timeline"]
    timeline.setChecked(False)
    entry(bench.window.help.menu, "Timeline").trigger()
    assert timeline.isChecked()


def test_the_menu_says_how_snapshots_are_anonymised(bench: Bench) -> None:
    """Off at first; the choice is in its title, and is remembered."""
    menu = bench.window.help.menu
    sub = entry(menu, "Anonymise snapshots: off").menu()
    assert isinstance(sub, QMenu)
    assert texts(sub) == ["Off", "Blur", "Mask", "Mesh"]
    entry(sub, "Mesh").trigger()
    assert bench.window.store.now.anonymise == "mesh"
    assert entry(menu, "Anonymise snapshots: mesh").menu() is sub
    assert [action.isChecked() for action in sub.actions()] == [False, False, False, True]
