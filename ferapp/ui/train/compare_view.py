"""Compared runs: validation curves, results with their spread, settings that differ."""

import textwrap
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.compare import ComparedCurves, ComparedRuns, Table
from ferapp.runs.run_reader import Series
from ferapp.runs.text_table import Rows
from ferapp.ui.text import wording
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import MenuButton, push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.copy_table import copy_menu
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea
from trainer.reports.comparison import FIGURES_NOTE

_MAX_HEIGHT = 190  # px of a table; longer ones scroll
_UNLIKE = (
    "These runs were validated on different pictures or labels, so their curves and figures cannot "
    "be compared. Choose whose to see:"
)
_ONLY_SEEDS = "These runs differ only in the seed: the table has their mean and spread."
_NOT_STORED = (
    "Whether these runs differ by more than chance is not known: they have no record of each "
    "picture's prediction. Open one in Inspect and compare it with the other."
)


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
        self.tests = QLabel()
        self.tests.setWordWrap(True)
        self.tests.setAccessibleName("Whether they differ")
        self.tests.setToolTip(
            "The best models on the same validation pictures, by McNemar's exact test:\n"
            "only pictures that one of the two alone gets right can tell them apart."
        )
        self.unlike = QLabel(_UNLIKE)
        self.unlike.setProperty("notice", True)
        self.unlike.setWordWrap(True)
        self.chips: list[Chip] = []  # one for each set of validation samples
        self._chip_row = FlowLayout()
        self._buttons = QButtonGroup(self)
        self.conditions = QLabel()
        self.conditions.setProperty("quiet", True)
        self.conditions.setWordWrap(True)
        self.results = _make_table("Results")
        self.differences = _make_table("Settings that differ")
        self.copy_buttons = {
            table: MenuButton(
                "Copy",
                copy_menu("Copy table", partial(_texts, table), self),
                "Copy this table as CSV, Markdown or LaTeX.",
            )
            for table in (self.results, self.differences)
        }
        self.no_differences = QLabel("All settings are the same.")
        self.no_differences.setProperty("quiet", True)
        self.content = QWidget()  # all below the headline, absent until the runs are compared
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addWidget(self.live)
        plots = QHBoxLayout()
        plots.setSpacing(theme.MARGIN)
        plots.addWidget(self.accuracies)
        plots.addWidget(self.losses)
        content = QWidget()
        content.setObjectName("inner")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = VerticalScrollArea()
        outer.addWidget(area)
        area.setWidget(content)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.content, 1)
        layout.addStretch(0)
        layout = QVBoxLayout(self.content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.unlike)
        layout.addLayout(self._chip_row)
        layout.addWidget(self.tests)
        layout.addLayout(plots, 1)
        for table in (self.results, self.differences):
            title = QLabel(table.accessibleName())
            title.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
            row = QHBoxLayout()
            row.addWidget(title)
            row.addWidget(self.copy_buttons[table])
            row.addStretch(1)
            layout.addLayout(row)
            layout.addWidget(table)
            if table is self.results:
                layout.addWidget(self.conditions)
        layout.addWidget(self.no_differences)
        self.content.hide()

    def show_progress(self, count: int) -> None:
        """Say so at once, and show nothing of other runs meanwhile."""
        self.headline.setText(f"Comparing {count} runs…")
        self.live.setVisible(False)
        self.content.hide()

    def show_failure(self, message: str) -> None:
        self.headline.setText(message)
        self.content.hide()

    def show_comparison(self, compared: tuple[ComparedRuns, ...]) -> None:
        """One set of validation samples at a time: figures of two are never side by side."""
        count = sum(runs.count for runs in compared)
        self.headline.setText(f"{count} runs")
        self.content.show()
        self.live.setVisible(count == 2)
        self.unlike.setVisible(len(compared) > 1)
        for chip in self.chips:
            self._buttons.removeButton(chip)
            self._chip_row.removeWidget(chip)
            chip.deleteLater()
        self.chips = []
        for runs in compared:
            title = f"{_samples_text(runs)}: {wording.count(runs.count, 'run')}"
            chip = Chip(title, "Show the runs that have these validation samples.")
            chip.toggled.connect(lambda on, runs=runs: self._show_runs(runs) if on else None)
            chip.setVisible(len(compared) > 1)
            self._buttons.addButton(chip)
            self._chip_row.addWidget(chip)
            self.chips.append(chip)
        self.chips[0].setChecked(True)

    def _show_runs(self, runs: ComparedRuns) -> None:
        self.accuracies.show_curves([_curve(each, each.accuracies) for each in runs.curves])
        self.losses.show_curves([_curve(each, each.losses) for each in runs.curves])
        untested = _ONLY_SEEDS if len(runs.results[1]) == 1 else _NOT_STORED
        self.tests.setText("\n".join(runs.tests) or untested)
        self.tests.setVisible(runs.count > 1)
        self.conditions.setText(f"Of the best epoch on val, {_samples_text(runs)}.")
        self.conditions.setToolTip(textwrap.fill(FIGURES_NOTE, 90))
        _fill_table(self.results, runs.results)
        _fill_table(self.differences, runs.differences)
        has_differences = bool(runs.differences[1])
        self.differences.setVisible(has_differences)
        self.copy_buttons[self.differences].setVisible(has_differences)
        self.no_differences.setVisible(not has_differences)


def _samples_text(runs: ComparedRuns) -> str:
    """`fer2013.csv, n = 3,589`."""
    size = f", n\u00a0=\u00a0{runs.n:,}" if runs.n else ""
    return f"{runs.data}{size}"


def _curve(curves: ComparedCurves, series: Series) -> Curve:
    return Curve(curves.name, *series, has_markers=True, best_at=curves.best_at)


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


def _texts(table: QTableWidget) -> Rows:
    """Titles of the columns, then the rows."""
    columns, model = range(table.columnCount()), table.model()
    head = [str(model.headerData(k, Qt.Orientation.Horizontal)) for k in columns]
    cells = ([str(model.index(row, k).data()) for k in columns] for row in range(table.rowCount()))
    return [head, *cells]


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
