"""The form's button that finds a learning rate: one search at a time, whose result fills it."""

from PySide6.QtCore import QObject, Signal

from ferapp.ui.train.rate.rate_dialog import RateDialog
from ferapp.ui.train.run_form import RATE, RunForm


class RateFinderControl(QObject):
    """`message` is for the user."""

    message = Signal(str)

    def __init__(self, form: RunForm) -> None:
        super().__init__(form)
        self._form = form
        self.dialog: RateDialog | None = None
        form.find_rate.clicked.connect(self.open)

    def open(self) -> None:
        """Begin a search, or show the one that is open."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        try:
            self.dialog = RateDialog(self._form.window(), self._form.search_rate)
        except OSError as error:
            self.message.emit(f"The search could not be started: {error.strerror}")
            return
        self.dialog.chosen.connect(self._use)
        self.dialog.finished.connect(self._forget)
        self.dialog.show()

    def close(self) -> None:
        """End the search, because the window closes."""
        if self.dialog is not None:
            self.dialog.close()

    def _use(self, rate: float) -> None:
        self._form.rows[RATE].set_text(f"{rate:g}")

    def _forget(self) -> None:
        self.dialog = None
