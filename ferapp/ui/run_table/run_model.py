"""The runs behind the table: cells, ticks and edits; and the filter that sorts and searches."""

import math
from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor

from ferapp.runs.run_query import RunQuery
from ferapp.runs.run_reader import RunSnapshot
from ferapp.ui.run_table.run_columns import COLUMNS, RunEntry, SortKey
from ferapp.ui.run_table.run_text import accuracy_margin, best_conditions, run_tip, state_text
from ferapp.ui.text.figure_text import accuracy_text
from ferapp.ui.widgets import theme
from trainer.evaluation.intervals import Interval
from trainer.reports.run_list.run_names import run_title
from trainer.reports.run_list.run_rows import row_names
from trainer.training.run_about import RunAbout, clean_tags

Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_EDITED = (Qt.ItemDataRole.EditRole, Qt.ItemDataRole.CheckStateRole)


class RunTableModel(QAbstractTableModel):
    """Newest first. `about_edited` has a run's path and its new title, tags or notes."""

    checked_changed = Signal()
    about_edited = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[RunEntry] = []
        self.names: dict[str, str] = {}  # a unique name of each run, by its folder's name
        self._checked: set[str] = set()

    @property
    def runs(self) -> tuple[RunSnapshot, ...]:
        return tuple(entry.run for entry in self.rows)

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """What has changed is repainted alone. Another list of runs resets the model."""
        known = {entry.run.path: entry for entry in self.rows}
        entries = [_entry(run, known.get(run.path)) for run in runs]
        names = row_names([entry.row for entry in entries])
        entries = [
            entry if entry.name == names[entry.run.name] else replace(entry, name=name)
            for entry in entries
            for name in (names[entry.run.name],)
        ]
        self.names = names
        if [entry.run.path for entry in entries] == [each.run.path for each in self.rows]:
            self._update(entries)
            return
        before = self._checked
        self.beginResetModel()
        self.rows = entries
        self._checked = before & {run.name for run in runs}
        self.endResetModel()
        if self._checked != before:
            self.checked_changed.emit()

    def _update(self, entries: list[RunEntry]) -> None:
        before, self.rows = self.rows, entries
        for row, (old, new) in enumerate(zip(before, entries, strict=True)):
            if old is not new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def show_intervals(self, path: object, intervals: dict[str, Interval]) -> None:
        """Of a run's best model."""
        self._update(
            [
                replace(each, intervals=intervals) if each.run.path == path else each
                for each in self.rows
            ]
        )

    def show_about(self, path: object, about: RunAbout) -> None:
        """At once, before the file is written."""
        runs = (replace(run, about=about) if run.path == path else run for run in self.runs)
        self.show_runs(tuple(runs))

    @property
    def checked(self) -> tuple[RunSnapshot, ...]:
        return tuple(run for run in self.runs if run.name in self._checked)

    def check_only(self, names: set[str]) -> None:
        """Tick these runs, by their folders' names, and no others."""
        self._checked = names
        if self.rows:
            last = self.index(len(self.rows) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.CheckStateRole])
        self.checked_changed.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical or section >= len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.tip}\nClick to sort."
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if COLUMNS[index.column()].edits:
            flags |= Qt.ItemFlag.ItemIsEditable
        is_damaged = self.rows[index.row()].run.state == "damaged"
        if index.column() == 0 and not is_damaged:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        entry, column = self.rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(entry)
        if role == Qt.ItemDataRole.EditRole and column.edits:
            return _edited_text(entry, column.edits)
        if role == Qt.ItemDataRole.ToolTipRole:
            return run_tip(entry.run) if index.column() == 0 else column.hover(entry)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        if role == Qt.ItemDataRole.ForegroundRole and column.title == "Status":
            return QColor(state_colour(entry.run))
        if index.column() == 0:
            return self._first_cell(entry, role)
        return None

    def _first_cell(self, entry: RunEntry, role: int) -> Any:
        run = entry.run
        if role == Qt.ItemDataRole.AccessibleTextRole:
            accuracy = f"{accuracy_text(run.accuracy)} {accuracy_margin(run)}".strip()
            words = (entry.name, state_text(run), best_conditions(run), accuracy)
            return ", ".join(filter(None, words))
        if role == Qt.ItemDataRole.CheckStateRole and run.state != "damaged":
            return Qt.CheckState.Checked if run.name in self._checked else Qt.CheckState.Unchecked
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role not in _EDITED or not index.isValid():
            return False
        entry = self.rows[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole:
            name = entry.run.name
            is_checked = Qt.CheckState(value) == Qt.CheckState.Checked
            self._checked = self._checked | {name} if is_checked else self._checked - {name}
            self.dataChanged.emit(index, index, [role])
            self.checked_changed.emit()
            return True
        about = _with_text(entry, COLUMNS[index.column()].edits, str(value))
        if about != entry.row.about:
            self.about_edited.emit(entry.run.path, about)
        return True


class RunFilter(QSortFilterProxyModel):
    """The runs that match a query, in the order of a column; unknown values are always last."""

    def __init__(self, parent: QObject, source: RunTableModel) -> None:
        super().__init__(parent)
        self._runs, self._query, self._archived = source, RunQuery(), False
        self.setSourceModel(source)

    def show_only(self, query: RunQuery, *, archived: bool) -> None:
        """`archived` runs instead of the others."""
        if (query, archived) != (self._query, self._archived):
            self._query, self._archived = query, archived
            self.invalidate()

    def entry(self, row: int) -> RunEntry:
        """Of a row as it is displayed."""
        return self._runs.rows[self.mapToSource(self.index(row, 0)).row()]

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        entry = self._runs.rows[row]
        is_listed = entry.row.about.archived == self._archived
        return is_listed and self._query.matches(entry.row, entry.name)

    def lessThan(self, left: Index, right: Index) -> bool:
        key = COLUMNS[left.column()].key
        first, second = (_known(key(self._runs.rows[each.row()])) for each in (left, right))
        is_descending = self.sortOrder() is Qt.SortOrder.DescendingOrder
        if first is None or second is None:
            return second is not None if is_descending else first is not None
        if isinstance(first, str) or isinstance(second, str):
            return str(first) < str(second)
        return first < second


def state_colour(run: RunSnapshot) -> str:
    """Of the text of its status."""
    colours = theme.current()
    if run.state in ("failed", "damaged", "interrupted") or run.missed_its_start:
        return colours.warning
    return colours.accent if run.is_active else colours.muted


def _entry(run: RunSnapshot, known: RunEntry | None) -> RunEntry:
    """The same entry where the run is the same snapshot."""
    if known is None:
        return RunEntry(run, run.row, run.name)
    if known.run is run:
        return known
    is_same_model = known.row.best_epoch == run.row.best_epoch and known.run.state == run.state
    return RunEntry(run, run.row, known.name, known.intervals if is_same_model else None)


def _known(key: SortKey) -> float | str | None:
    return None if isinstance(key, float) and math.isnan(key) else key


def _edited_text(entry: RunEntry, name: str) -> str:
    about = entry.row.about
    return {"title": entry.row.title, "tags": ", ".join(about.tags), "notes": about.notes}[name]


def _with_text(entry: RunEntry, name: str, text: str) -> RunAbout:
    about, text = entry.row.about, text.strip()
    if name == "tags":
        return replace(about, tags=clean_tags(text.split(",")))
    if name == "title":  # its own name is no title
        return replace(about, title="" if text == run_title(entry.run.name) else text)
    return replace(about, notes=text)
