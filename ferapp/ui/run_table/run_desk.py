"""The table of runs with its search field and menus, and what they do to runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QFile, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.run_query import QUERY_HELP, parse_query
from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.ui.run_table.run_table import RunTable
from ferapp.ui.text import wording
from ferapp.ui.widgets.buttons import MenuButton
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.copy_table import copy_menu
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.toast import Toast
from trainer.evaluation.intervals import Interval
from trainer.reports.best_predictions import best_intervals
from trainer.reports.run_records import read_run_record
from trainer.training.run_about import RunAbout, write_about
from trainer.training.run_dir import RunDir


class RunDesk(QWidget):
    """`widened` says whether the table takes the whole page; `changed` that files have changed."""

    widened = Signal(bool)
    changed = Signal()

    def __init__(self, tasks: TaskQueue, toast: Toast) -> None:
        super().__init__()
        self._tasks, self._toast = tasks, toast
        self.table = RunTable()
        self._head = QWidget()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search runs")
        self.search.setAccessibleName("Search runs")
        self.search.setToolTip(QUERY_HELP)
        self.search.setClearButtonEnabled(True)
        self.wide = Chip("Table", "All columns over the whole page; click a title to sort.")
        self.archived = Chip("Archived", "Show the archived runs instead.")
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        menu = copy_menu("Copy table", self.table.table, self)
        self.copy = MenuButton(
            "Copy", menu, "Copy the selected runs, or all that are listed. Ctrl+C: with tabs."
        )
        self._lay_out()
        self._connect()
        self._show_wide(False)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._head.hide()
        head = QVBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.search)
        chips = FlowLayout(gap=6)
        for widget in (self.wide, self.archived, self.copy):
            chips.addWidget(widget)
        row = QHBoxLayout()
        row.addLayout(chips, 1)
        row.addWidget(self.count, 0, Qt.AlignmentFlag.AlignRight)
        head.addLayout(row)
        column.addWidget(self._head)
        column.addWidget(self.table, 1)

    def _connect(self) -> None:
        table = self.table
        self.search.textChanged.connect(self._filter)
        self.archived.toggled.connect(self._filter)
        self.wide.toggled.connect(self._show_wide)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._pop_up)
        table.entries.about_edited.connect(self._write)
        table.intervals_wanted.connect(self._compute_intervals)
        table.opened.connect(self._open)
        table.delete_pressed.connect(lambda: self.delete(table.selected_runs()))

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        self.table.show_runs(runs)
        self._head.setVisible(bool(runs))
        self._show_count()

    def _filter(self) -> None:
        query = parse_query(self.search.text())
        self.table.filter.show_only(query, archived=self.archived.isChecked())
        self._show_count()

    def _show_count(self) -> None:
        listed, every = self.table.filter.rowCount(), self.table.entries.rowCount()
        text = wording.count(every, "run") if listed == every else f"{listed:,} of {every:,}"
        self.count.setText(text)

    def _show_wide(self, on: bool) -> None:
        self.copy.setVisible(on)
        self.table.show_cards(not on)
        self.widened.emit(on)

    def _open(self) -> None:
        """Show the current run beside the list."""
        index = self.table.currentIndex()
        if index.isValid():
            self.wide.setChecked(False)
            self.table.choose(str(self.table.filter.entry(index.row()).run.path))

    # --- menu -----------------------------------------------------------------------------------

    def _pop_up(self, place: QPoint) -> None:
        menu = self.menu()
        if menu is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.table.viewport().mapToGlobal(place))

    def menu(self) -> QMenu | None:
        """For the selected runs; None without one."""
        runs, table = self.table.selected_runs(), self.table
        if not runs:
            return None
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        entries: list[tuple[str, str, Callable[[], object], bool]] = [
            ("Open", "Show it beside the list.", self._open, len(runs) == 1),
            (
                f"Compare {len(runs)} runs" if len(runs) > 1 else "Compare",
                "Their curves, figures and settings side by side.",
                lambda: self._compare(runs),
                len(runs) > 1,
            ),
            ("Rename…", "Give it a title.", lambda: self._edit("title"), len(runs) == 1),
            ("Tags…", "Edit its tags.", lambda: self._edit("tags"), len(runs) == 1),
            ("Notes…", "Edit its notes.", lambda: self._edit("notes"), len(runs) == 1),
        ]
        are_archived = all(run.about.archived for run in runs)
        entries += [
            (
                "Bring back from the archive" if are_archived else "Archive",
                "Archived runs are hidden; nothing is deleted.",
                lambda: self._archive(runs, not are_archived),
                True,
            ),
            ("Open folder", "Show its files.", lambda: _open_folder(runs[0]), len(runs) == 1),
        ]
        for text, tip, act, enabled in entries:
            action = menu.addAction(text)
            action.setToolTip(tip)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _=False, act=act: act())
        menu.addMenu(copy_menu("Copy as", table.table, menu))
        menu.addSeparator()
        delete = menu.addAction("Move to trash…")
        delete.setEnabled(not any(run.is_active for run in runs))
        delete.setToolTip("Its files and models. A running training must be stopped first.")
        delete.triggered.connect(lambda: self.delete(runs))
        return menu

    def _compare(self, runs: Sequence[RunSnapshot]) -> None:
        self.wide.setChecked(False)
        self.table.entries.check_only({run.name for run in runs if run.state != "damaged"})

    def _edit(self, field: str) -> None:
        """Tags and notes have a cell in the table alone."""
        if field != "title":
            self.wide.setChecked(True)
        self.table.edit_cell(field)

    # --- files ----------------------------------------------------------------------------------

    def _archive(self, runs: Sequence[RunSnapshot], archived: bool) -> None:
        for run in runs:
            self._write(run.path, replace(run.about, archived=archived))
        self._show_count()

    def _write(self, path: Path, about: RunAbout) -> None:
        self.table.entries.show_about(path, about)
        self._tasks.submit(
            f"about {path}", lambda: write_about(RunDir(path), about), self._on_written
        )

    def _on_written(self, result: TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self._toast.show_message(result.message)
        self.changed.emit()

    def delete(self, runs: Sequence[RunSnapshot]) -> None:
        """Move them to the trash, after a question."""
        names = self.table.entries.names
        active = [names[run.name] for run in runs if run.is_active]
        if active:
            self._toast.show_message(f"{active[0]} is still training. Stop it first.")
            return
        which = names[runs[0].name] if len(runs) == 1 else wording.count(len(runs), "run")
        if not ask_to_delete(self, which):
            return
        paths = [run.path for run in runs]
        self._tasks.submit(f"delete {paths[0]}", lambda: _move_to_trash(paths), self._on_deleted)

    def _on_deleted(self, left: list[str] | TaskFailure) -> None:
        if isinstance(left, TaskFailure):
            self._toast.show_message(left.message)
        elif left:
            self._toast.show_message(f"{left[0]} could not be moved to the trash.")
        self.changed.emit()

    # --- intervals ------------------------------------------------------------------------------

    def _compute_intervals(self, path: Path) -> None:
        def compute() -> dict[str, Interval]:
            return best_intervals(read_run_record(RunDir(path)))

        def show(result: dict[str, Interval] | TaskFailure) -> None:
            self.table.show_intervals(path, {} if isinstance(result, TaskFailure) else result)

        self._tasks.submit(f"intervals {path}", compute, show)


def ask_to_delete(parent: QWidget, which: str) -> bool:
    box = QMessageBox(parent)
    box.setWindowTitle("Move to trash")
    box.setText(f"Move {which} to the trash?")
    box.setInformativeText("Its models and figures go with it, until you restore the folder.")
    move = box.addButton("Move to trash", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    return box.clickedButton() is move


def _move_to_trash(paths: Sequence[Path]) -> list[str]:
    """Names of those that could not be moved, as where the system has no trash."""
    return [path.name for path in paths if not QFile(str(path)).moveToTrash()]


def _open_folder(run: RunSnapshot) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path)))
