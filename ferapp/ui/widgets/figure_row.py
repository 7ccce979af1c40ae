"""Measured figures in a row: each large, with its 95 % margin beside it and its name below."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.flow_layout import FlowLayout

_GAP = 14  # px between figures


class Figure(QWidget):
    """A value, how sure it is, and what it is. `tip` explains it, whatever its value is."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self._tip = tip
        self.value, self.margin, self.caption = QLabel("–"), QLabel(), QLabel(name)
        self.value.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        self.value.setAccessibleName(name)
        self.margin.setFont(theme.sized(self.font(), 0.85))
        for label in (self.margin, self.caption):
            label.setProperty("quiet", True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(0)
        bottom = Qt.AlignmentFlag.AlignBottom
        grid.addWidget(self.value, 0, 0, bottom)
        grid.addWidget(self.margin, 0, 1, bottom)
        grid.addWidget(self.caption, 1, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        self.setToolTip(tip)

    def show_value(self, text: str, margin: str = "", tip: str = "") -> None:
        """`margin` is quiet, as `± 1.5`; `tip` is about this value, below what the figure is."""
        self.value.setText(text)
        self.margin.setText(margin)
        self.value.setAccessibleDescription(f"{text} {margin}".strip())
        self.setToolTip("\n".join(filter(None, (self._tip, tip))))

    def text(self) -> str:
        """The value, without its margin."""
        return self.value.text()


class FigureRow(FlowLayout):
    """Figures by their key, in as many lines as they need."""

    def __init__(self, figures: Iterable[tuple[str, str, str]]) -> None:
        """Key, name and tip of each."""
        super().__init__(gap=_GAP)
        self.figures = {key: Figure(name, tip) for key, name, tip in figures}
        for figure in self.figures.values():
            self.addWidget(figure)
