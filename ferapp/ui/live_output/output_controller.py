"""Live output as the window handles it: start, stop, and the line that says so."""

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from ferapp.live.status import LiveEngine
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.live_output.output_dialog import OutputDialog
from ferapp.ui.live_output.output_sign import OutputSign
from ferapp.ui.shell.settings import SettingsStore


class OutputController(QObject):
    """Only the address of OSC is remembered, never that something was sent."""

    def __init__(
        self,
        window: QMainWindow,
        engine: LiveEngine,
        actions: dict[str, QAction],
        store: SettingsStore,
        page: LivePage,
    ) -> None:
        super().__init__(window)
        self._window, self._engine, self._store, self._page = window, engine, store, page
        self.dialog: OutputDialog | None = None  # while it is open
        self.sign = OutputSign()
        self.sign.stopped.connect(self.stop)
        window.addToolBarBreak(Qt.ToolBarArea.TopToolBarArea)
        window.addToolBar(self.sign)
        actions["live_output"].triggered.connect(self.show_dialog)
        page.status_changed.connect(self._show_status)

    def start(self, target: OutputTarget) -> None:
        if target.address:
            self._store.change(osc_address=target.address)
        self._engine.start_output(target)
        self._show_status()

    def stop(self, target: OutputTarget) -> None:
        self._engine.stop_output(target)
        self._show_status()

    def show_dialog(self) -> None:
        if self.dialog is None:
            self.dialog = OutputDialog(self._window, self._store.now.osc_address)
            self.dialog.started.connect(self.start)
            self.dialog.stopped.connect(self.stop)
            self.dialog.finished.connect(self._forget_dialog)
        self._show_status()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _show_status(self) -> None:
        outputs = self._engine.status().outputs
        self.sign.show_outputs(outputs)
        if self.dialog is not None:
            self.dialog.show_outputs(outputs)
        for ended in (one for one in outputs if one.over):
            if self.dialog is None:  # else it says so itself, until something is started anew
                self._page.live_view.toast.show_message(ended.reason)
                self._engine.stop_output(ended.target)
