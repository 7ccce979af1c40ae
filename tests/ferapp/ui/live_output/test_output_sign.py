"""Starting and stopping live output in the window, and the line that says that it is on."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTextBrowser

from ferapp.live.status import OutputStatus
from ferapp.studies.live_output.osc_output import MESSAGES
from ferapp.studies.live_output.output_target import LSL, osc_target
from ferapp.ui.live_output.output_dialog import OFF, OutputDialog
from ferapp.ui.shell.settings import SettingsStore
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

OSC = osc_target("127.0.0.1:9000")


@pytest.fixture
def dialog(bench: Bench) -> OutputDialog:
    bench.qtbot.keyClick(
        bench.window,
        Qt.Key.Key_O,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    dialog = bench.window.outputs.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def outputs(bench: Bench, *statuses: OutputStatus) -> None:
    """What the engine reports from now on, and the window shows."""
    bench.engine.change(outputs=statuses)
    with bench.qtbot.waitSignal(bench.window.live_page.status_changed):
        pass


def test_it_is_off_and_no_sign_is_there(bench: Bench, dialog: OutputDialog) -> None:
    assert bench.engine.now.outputs == ()
    assert not bench.window.outputs.sign.isVisible()
    assert (dialog.lsl_state.text(), dialog.osc_state.text()) == (OFF, OFF)


def test_start_in_the_dialog_and_stop_with_one_click_in_the_sign(
    bench: Bench, dialog: OutputDialog
) -> None:
    sign = bench.window.outputs.sign
    dialog.address.setText(" lab-pc:57120 ")
    dialog.osc_button.click()
    dialog.lsl_button.click()
    target = osc_target("lab-pc:57120")
    assert bench.engine.calls[-2:] == [("start_output", target), ("start_output", LSL)]
    assert bench.window.store.now.osc_address == "lab-pc:57120"
    assert sign.isVisible()
    bench.window.show_page("Live")
    sign.parts["osc"].stop.click()
    assert bench.engine.calls[-1] == ("stop_output", target)
    assert list(sign.parts) == ["lsl"]
    assert (dialog.osc_button.text(), dialog.lsl_button.text()) == ("Start", "Stop")
    dialog.lsl_button.click()
    assert bench.engine.now.outputs == ()
    assert not sign.isVisible()


def test_the_sign_says_what_where_and_how_often(bench: Bench) -> None:
    sending = OutputStatus(OSC, per_second=29.6, sent=300, delay_ms=41.0)
    outputs(bench, sending)
    part = bench.window.outputs.sign.parts["osc"]
    assert part.text.text() == "●  Sending to OSC 127.0.0.1:9000: 30 a second"
    assert "41\N{NO-BREAK SPACE}ms" in part.text.toolTip()
    assert "no pictures" in part.text.toolTip()
    assert not part.trouble.isVisible()
    outputs(bench, replace(sending, lost=12, notice="No program receives at 127.0.0.1:9000."))
    assert part.trouble.isVisible()
    trouble = part.trouble.text().replace("\u00a0", " ")
    assert trouble == "12 not sent. No program receives at 127.0.0.1:9000."


def test_an_output_that_ends_by_itself_says_why_and_the_sign_goes(bench: Bench) -> None:
    outputs(bench, OutputStatus(LSL))
    reason = "Live output by LSL ended: LSL needs the package pylsl, which is not installed"
    outputs(bench, OutputStatus(LSL, over=True, reason=reason))
    assert bench.window.live_page.live_view.toast.label.text() == reason
    assert not bench.window.outputs.sign.isVisible()
    assert bench.engine.now.outputs == ()


def test_the_dialog_says_why_one_ended(bench: Bench, dialog: OutputDialog) -> None:
    outputs(bench, OutputStatus(OSC, over=True, reason="It ended."))
    assert dialog.osc_state.text() == "It ended."
    assert dialog.osc_button.text() == "Start"
    dialog.close()
    assert bench.window.outputs.dialog is None


def test_a_wrong_address_is_marked_and_nothing_starts(bench: Bench, dialog: OutputDialog) -> None:
    dialog.address.setText("127.0.0.1")
    bench.qtbot.keyClick(dialog.address, Qt.Key.Key_Return)
    assert "127.0.0.1:9000" in dialog.osc_state.text()
    assert dialog.address.property("invalid")
    outputs(bench, OutputStatus(LSL))
    assert "127.0.0.1:9000" in dialog.osc_state.text()  # it stays until the address is edited
    bench.qtbot.keyClicks(dialog.address, ":9000")
    assert dialog.osc_state.text() == OFF
    assert not dialog.address.property("invalid")
    bench.qtbot.keyClick(dialog.address, Qt.Key.Key_Return)
    assert bench.engine.calls[-1] == ("start_output", OSC)


def test_the_dialog_lists_every_message(dialog: OutputDialog) -> None:
    text = dialog.findChild(QTextBrowser).toPlainText()
    assert all(address in text for address in MESSAGES)


def test_only_the_address_is_remembered(bench: Bench) -> None:
    bench.window.outputs.start(OSC)
    bench.window.store.save()
    later = SettingsStore(bench.window.store.path)
    assert later.now.osc_address == "127.0.0.1:9000"
    names = type(later.now).model_fields
    assert [name for name in names if "osc" in name or "lsl" in name] == ["osc_address"]
