"""Copy as Python: what is on the clipboard gives what the window shows."""

from dataclasses import replace

from PySide6.QtGui import QGuiApplication

from ferapp.live.status import SourceStatus
from ferapp.ui.shell.copy_python import COPIED, NOTHING
from tests.support.ui.window_bench import Bench


def test_source_and_model_of_the_window_are_in_the_script(bench: Bench) -> None:
    bench.qtbot.waitUntil(lambda: bool(bench.window.live_page.status.source.uri))
    bench.window.actions_by_id["copy_python"].trigger()
    script = QGuiApplication.clipboard().text()
    compile(script, "snippet", "exec")
    assert 'open_source("demo")' in script
    assert "ferapp.load(" in script
    assert bench.window.live_page.live_view.toast.label.text() == COPIED


def test_without_a_source_it_says_what_to_do(bench: Bench) -> None:
    bench.engine.now = replace(bench.engine.now, source=SourceStatus())
    bench.qtbot.waitUntil(lambda: not bench.window.live_page.status.source.uri)
    bench.window.actions_by_id["copy_python"].trigger()
    assert bench.window.live_page.live_view.toast.label.text() == NOTHING
