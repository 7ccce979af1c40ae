"""Switches and sliders of the live page: they show the state of the actions and change it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QWidget,
)

from ferapp.ui.shell.actions import block
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import Toggle
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.text_size import fix_width
from ferapp.vision.analysis_options import Prior
from trainer.card import ModelCard


class Switch(Toggle):
    """A two-state switch for a QAction, with its text, tooltip and state."""

    def __init__(self, action: QAction) -> None:
        super().__init__(action.text(), action.toolTip(), extra_width=52, min_height=20)
        self._action = action
        self.setChecked(action.isChecked())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggled.connect(action.setChecked)
        action.toggled.connect(self.setChecked)

    def set_blocked(self, reason: str) -> None:
        """Disable it, with `reason` as its tooltip; "" enables it."""
        block(self._action, reason)
        self.setEnabled(not reason)
        self.setToolTip(reason or self._action.toolTip())

    def sizeHint(self) -> QSize:
        """Low: four of them and the key to the colours fit beside the crop."""
        return QSize(super().sizeHint().width(), max(self.fontMetrics().height() + 3, 20))

    def draw(self, painter: QPainter) -> None:
        colours = theme.current()
        enabled = self.isEnabled()
        fill = colours.raised
        if self.isChecked():
            fill = colours.accent if enabled else colours.line
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(self.width() - 36, self.height() / 2 - 9, 34, 18)
        painter.setPen(QColor(colours.text if self.hasFocus() else colours.muted))
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(track, 9, 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.on_accent if self.isChecked() else colours.muted))
        x = track.right() - 15 if self.isChecked() else track.left() + 3
        painter.drawEllipse(QRectF(x, track.top() + 3, 12, 12))
        painter.setPen(QColor(colours.text if enabled else colours.muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.text())


def label_width(label: QLabel) -> int:
    """Width of the labels before the controls, so that all controls are aligned."""
    return label.fontMetrics().horizontalAdvance("Smoothing") + theme.GAP


def _number_width(label: QLabel) -> int:
    return label.fontMetrics().horizontalAdvance("2000\u00a0ms") + 2


class Slider(QSlider):
    """Its label is greyed out with it."""

    def __init__(self, label: QLabel) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._label = label
        self.setAccessibleName(label.text())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self._label.setEnabled(self.isEnabled())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the panel instead of changing values


class ClassBalance(QWidget):
    """Which class shares the probabilities assume; `chosen` carries their name."""

    chosen = Signal(str)  # as AnalysisOptions.prior

    def __init__(self, prior: Prior) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(QLabel("Class balance"))
        row.addStretch(1)
        self.chips: dict[Prior, Chip] = {
            "trained": Chip("As trained", ""),
            "balanced": Chip("Balanced", ""),
        }
        group = QButtonGroup(self)
        for name, chip in self.chips.items():
            chip.setAccessibleName(f"Class balance: {chip.text().lower()}")
            chip.clicked.connect(lambda _on, name=name: self.chosen.emit(name))
            group.addButton(chip)
            row.addWidget(chip)
        self.chips[prior].setChecked(True)
        self.show_model(None)

    def show_model(self, card: ModelCard | None) -> None:
        """Explain it with the class shares of this model; disabled where they are not known."""
        is_known = card is None or bool(card.prior)
        tip = wording.class_balance_tip(card) if is_known else wording.NO_CLASS_SHARES
        if tip != self.toolTip():
            self.setToolTip(tip)
            for chip in self.chips.values():
                chip.setToolTip(tip)
                chip.setEnabled(is_known)


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
            "How strongly the attribution covers the picture. 0 hides it.",
            lambda value: f"{value}\u00a0%",
        )
        self.smoothing = self._row(
            grid,
            "Smoothing",
            (0, 2000, 50),
            smoothing_ms,
            "Time constant: after this time, a change of expression is 63 % visible.\n"
            "Higher values are steadier but slower; 0 shows each frame on its own.",
            lambda value: f"{value}\u00a0ms" if value else "off",
        )
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.smoothing.valueChanged.connect(self.smoothing_changed)

    def _row(
        self,
        grid: QGridLayout,
        name: str,
        limits: tuple[int, int, int],
        value: int,
        tip: str,
        to_text: Callable[[int], str],
    ) -> QSlider:
        low, high, step = limits
        label, number = QLabel(name), QLabel(to_text(value))
        slider = Slider(label)
        slider.setRange(low, high)
        slider.setSingleStep(step)
        slider.setPageStep(4 * step)
        slider.setValue(value)
        fix_width(label, label_width)
        number.setProperty("quiet", True)
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        fix_width(number, _number_width)
        for widget in (label, slider, number):
            widget.setToolTip(tip)
        slider.valueChanged.connect(lambda now: number.setText(to_text(now)))
        row = grid.rowCount()
        grid.addWidget(label, row, 0)
        grid.addWidget(slider, row, 1)
        grid.addWidget(number, row, 2)
        return slider
