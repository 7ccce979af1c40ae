"""Opens every page and dialog on the screen of this process, and prints what does not fit.

python -m tests.support.app.small_screen, in a folder of its own. The last line is JSON: `screen`,
the classes of the windows that were `opened`, and a sentence for each of the `faults`.
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMenu, QWidget

from ferapp.app import add_pages, add_personal_data, make_application
from ferapp.live.app_log import AppLog
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.teach.teach_window import TeachWindow
from ferapp.ui.train.data.bad_samples import BadSamplesDialog
from ferapp.ui.train.data.data_pictures import PicturesDialog
from ferapp.ui.train.rate.rate_dialog import RateDialog
from ferapp.ui.train_queue.several_runs_dialog import SeveralRunsDialog
from ferapp.ui.widgets.screen_fit import PageArea
from tests.support.trainer.drawn import drawn_data
from tests.support.ui.fake_engine import FakeEngine, analysis, face
from trainer.config.train_config import TrainConfig

DIALOGS = (
    "keys",
    "log",
    "about",
    "diagnostics",
    "delete_data",
    "teach",
    "recording_settings",
    "open_url",
    "stimuli",
    "live_output",
    "camera_mode",
)
LIMIT_S = 30


class SmallScreen:
    def __init__(self, app: QApplication) -> None:
        self.app, self.opened, self.faults = app, set[str](), list[str]()
        self.room = app.primaryScreen().availableGeometry()

    def wait(self, condition: Callable[[], object]) -> None:
        ends = time.monotonic() + LIMIT_S
        while not condition() and time.monotonic() < ends:
            self.app.processEvents()
        assert condition()

    def check(self, place: str) -> None:
        """Everything that is shown now."""
        for _ in range(20):  # layouts settle within a few turns of the event loop
            self.app.processEvents()
        for widget in self.app.allWidgets():
            if widget.isVisible():
                self.faults += [f"{place}: {fault}" for fault in self._faults(widget)]

    def _faults(self, widget: QWidget) -> list[str]:
        found, kind, size = [], type(widget).__name__, widget.size()
        if widget.isWindow() and not isinstance(widget, QMenu):
            self.opened.add(kind)
            if not self.room.contains(widget.frameGeometry()):
                found.append(f"{kind} is at {widget.frameGeometry()}")
            least = widget.minimumSizeHint().expandedTo(widget.minimumSize())
            if least.boundedTo(self.room.size()) != least:
                found.append(f"{kind} is at least {least.width()} × {least.height()}")
        if isinstance(widget, PageArea):
            page, least = widget.widget(), widget.widget().minimumSizeHint()
            if page.size().expandedTo(least) != page.size():
                found.append(f"a page of {page.size()} needs {least}")
        if isinstance(widget, QLabel) and widget.wordWrap():
            needed = widget.heightForWidth(size.width())
            if widget.text() and needed > size.height() + 1:
                found.append(f"{widget.text()!r} is {size.height()} px high and needs {needed}")
        return found


def main() -> None:
    app = make_application("dark")
    screen, engine = SmallScreen(app), FakeEngine()
    window = MainWindow(engine, SettingsStore())
    add_pages(window, window.store)
    log = AppLog()
    personal_data = add_personal_data(window, engine, log)  # type: ignore[arg-type]
    window.show()
    engine.give(analysis(face()))
    for page in ("Live", "Train", "Studies", "Inspect"):
        window.show_page(page)
        screen.check(page)
    inspect = window.findChild(InspectPage)
    screen.wait(lambda: inspect.opened is not None)
    for chip in (*inspect.overview.views, *inspect.switch.chips):
        chip.click()
        screen.check(f"Inspect, {chip.text()}")
    window.show_page("Live")
    for action in DIALOGS:
        window.actions_by_id[action].trigger()
        if action == "delete_data":
            screen.wait(lambda: personal_data.delete_dialog.delete.isEnabled())
        if action == "teach":
            teaching = window.findChild(TeachWindow)
            for view in range(teaching.stack.count()):
                teaching.stack.setCurrentIndex(view)
                screen.check(f"{action}, view {view}")
        screen.check(action)
        close_all(window)
    window.help.card = engine.now.model.card
    window.help.show_model_card()
    SeveralRunsDialog(window, TrainConfig(), 3, with_grid=True).show()
    screen.check("model card, several runs")
    close_all(window)
    open_train_dialogs(window)
    screen.check("dialogs of the Train page")
    close_all(window)
    for mode in ("timeline", "stage", "booth"):
        window.actions_by_id[mode].trigger()
        screen.check(mode)
        window.actions_by_id[mode].trigger()
    log.close()
    size = app.primaryScreen().size()
    answer = {
        "screen": [size.width(), size.height()],
        "opened": sorted(screen.opened),
        "faults": screen.faults,
    }
    print(json.dumps(answer), flush=True)
    window.hide()
    os._exit(0)  # nothing here is to be closed in order


def open_train_dialogs(window: MainWindow) -> None:
    """Those of the data check and of the learning rate."""
    data = drawn_data(30)
    PicturesDialog(window, "Happy in the training pictures", data, np.arange(len(data))).show()
    reasons = [f"row {row} has {row} pixels instead of 2,304" for row in range(40)]
    BadSamplesDialog(window, reasons, lambda reason, show: None).show()
    RateDialog(window, NoSearch).show()  # type: ignore[arg-type]


class NoSearch:
    """A search for a learning rate that has not begun."""

    started_at = 0.0

    def poll(self) -> None: ...

    def steps(self) -> tuple[list[float], list[float]]:
        return [], []

    def last_output(self) -> str:
        return ""

    def close(self) -> None: ...


def close_all(window: MainWindow) -> None:
    for dialog in window.findChildren(QDialog):
        dialog.close()
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()


if __name__ == "__main__":
    sys.exit(main())
