"""Switches and sliders of the live page. They show the state of the actions and change it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QWidget,
)

from ferapp.ui.widgets import theme


class SpaceForButtons(QObject):
    """Space freezes, except where the keyboard is on a button: there it presses the button."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if event.key() != Qt.Key.Key_Space:
            return False
        event.accept()
        return True


class Toggle(QAbstractButton):
    """A button of words that stays pressed; what it looks like is drawn by `draw`.

    It is `spare` px wider than its words, and `least` px high.
    """

    def __init__(self, text: str, tip: str, spare: int, least: int) -> None:
        super().__init__()
        self._spare, self._least = spare, least
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to Freeze
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.installEventFilter(SpaceForButtons(self))

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self.text()) + self._spare
        return QSize(width, max(metrics.height() + 8, self._least))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self.draw(painter)

    def draw(self, painter: QPainter) -> None:
        raise NotImplementedError


class Switch(Toggle):
    """A two-state switch that belongs to a QAction: same words, same tip, same state."""

    def __init__(self, action: QAction) -> None:
        super().__init__(action.text(), action.toolTip(), spare=52, least=20)
        self._action = action
        self.setChecked(action.isChecked())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggled.connect(action.setChecked)
        action.toggled.connect(self.setChecked)

    def set_held(self, why: str) -> None:
        """It has no effect now, and `why`; "" where it has."""
        self._action.setEnabled(not why)
        self.setEnabled(not why)
        self.setToolTip(why or self._action.toolTip())

    def sizeHint(self) -> QSize:
        """Four of them and the key of the colours stand beside the crop."""
        return QSize(super().sizeHint().width(), max(self.fontMetrics().height() + 3, 20))

    def draw(self, painter: QPainter) -> None:
        look = theme.current()
        live = self.isEnabled()
        fill = look.raised if not self.isChecked() else look.accent if live else look.line
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(self.width() - 36, self.height() / 2 - 9, 34, 18)
        painter.setPen(QColor(look.text if self.hasFocus() else look.muted))
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(track, 9, 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.on_accent if self.isChecked() else look.muted))
        x = track.right() - 15 if self.isChecked() else track.left() + 3
        painter.drawEllipse(QRectF(x, track.top() + 3, 12, 12))
        painter.setPen(QColor(look.text if live else look.muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.text())


def label_width(label: QLabel) -> int:
    """Of the words before the controls, so that all controls begin on one line."""
    return label.fontMetrics().horizontalAdvance("Smoothing") + theme.GAP


class Slider(QSlider):
    """Its label is greyed with it."""

    def __init__(self, label: QLabel) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._label = label
        self.setAccessibleName(label.text())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._label.setEnabled(self.isEnabled())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the column, it does not change what it passes


class Sliders(QWidget):
    """Opacity of the attribution and time constant of the smoothing, each with its value."""

    opacity_changed = Signal(float)  # 0–1
    smoothing_changed = Signal(int)  # ms

    def __init__(self, opacity: float, smoothing_ms: int) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        self.opacity = self._row(
            grid,
            "Opacity",
            (0, 100, 5),
            round(100 * opacity),
            "How strongly the attribution covers the picture. 0 leaves the picture as it is.",
            lambda value: f"{value}\u00a0%",
        )
        self.smoothing = self._row(
            grid,
            "Smoothing",
            (0, 2000, 50),
            smoothing_ms,
            "Time constant in milliseconds: a change of expression shows to 63 % after this time.\n"
            "More is calmer and later, 0 shows each picture alone.",
            lambda value: f"{value}\u00a0ms" if value else "off",
        )
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.smoothing.valueChanged.connect(self.smoothing_changed)

    def _row(
        self,
        grid: QGridLayout,
        name: str,
        extent: tuple[int, int, int],
        value: int,
        tip: str,
        shown: Callable[[int], str],
    ) -> QSlider:
        low, high, step = extent
        label, number = QLabel(name), QLabel(shown(value))
        slider = Slider(label)
        slider.setRange(low, high)
        slider.setSingleStep(step)
        slider.setPageStep(4 * step)
        slider.setValue(value)
        label.setFixedWidth(label_width(label))
        number.setProperty("quiet", True)
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        number.setMinimumWidth(number.fontMetrics().horizontalAdvance("2000\u00a0ms") + 2)
        for widget in (label, slider, number):
            widget.setToolTip(tip)
        slider.valueChanged.connect(lambda now: number.setText(shown(now)))
        row = grid.rowCount()
        grid.addWidget(label, row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(number, row, 2)
        return slider
