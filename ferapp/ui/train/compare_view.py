"""Checked runs side by side: curves on val, results with their spread, settings that differ."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.side_by_side import SideBySide, Table
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard

_HIGHEST = 190  # px of a table; longer ones scroll


class CompareView(QWidget):
    """`live_wanted`: two runs were checked, and their models shall look at the same frames."""

    live_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.headline = QLabel("Comparison")
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.live = QPushButton("Compare live")
        self.live.setToolTip("Both models on the same frames of the camera, side by side.")
        by_keyboard(self.live)
        self.live.clicked.connect(self.live_wanted)
        self.accuracies = CurvePlot("Accuracy on val", "Of each run, by epoch.", "{:.1f} %")
        self.losses = CurvePlot("Loss on val", "Cross-entropy on val, by epoch.")
        self.results = _table_widget("Results")
        self.differences = _table_widget("Settings that differ")
        self.same = QLabel("They differ in no setting.")
        self.same.setProperty("quiet", True)
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addWidget(self.live)
        plots = QHBoxLayout()
        plots.setSpacing(theme.MARGIN)
        plots.addWidget(self.accuracies)
        plots.addWidget(self.losses)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addLayout(plots, 1)
        for title, widget in (("Results", self.results), ("Differences", self.differences)):
            label = QLabel(title)
            label.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
            layout.addWidget(label)
            layout.addWidget(widget)
        layout.addWidget(self.same)

    def show_waiting(self, count: int) -> None:
        self.headline.setText(f"Comparing {count} runs …")
        self.live.setVisible(False)

    def show_failure(self, words: str) -> None:
        self.headline.setText(words)

    def show_comparison(self, found: SideBySide, count: int) -> None:
        self.headline.setText(f"{count} runs")
        self.live.setVisible(count == 2)
        self.accuracies.show_curves([Curve(*curve, points=True) for curve in found.curves])
        self.losses.show_curves([Curve(*curve, points=True) for curve in found.losses])
        _fill(self.results, found.results)
        _fill(self.differences, found.differences)
        differ = bool(found.differences[1])
        self.differences.setVisible(differ)
        self.same.setVisible(not differ)


def _table_widget(name: str) -> QTableWidget:
    table = QTableWidget()
    table.setAccessibleName(name)
    table.verticalHeader().hide()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setShowGrid(False)
    table.setFrameShape(QTableWidget.Shape.NoFrame)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    return table


def _fill(table: QTableWidget, content: Table) -> None:
    columns, rows = content
    table.clear()
    table.setColumnCount(len(columns))
    table.setRowCount(len(rows))
    table.setHorizontalHeaderLabels(columns)
    for y, row in enumerate(rows):
        for x, text in enumerate(row):
            table.setItem(y, x, QTableWidgetItem(text))
    table.resizeRowsToContents()
    rows_height = sum(table.rowHeight(row) for row in range(len(rows)))
    height = table.horizontalHeader().sizeHint().height() + rows_height + 14
    table.setFixedHeight(min(height, _HIGHEST))
