"""What is wrong with the form, or a warning, in room that is always there: nothing moves."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ferapp.ui.train.field_row import error_label
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea

_LINES = 2  # shown at once; more can be scrolled to


class FormMessages(VerticalScrollArea):
    def __init__(self) -> None:
        super().__init__()
        self.problems, self.warning = error_label(), error_label()
        self.problems.setAccessibleName("Problems of the form")
        self.warning.setAccessibleName("Warning about the form")
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.problems)
        column.addWidget(self.warning)
        column.addStretch(1)
        self.setWidget(inner)
        self._fit()

    def show_messages(self, problems: Sequence[str], warning: str) -> None:
        for label, text in ((self.problems, "\n".join(problems)), (self.warning, warning)):
            label.setText(text)
            label.setToolTip(text)
            label.setVisible(bool(text))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(_LINES * self.fontMetrics().lineSpacing() + 2)
