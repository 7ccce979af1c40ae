"""The slider over the epochs of a run, with a star above the best one, and its play button."""

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QStyle, QStyleOptionSlider, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.text_size import scaled

PLAY_MS = 450  # from one epoch to the next
_HEIGHT = 34  # px, with the star above the handle


class StarredSlider(QSlider):
    """Its values are positions; `starred` is one of them, −1 none."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.starred = -1
        self.setPageStep(5)
        self.setMinimumSize(80, scaled(_HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Epoch")
        self.setToolTip("The epoch that is shown. ← and →: one epoch back or on.\n★: the best one.")

    def x_of(self, value: int) -> float:
        """The middle of the handle at this value, in px."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        control, style = QStyle.ComplexControl.CC_Slider, self.style()
        groove = style.subControlRect(control, option, QStyle.SubControl.SC_SliderGroove, self)
        handle = style.subControlRect(control, option, QStyle.SubControl.SC_SliderHandle, self)
        room = groove.width() - handle.width()
        share = (value - self.minimum()) / max(self.maximum() - self.minimum(), 1)
        return groove.x() + handle.width() / 2 + room * share

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.starred < 0:
            return
        with QPainter(self) as painter:
            font = theme.sized(self.font(), 0.8)
            painter.setFont(font)
            painter.setPen(QColor(theme.current().warning))
            side = painter.fontMetrics().height()
            place = QRectF(self.x_of(self.starred) - side / 2, 0, side, side)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "★")


class EpochSlider(QWidget):
    """`moved` has the position of the epoch that is to be shown."""

    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.play = Chip("▶  Play", "Show one epoch after the other (Space).")
        self.slider = StarredSlider()
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
        self.slider.starred = best
        self.slider.update()
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
        self.slider.setValue(self.slider.starred)

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
