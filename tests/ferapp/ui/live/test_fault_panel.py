"""The panel of a source's fault: what happened, what to try, and the buttons."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ferapp.live.status import LiveStatus, SourceStatus
from ferapp.overlays import palette
from ferapp.sources.faults import RETRIED, Fault, FaultKind, camera_fault_text, stream_fault_text
from ferapp.ui.live.fault_panel import NOTES, FaultPanel
from ferapp.ui.live.live_view import LiveView
from ferapp.ui.text.source_text import opening_text, source_title
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

SECRET = "hunter2"
URL = f"rtsp://anna:{SECRET}@camera.local:554/stream?token={SECRET}"


def fault_of(kind: FaultKind, source: str = "camera:HD Webcam") -> Fault:
    message, hint = camera_fault_text(kind, "HD Webcam", "/dev/video0")
    if kind in NOTES:
        message, hint = "HD Webcam now delivers 640 × 480 pixels", ""
    return Fault(kind, source, message, hint, kind in RETRIED)


def say(bench: Bench, fault: Fault, until: str = "") -> FaultPanel:
    """Let the engine report the fault; returns the visible panel."""
    panel = bench.window.live_page.live_view.notice
    bench.engine.change_source(fault=fault, notice=f"{fault}\n{until}".strip())
    bench.qtbot.waitUntil(lambda: panel.isVisible() and fault.message in panel.title.text())
    return panel


@pytest.mark.parametrize("kind", FaultKind)
def test_each_fault_shows_what_happened_and_what_to_try(bench: Bench, kind: FaultKind) -> None:
    fault = fault_of(kind)
    until = "Playing the demo clip until then." if fault.retried else ""
    panel = say(bench, fault, until)
    assert panel.title.text() == fault.message
    assert fault.hint in panel.body.text()
    assert ("Retrying automatically." in panel.body.text()) is fault.retried
    assert ("Playing the demo clip" in panel.body.text()) is fault.retried
    assert fault.message in panel.accessibleName()
    assert panel.accessibleDescription() == panel.body.text()
    assert panel.other_button.isVisible() is (kind not in NOTES)
    for button in (panel.retry_button, panel.demo_button):  # a table plays on without its pictures
        assert button.isVisible() is (kind not in NOTES and kind is not FaultKind.MISSING)
    assert panel.close_button.isVisible()
    bench.engine.change_source(fault=None, notice="")
    bench.qtbot.waitUntil(lambda: not panel.isVisible())


def test_each_kind_has_an_icon_of_its_own(bench: Bench) -> None:
    signs = []
    for kind in FaultKind:
        sign = say(bench, fault_of(kind)).icon
        sign.show_kind(kind, palette.VIDEO_TEXT)  # colour aside
        signs.append(sign.grab().toImage())
        bench.engine.change_source(fault=None, notice="")
        bench.qtbot.waitUntil(lambda: not bench.window.live_page.live_view.notice.isVisible())
    assert all(one != other for i, one in enumerate(signs) for other in signs[:i])


def test_retry_opens_the_same_source_and_ends_a_freeze(bench: Bench) -> None:
    panel = say(bench, fault_of(FaultKind.LOST, "camera:HD Webcam@1280x720@30"))
    bench.window.actions_by_id["freeze"].setChecked(True)
    bench.qtbot.mouseClick(panel.retry_button, Qt.MouseButton.LeftButton)
    assert bench.engine.calls[-1] == ("open_source", "camera:HD Webcam@1280x720@30")
    assert not bench.window.actions_by_id["freeze"].isChecked()


def test_the_panel_offers_the_demo_clip_and_other_sources(bench: Bench) -> None:
    panel = say(bench, fault_of(FaultKind.BUSY))
    bench.qtbot.mouseClick(panel.demo_button, Qt.MouseButton.LeftButton)
    assert bench.engine.calls[-1] == ("open_source", "demo")
    bench.qtbot.mouseClick(panel.other_button, Qt.MouseButton.LeftButton)
    assert QApplication.activePopupWidget() is bench.window.source_menu
    bench.window.source_menu.close()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_the_panel_works_by_keyboard(bench: Bench, key: Qt.Key) -> None:
    panel = say(bench, fault_of(FaultKind.STALLED))
    bench.window.setFocus()
    order: list[QWidget] = []
    while len(order) < 60:
        bench.window.focusNextChild()
        order.append(QApplication.focusWidget())
    for button in (panel.retry_button, panel.demo_button, panel.other_button, panel.close_button):
        assert button in order
    panel.retry_button.setFocus(Qt.FocusReason.TabFocusReason)
    bench.qtbot.keyClick(panel.retry_button, key)
    assert bench.engine.calls == [("open_source", "camera:HD Webcam")]
    assert not bench.window.actions_by_id["freeze"].isChecked()
    panel.other_button.setFocus(Qt.FocusReason.TabFocusReason)
    bench.qtbot.keyClick(panel.other_button, key)
    assert QApplication.activePopupWidget() is bench.window.source_menu
    bench.window.source_menu.close()
    panel.close_button.setFocus(Qt.FocusReason.TabFocusReason)
    bench.qtbot.keyClick(panel.close_button, key)
    assert not panel.isVisible()


def test_a_closed_notice_stays_closed_until_another_one(bench: Bench) -> None:
    panel = say(bench, fault_of(FaultKind.RESIZED))
    bench.qtbot.mouseClick(panel.close_button, Qt.MouseButton.LeftButton)
    assert not panel.isVisible()
    looks = bench.engine.status_calls
    bench.qtbot.waitUntil(lambda: bench.engine.status_calls > looks + 1)
    assert not panel.isVisible()
    say(bench, fault_of(FaultKind.LOST))


def test_a_notice_without_a_fault_is_shown_unchanged(bench: Bench) -> None:
    panel = bench.window.live_page.live_view.notice
    bench.engine.change_source(notice="The clip starts again.")
    bench.qtbot.waitUntil(panel.isVisible)
    assert panel.text() == "The clip starts again."
    assert not panel.retry_button.isVisible()


@pytest.mark.parametrize("kind", FaultKind)
def test_a_password_is_nowhere_in_the_window(bench: Bench, kind: FaultKind) -> None:
    """Not even if the engine forgets to remove it from its messages."""
    message, hint = stream_fault_text(kind, URL)
    fault = Fault(kind, URL, message, f"{hint} ftp://anna:{SECRET}@host/", kind in RETRIED)
    bench.engine.change_source(uri=URL, name="rtsp://camera.local:554/stream")
    bench.engine.change_source(opening=URL, fault=fault, notice=str(fault))
    panel = bench.window.live_page.live_view.notice
    bench.qtbot.waitUntil(panel.isVisible)
    assert "camera.local" in panel.title.text()
    assert SECRET not in "\n".join(texts_of(bench.window))
    bench.engine.change_source(fault=None, notice=str(fault))
    bench.qtbot.waitUntil(lambda: not panel.retry_button.isVisible())
    assert f"anna:{SECRET}" not in "\n".join(texts_of(bench.window))
    if kind not in NOTES:
        panel.retry.emit(fault.source)
        assert bench.engine.calls[-1] == ("open_source", URL)


def texts_of(window: QWidget) -> Iterator[str]:
    """All texts: visible, in tooltips and for screen readers."""
    for widget in (window, *window.findChildren(QWidget)):
        for name in ("text", "title", "toPlainText", "toolTip", "statusTip", "whatsThis"):
            getter = getattr(widget, name, None)
            if callable(getter) and isinstance(text := getter(), str):
                yield text
        yield from (widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle())
        for action in widget.actions():
            yield from (action.text(), action.toolTip())


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ("demo", "the demo clip"),
        ("camera", "the camera"),
        ("camera:2", "camera 2"),
        ("camera:HD Webcam@1280x720@30", "HD Webcam"),
        ("camera:/dev/video0", "the camera"),
        ("/films/a b.mp4", "a b.mp4"),
        (URL, "rtsp://camera.local:554/stream"),
        (f"ftp://anna:{SECRET}@host/a", "ftp://host/a"),
    ],
)
def test_what_is_opened_has_a_short_name(spec: str, title: str) -> None:
    assert source_title(spec) == title
    assert opening_text(spec) == f"Opening {title}…"


def test_opening_and_the_notice_of_the_analysis_are_shown(bench: Bench) -> None:
    live_view = bench.window.live_page.live_view
    bench.engine.change_source(opening="camera:HD Webcam")
    bench.qtbot.waitUntil(live_view.opening.isVisible)
    assert live_view.opening.text() == "Opening HD Webcam…"
    bench.engine.change_source(opening="")
    bench.engine.change(analysis_notice="The GPU is full: attribution is off.")
    bench.qtbot.waitUntil(live_view.analysis_notice.isVisible)
    assert not live_view.opening.isVisible()
    assert live_view.analysis_notice.text() == "The GPU is full: attribution is off."
    bench.engine.change(analysis_notice="")
    bench.qtbot.waitUntil(lambda: not live_view.analysis_notice.isVisible())


def test_a_toast_does_not_cover_the_buttons(bench: Bench) -> None:
    live_view = bench.window.live_page.live_view
    bench.window.resize(960, 640)
    panel = say(bench, fault_of(FaultKind.BUSY))
    live_view.toast.show_message(
        "3 files came at once: only the first, a film with a long name, is opened."
    )
    bench.qtbot.waitUntil(lambda: panel.geometry().bottom() < live_view.toast.y())
    live_view.toast.hide()
    bench.qtbot.waitUntil(lambda: panel.geometry().bottom() > live_view.toast.y())


@pytest.mark.parametrize("size", [QSize(320, 240), QSize(608, 560), QSize(3840, 2160)])
@pytest.mark.parametrize("kind", FaultKind)
def test_panels_fit_pictures_of_every_size(qtbot: QtBot, kind: FaultKind, size: QSize) -> None:
    live_view = LiveView(lambda _: None)
    qtbot.addWidget(live_view)
    live_view.resize(size)
    live_view.view.show_analysis(analysis(face(), size=(size.width(), size.height())))
    fault = fault_of(kind)
    live_view.show()
    live_view.show_status(
        LiveStatus(
            SourceStatus(fault=fault, notice=f"{fault}\nPlaying the demo clip until then."),
            analysis_notice="The GPU is full: attribution is off.",
        )
    )
    panel = live_view.notice
    QApplication.processEvents()
    assert live_view.rect().contains(panel.geometry())
    assert not panel.geometry().intersects(live_view.analysis_notice.geometry())
    for label in (panel.title, panel.body):
        if label.isVisible():
            assert label.height() >= label.heightForWidth(label.width()), label.text()
    for button in (panel.retry_button, panel.demo_button, panel.other_button, panel.close_button):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width()
            place = button.mapTo(panel, QPoint(0, 0))
            assert panel.rect().contains(button.rect().translated(place))
    if size.width() > 600:
        assert panel.geometry().top() > size.height() / 2
