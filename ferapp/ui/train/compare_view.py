"""Compared runs: validation curves, results with their spread, settings that differ."""

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

from ferapp.runs.compare import ComparedRun, RunComparison, Table, ValGroup
from ferapp.runs.run_reader import Series
from ferapp.ui.text import wording
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout

_MAX_HEIGHT = 190  # px of a table; longer ones scroll
_UNLIKE = (
    "These runs were validated on different pictures, so their curves and figures cannot be "
    "compared. Choose whose to see:"
)
_CONDITIONS = "Accuracy, F1 and ECE of each run are of its best epoch, on val, raw ({})."


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
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setAccessibleName("Whether the two differ")
        self.verdict.setToolTip(
            "The best models of both runs on the same validation pictures, by McNemar's exact\n"
            "test: only pictures that one of them alone gets right can tell them apart."
        )
        self.unlike = QLabel(_UNLIKE)
        self.unlike.setProperty("notice", True)
        self.unlike.setWordWrap(True)
        self.groups: list[Chip] = []  # one for each set of validation pictures
        self._group_row = FlowLayout()
        self._buttons = QButtonGroup(self)
        self.conditions = QLabel()
        self.conditions.setProperty("quiet", True)
        self.conditions.setWordWrap(True)
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
        layout.addWidget(self.verdict)
        layout.addWidget(self.unlike)
        layout.addLayout(self._group_row)
        layout.addLayout(plots, 1)
        for table in (self.results, self.differences):
            title = QLabel(table.accessibleName())
            title.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
            layout.addWidget(title)
            layout.addWidget(table)
            if table is self.results:
                layout.addWidget(self.conditions)
        layout.addWidget(self.no_differences)

    def show_progress(self, count: int) -> None:
        self.headline.setText(f"Comparing {count} runs…")
        self.live.setVisible(False)

    def show_failure(self, message: str) -> None:
        self.headline.setText(message)

    def show_comparison(self, comparison: RunComparison, count: int) -> None:
        self.headline.setText(f"{count} runs")
        self.live.setVisible(count == 2)
        self.verdict.setText(comparison.verdict)
        self.verdict.setVisible(bool(comparison.verdict))
        self._make_groups(comparison.groups)
        self.conditions.setText(_CONDITIONS.format("; ".join(map(_group_text, comparison.groups))))
        _fill_table(self.results, comparison.results)
        _fill_table(self.differences, comparison.differences)
        has_differences = bool(comparison.differences[1])
        self.differences.setVisible(has_differences)
        self.no_differences.setVisible(not has_differences)

    def _make_groups(self, groups: tuple[ValGroup, ...]) -> None:
        """A chip for each set of validation pictures; only one set's curves are ever drawn."""
        for chip in self.groups:
            self._buttons.removeButton(chip)
            self._group_row.removeWidget(chip)
            chip.deleteLater()
        self.groups = []
        for group in groups:
            chip = Chip(_group_text(group), "Show the curves of these runs.")
            chip.toggled.connect(lambda on, group=group: self._show_group(group) if on else None)
            self._buttons.addButton(chip)
            self._group_row.addWidget(chip)
            self.groups.append(chip)
            chip.setVisible(len(groups) > 1)
        self.unlike.setVisible(len(groups) > 1)
        self.groups[0].setChecked(True)

    def _show_group(self, group: ValGroup) -> None:
        self.accuracies.show_curves([_curve(run, run.accuracies) for run in group.runs])
        self.losses.show_curves([_curve(run, run.losses) for run in group.runs])


def _curve(run: ComparedRun, series: Series) -> Curve:
    return Curve(run.name, *series, has_markers=True, best_at=run.best_at)


def _group_text(group: ValGroup) -> str:
    """`fer2013.csv, n = 3,589: 2 runs`."""
    size = f", n\u00a0=\u00a0{group.n:,}" if group.n else ""
    return f"{group.data}{size}: {wording.count(len(group.runs), 'run')}"


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
