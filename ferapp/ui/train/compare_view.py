"""Compared runs: validation curves, results with their spread, settings that differ."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.compare import RunComparison, Table
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button

_MAX_HEIGHT = 190  # px of a table; longer ones scroll


class CompareView(QWidget):
    """`live_requested` asks to compare the models of two runs on the live page."""

    live_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.headline = QLabel("Comparison")
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.live = push_button(
            "Compare live", "Run both models on the same camera frames, side by side."
        )
        self.live.clicked.connect(self.live_requested)
        self.accuracies = CurvePlot("Validation accuracy", "Of each run, by epoch.", "{:.1f} %")
        self.losses = CurvePlot("Validation loss", "Cross-entropy of each run, by epoch.")
        self.results = _make_table("Results")
        self.differences = _make_table("Settings that differ")
        self.no_differences = QLabel("All settings are the same.")
        self.no_differences.setProperty("quiet", True)
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
        for table in (self.results, self.differences):
            title = QLabel(table.accessibleName())
            title.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
            layout.addWidget(title)
            layout.addWidget(table)
        layout.addWidget(self.no_differences)

    def show_progress(self, count: int) -> None:
        self.headline.setText(f"Comparing {count} runs…")
        self.live.setVisible(False)

    def show_failure(self, message: str) -> None:
        self.headline.setText(message)

    def show_comparison(self, comparison: RunComparison, count: int) -> None:
        self.headline.setText(f"{count} runs")
        self.live.setVisible(count == 2)
        for plot, curves in (
            (self.accuracies, comparison.val_accuracies),
            (self.losses, comparison.val_losses),
        ):
            plot.show_curves([Curve(*curve, has_markers=True) for curve in curves])
        _fill_table(self.results, comparison.results)
        _fill_table(self.differences, comparison.differences)
        has_differences = bool(comparison.differences[1])
        self.differences.setVisible(has_differences)
        self.no_differences.setVisible(not has_differences)


def _make_table(name: str) -> QTableWidget:
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


def _fill_table(table: QTableWidget, content: Table) -> None:
    columns, rows = content
    table.clear()
    table.setColumnCount(len(columns))
    table.setRowCount(len(rows))
    table.setHorizontalHeaderLabels(columns)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            table.setItem(row, column, QTableWidgetItem(text))
    table.resizeRowsToContents()
    rows_height = sum(table.rowHeight(row) for row in range(len(rows)))
    height = table.horizontalHeader().sizeHint().height() + rows_height + 14
    table.setFixedHeight(min(height, _MAX_HEIGHT))
