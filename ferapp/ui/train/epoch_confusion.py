"""The confusion matrix of one validation of a run; a slider chooses which, at first the best."""

import numpy as np
from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
)

from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.run_validations import Validation
from ferapp.ui.text.figure_text import accuracy_text, conditions_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.figure_export import figure_of, offer_figure
from ferapp.ui.widgets.vertical_scroll import CompactWidget

_STAR_WIDTH = 14  # px
_STAR_TIP = "★: the best validation, whose model is kept."
_OPENS_TIP = f"{_STAR_TIP}\nClick a cell to see its faces in Inspect."


class EpochSlider(QSlider):
    """Values count validations from 0; `best` has a star, −1 is none."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.best = -1
        self.setAccessibleName("Epoch of the confusion matrix")
        self.setToolTip("Which validation is shown. The star is the best, whose model is kept.")
        self.setMinimumHeight(38)

    def show_best(self, best: int) -> None:
        self.best = best
        self.update()

    def star_x(self) -> int:
        """The middle of the star, in px."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        span = self.width() - handle.width()
        place = QStyle.sliderPositionFromValue(self.minimum(), self.maximum(), self.best, span)
        return place + handle.width() // 2

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.best < 0:
            return
        with QPainter(self) as painter:
            painter.setFont(theme.sized(self.font(), 0.9))
            painter.setPen(QColor(theme.current().accent))
            place = QRect(self.star_x() - _STAR_WIDTH // 2, 0, _STAR_WIDTH, self.height())
            # above the handle, which may be there, too
            top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
            painter.drawText(place, top, "★")


class EpochConfusion(CompactWidget):
    """Follows the best validation of the run until the user chooses another.

    A click on a cell of the best one asks for its faces: `cells_chosen` has them.
    """

    cells_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._run: RunSnapshot | None = None
        self._validations: tuple[Validation, ...] = ()
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setToolTip(_STAR_TIP)
        self.slider = EpochSlider()
        self.slider.valueChanged.connect(lambda _: self._show_chosen())
        self.matrix = ConfusionMatrix()
        self.matrix.selection_changed.connect(self._on_selected)
        head = QHBoxLayout()
        head.addWidget(QLabel("Confusion"))
        head.addWidget(self.slider, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.label)
        column.addWidget(self.matrix, 1)
        offer_figure(self, lambda: figure_of(self, "Confusion", self.label.text()))

    def show_run(self, run: RunSnapshot) -> None:
        is_other = self._run is None or self._run.path != run.path
        follows = is_other or self.slider.value() == self.slider.best or self.slider.best < 0
        self._run = run
        self._validations = tuple(v for v in run.validations if v.confusion is not None)
        best = next((k for k, v in enumerate(self._validations) if v is run.best), -1)
        self.slider.setEnabled(len(self._validations) > 1)
        self.slider.setRange(0, max(len(self._validations) - 1, 0))
        self.slider.show_best(best)
        if follows:
            self.slider.setValue(best if best >= 0 else self.slider.maximum())
        self._show_chosen()

    @property
    def shown(self) -> Validation | None:
        """The validation whose confusion matrix is shown."""
        return self._validations[self.slider.value()] if self._validations else None

    def _show_chosen(self) -> None:
        shown, run = self.shown, self._run
        if shown is None or shown.confusion is None or run is None:
            self.matrix.show_counts((), np.zeros((0, 0), np.int64))
            self.label.setText("The confusion matrix appears after the first epoch.")
            return
        classes = run.classes
        if len(shown.confusion) != len(classes):
            classes = tuple(str(k + 1) for k in range(len(shown.confusion)))
        self.matrix.show_counts(classes, shown.confusion)
        # the kept model is that of the best epoch, and only a finished run's can be inspected
        can_open = shown is run.best and run.has_model and not run.is_active
        self.matrix.set_selectable(can_open)
        self.label.setToolTip(_OPENS_TIP if can_open else _STAR_TIP)
        star = "★ " if shown is run.best else ""
        conditions = conditions_text("val", shown.epoch, shown.n, "")
        self.label.setText(f"{star}{accuracy_text(shown.accuracy)} · {conditions}")

    def _on_selected(self) -> None:
        cells = self.matrix.selected
        if cells:
            self.matrix.select(frozenset())  # it opens them, and selects nothing here
            self.cells_chosen.emit(cells)
