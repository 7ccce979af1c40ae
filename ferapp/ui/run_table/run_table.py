"""The runs as a table, or as cards where there is room for one column only."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QHelpEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QTableView,
    QToolTip,
    QWidget,
)

from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.text_table import Rows, as_text
from ferapp.ui.run_table.run_card import HEIGHT, RunCard
from ferapp.ui.run_table.run_columns import COLUMNS
from ferapp.ui.run_table.run_model import RunFilter, RunTableModel
from ferapp.ui.widgets.text_size import scaled
from trainer.evaluation.intervals import Interval
from trainer.reports.run_list.run_rows import rows_table

_ROW_HEIGHT = 30  # px
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class RunTable(QTableView):
    """`chosen` has the path of the run that was selected alone, "" for none.

    `opened` is a double click or Enter. `intervals_wanted` is emitted once for a run, when the
    pointer rests on one of its figures. `delete_pressed` is the key.
    """

    chosen = Signal(str)
    opened = Signal()
    intervals_wanted = Signal(object)
    delete_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = RunTableModel(self)
        self.filter = RunFilter(self, self.entries)
        self._chosen_path = ""  # of the selected run, which may not be listed yet
        self._wanted: set[object] = set()  # paths
        self._card, self._cell = RunCard(self), QStyledItemDelegate(self)
        self.setModel(self.filter)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Runs")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self.doubleClicked.connect(self.opened)
        self.show_cards(True)

    def show_cards(self, on: bool) -> None:
        """Cards in one column; else all columns, with their titles."""
        self.is_cards = on
        header = self.horizontalHeader()
        header.setVisible(not on)
        self.setItemDelegateForColumn(0, self._card if on else self._cell)
        self.verticalHeader().setDefaultSectionSize(scaled(HEIGHT if on else _ROW_HEIGHT))
        mode = QHeaderView.ResizeMode
        header.setSectionResizeMode(0, mode.Stretch if on else mode.Interactive)
        for index, column in enumerate(COLUMNS):
            self.setColumnHidden(index, on and index > 0)
            if not on:
                self.setColumnWidth(index, scaled(column.width))
        self.setStyleSheet(
            "QTableView { background: transparent; selection-background-color: transparent; }"
            if on
            else "QTableView::item { padding: 0 12px 0 3px; }"
            "QHeaderView::section { padding-right: 16px; }"  # for the arrow of the sorting
        )

    # --- what is listed -------------------------------------------------------------------------

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Selection and scroll position stay."""
        selected = {run.path for run in self.selected_runs()}
        place = self.verticalScrollBar().value()
        is_same = [run.path for run in runs] == [run.path for run in self.entries.runs]
        self.entries.show_runs(runs)
        if is_same:
            return
        if len(selected) > 1:
            self._select(lambda run: run.path in selected)
        else:
            self._select_chosen()
        self.verticalScrollBar().setValue(place)

    def show_intervals(self, path: object, intervals: dict[str, Interval]) -> None:
        """Also in the tooltip, while the pointer still rests there."""
        self._wanted.discard(path)
        self.entries.show_intervals(path, intervals)
        if QToolTip.isVisible():
            place = self.viewport().mapFromGlobal(QCursor.pos())
            index = self.indexAt(place)
            if index.isValid() and self.filter.entry(index.row()).run.path == path:
                tip = index.data(Qt.ItemDataRole.ToolTipRole)
                QToolTip.showText(QCursor.pos(), str(tip), self.viewport(), self.visualRect(index))

    # --- selection ------------------------------------------------------------------------------

    def choose(self, path: str) -> None:
        """Select a run, now or once it is listed; "" selects none."""
        changed = path != self._chosen_path
        self._chosen_path = path
        self._select_chosen()
        if changed:
            self.chosen.emit(path)

    def selected_runs(self) -> list[RunSnapshot]:
        """In the order in which they are displayed."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.filter.entry(row).run for row in rows]

    def current_path(self) -> str:
        """Of the only selected run."""
        ranges = self.selectionModel().selection().toList()
        first, last = (
            min((r.top() for r in ranges), default=-1),
            max((r.bottom() for r in ranges), default=-1),
        )
        return str(self.filter.entry(first).run.path) if first == last >= 0 else ""

    def _select_chosen(self) -> None:
        if self.current_path() != self._chosen_path:
            self._select(lambda run: str(run.path) == self._chosen_path)

    def _select(self, is_selected: Callable[[RunSnapshot], bool]) -> None:
        flags = QItemSelectionModel.SelectionFlag
        rows = [
            row for row in range(self.filter.rowCount()) if is_selected(self.filter.entry(row).run)
        ]
        self.clearSelection()
        if len(rows) == 1:
            self.setCurrentIndex(self.filter.index(rows[0], 0))
        for row in rows if len(rows) > 1 else ():
            index = self.filter.index(row, 0)
            self.selectionModel().select(index, flags.Select | flags.Rows)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Follow the user's selection, not the current row: focus alone makes the first current."""
        super().selectionChanged(selected, deselected)
        if self.current_path():
            self.choose(self.current_path())

    # --- keys and pointer -----------------------------------------------------------------------

    def table(self) -> Rows:
        """The selected runs, or all that are listed where fewer than two are selected."""
        runs = self.selected_runs()
        if len(runs) < 2:
            runs = [self.filter.entry(row).run for row in range(self.filter.rowCount())]
        columns, rows = rows_table([run.row for run in runs])
        return [columns, *rows]

    def edit_cell(self, field: str) -> None:
        """Edit title, tags or notes of the current run in its cell."""
        column = next(k for k, each in enumerate(COLUMNS) if each.edits == field)
        self.edit(self.currentIndex().siblingAtColumn(column))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(as_text(self.table(), "\t"))
        elif self.state() is QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)
        elif event.key() in _ENTER and self.selected_runs():
            self.opened.emit()
        elif event.matches(QKeySequence.StandardKey.Delete) and self.selected_runs():
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.indexAt(event.pos())
            if index.isValid() and COLUMNS[index.column()].figure:
                entry = self.filter.entry(index.row())
                path = entry.run.path
                is_unknown = entry.intervals is None and entry.run.best is not None
                if is_unknown and path not in self._wanted:
                    self._wanted.add(path)
                    self.intervals_wanted.emit(path)
        return bool(super().viewportEvent(event))
