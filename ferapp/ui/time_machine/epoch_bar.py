"""The slider over the epochs of a run, with its play button."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ferapp.ui.train.epoch_confusion import EpochSlider
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip

PLAY_MS = 450  # from one epoch to the next
_SLIDER_HEIGHT = 36  # px, with the star above the handle


class EpochBar(QWidget):
    """`moved` has the position of the epoch that is to be shown."""

    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.play = Chip("▶  Play", "Show one epoch after the other.")
        self.slider = EpochSlider()
        self.slider.setMinimumHeight(_SLIDER_HEIGHT)
        self.slider.setAccessibleName("Epoch")
        self.slider.setToolTip(
            "The epoch that is shown; the star is the best.\n"
            "One epoch back or on: ← and → here, comma and full stop among the faces."
        )
        self.best = push_button("★", "Go to the best epoch, whose model the run kept as its best.")
        self.best.setAccessibleName("Best epoch")
        self.best.setStyleSheet("padding: 2px 8px;")
        self._timer = QTimer(self, interval=PLAY_MS)
        self._timer.timeout.connect(self._step)
        self.play.toggled.connect(self._set_playing)
        self.slider.valueChanged.connect(self.moved)
        self.slider.sliderPressed.connect(self.pause)
        self.best.clicked.connect(self._go_to_best)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.play)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.best)

    @property
    def position(self) -> int:
        return self.slider.value()

    def show_range(self, count: int, best: int, position: int) -> None:
        """For `count` epochs, of which that at the position `best` is starred, −1 for none.

        Does not emit `moved`.
        """
        self.slider.blockSignals(True)
        self.slider.setRange(0, count - 1)
        self.slider.setValue(position)
        self.slider.blockSignals(False)
        self.slider.show_best(best)
        self.slider.setEnabled(count > 1)
        self.play.setEnabled(count > 1)
        self.best.setVisible(best >= 0)

    def step(self, by: int) -> None:
        """Go `by` epochs on, and stop playing."""
        self.pause()
        self.slider.setValue(self.position + by)

    def pause(self) -> None:
        self.play.setChecked(False)

    def _go_to_best(self) -> None:
        self.pause()
        self.slider.setValue(self.slider.best)

    def _set_playing(self, on: bool) -> None:
        self.play.setText("⏸  Pause" if on else "▶  Play")
        if not on:
            self._timer.stop()
            return
        if self.position == self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()

    def _step(self) -> None:
        self.slider.setValue(self.position + 1)
        if self.position == self.slider.maximum():
            self.pause()
