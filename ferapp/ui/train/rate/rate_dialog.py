"""Finds a learning rate for the data and settings of the form, in a process of its own."""

import time
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget

from ferapp.runs.training_process import RateSearch
from ferapp.ui.text import wording
from ferapp.ui.text.time_left import StageClock
from ferapp.ui.train.rate.rate_plot import RatePlot
from ferapp.ui.widgets.dialogs import ModelessDialog
from trainer.training.rate_curve import STEPS, RateCurve, rate_curve

POLL_MS = 200
SIZE = QSize(640, 520)
_BAR_HEIGHT = 6  # px
INTRODUCTION = (
    f"{STEPS} steps train with a learning rate that grows from step to step (Smith 2017). "
    "A good one is a tenth of that at which the loss is lowest. No model is kept."
)
PREPARING = "Reading the data ({:.0f} s). The first time takes longer."
FLAT = "No learning rate lowers the loss. Check the data and the loss weights first."


class RateDialog(ModelessDialog):
    """`chosen` has the suggested rate; closing the dialog ends the search."""

    chosen = Signal(float)

    def __init__(self, parent: QWidget, start: Callable[[], RateSearch]) -> None:
        """`start` starts the search. Raises OSError as it does."""
        self._search = start()
        super().__init__(parent, "Find a learning rate", SIZE)
        self._start = start
        self._clock = StageClock()
        self.curve = rate_curve([], [])
        introduction = _text(INTRODUCTION)
        introduction.setProperty("quiet", True)
        self.plot = RatePlot()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(_BAR_HEIGHT)
        self.bar.setAccessibleName("Progress of the search")
        self.state = _text("")
        self.state.setAccessibleName("State of the search")
        self.column.addWidget(introduction)
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self.bar)
        self.column.addWidget(self.state)
        self.use = self.add_button("Use", "Put this rate into the form.", self._use)
        self.cancel = self.add_button("Cancel", "End the search, and keep its curve.", self._cancel)
        self.again = self.add_button("Search again", "Search from the start.", self._begin_again)
        self.add_buttons()
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.finished.connect(self._close_search)
        self._begin()

    def _begin(self) -> None:
        self._clock = StageClock()
        self._show_suggestion(None)
        self.cancel.setEnabled(True)
        self.again.setEnabled(False)
        self._timer.start()
        self._poll()

    def _begin_again(self) -> None:
        self._search.close()
        try:
            self._search = self._start()
        except OSError as error:
            self.state.setText(f"The search could not be started: {error.strerror}")
        else:
            self._begin()

    def _poll(self) -> None:
        code = self._search.poll()  # before the steps: those of an ended search are complete
        self._show_steps(rate_curve(*self._search.steps()))
        if code is not None:
            self._end(code)

    def _show_steps(self, curve: RateCurve) -> None:
        self.curve, done = curve, len(curve.rates)
        self.plot.show_curve(curve, None)
        self.bar.setRange(0, STEPS if done else 0)  # 0 to 0: it moves, and counts nothing
        self.bar.setValue(done)
        if not done:
            self.state.setText(PREPARING.format(time.monotonic() - self._search.started_at))
            return
        left = self._clock.seconds_left("steps", done, STEPS, time.monotonic())
        time_left = "" if left is None else f", at most {wording.duration(round(left))} left"
        self.state.setText(f"Step {done} of {STEPS}{time_left}")

    def _end(self, code: int) -> None:
        self._stop_polling()
        if code:
            self.state.setText(self._search.last_output() or "The search ended unexpectedly.")
            return
        self.bar.setValue(STEPS)  # it ends early where the loss explodes
        suggestion = self.curve.suggestion
        self._show_suggestion(suggestion)
        if suggestion is None:
            self.state.setText(FLAT)
            return
        lowest = self.curve.rates[self.curve.lowest]
        self.state.setText(
            f"Suggestion: {suggestion:g}, a tenth of {lowest:.2g}, where the loss is lowest."
        )
        self.use.setFocus()

    def _cancel(self) -> None:
        self._search.kill()
        self._stop_polling()
        done = wording.count(len(self.curve.rates), "step")
        self.state.setText(f"Cancelled after {done}.")

    def _stop_polling(self) -> None:
        self._timer.stop()
        self.bar.setRange(0, STEPS)  # nothing moves any more
        self.cancel.setEnabled(False)
        self.again.setEnabled(True)

    def _show_suggestion(self, suggestion: float | None) -> None:
        self.plot.show_curve(self.curve, suggestion)
        self.use.setEnabled(suggestion is not None)
        self.use.setText("Use" if suggestion is None else f"Use {suggestion:g}")

    def _use(self) -> None:
        suggestion = self.curve.suggestion
        if suggestion is not None:
            self.chosen.emit(suggestion)
            self.close()

    def _close_search(self) -> None:
        self._timer.stop()
        self._search.close()


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
