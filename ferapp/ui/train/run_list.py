"""The list of runs: name, how it stands, what it reached; checked ones are compared."""

import math
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QItemSelection,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ferapp.runs.run_names import unique_names, when
from ferapp.runs.run_reader import Run
from ferapp.ui.widgets import theme

Index = QModelIndex | QPersistentModelIndex
_HEIGHT = 48  # px
_BOX = 16.0


def state_words(run: Run) -> str:
    """`running, epoch 3 of 28`, `done`, `damaged: …`."""
    if run.state == "running" and run.epochs_planned:
        return f"running, epoch {max(run.epoch, 1)} of {run.epochs_planned}"
    if run.state in ("failed", "damaged") and run.reason:
        return f"{run.state}: {run.reason.splitlines()[0]}"
    return run.state


class RunModel(QAbstractListModel):
    """`checked_changed` tells that other runs are checked."""

    checked_changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.runs: tuple[Run, ...] = ()
        self.names: dict[str, str] = {}  # what a run is called beside the others, by its folder
        self._checked: set[str] = set()

    def show_runs(self, runs: tuple[Run, ...]) -> None:
        """Rows keep their place where the runs are the same ones."""
        if [run.path for run in runs] == [run.path for run in self.runs]:
            self.runs = runs
            if runs:
                self.dataChanged.emit(self.index(0), self.index(len(runs) - 1))
            return
        before = self._checked
        self.beginResetModel()
        self.runs = runs
        self.names = unique_names([run.name for run in runs])
        self._checked = before & {run.name for run in runs}
        self.endResetModel()
        if self._checked != before:
            self.checked_changed.emit()

    @property
    def checked(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.name in self._checked)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.runs)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        damaged = self.runs[index.row()].state == "damaged"
        return usual if damaged else usual | Qt.ItemFlag.ItemIsUserCheckable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.runs):
            return None
        run = self.runs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.names[run.name]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{run.path}\n{run.reason or state_words(run)}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.names[run.name]}, {state_words(run)}, {accuracy_words(run)}"
        if role == Qt.ItemDataRole.CheckStateRole and run.state != "damaged":
            return Qt.CheckState.Checked if run.name in self._checked else Qt.CheckState.Unchecked
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        name = self.runs[index.row()].name
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        self._checked = self._checked | {name} if on else self._checked - {name}
        self.dataChanged.emit(index, index, [role])
        self.checked_changed.emit()
        return True


def accuracy_words(run: Run) -> str:
    return "–" if math.isnan(run.accuracy) else f"{100 * run.accuracy:.1f}\u00a0%"


class RunPainter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(220, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, RunModel):
            return
        run, look = model.runs[index.row()], theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect).adjusted(4, 2, -4, -2)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.setBrush(QColor(look.raised))
            painter.drawRoundedRect(rect, 6, 6)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        box = QRectF(rect.left() + 8, rect.center().y() - _BOX / 2, _BOX, _BOX)
        if state is not None:
            self._paint_box(painter, box, Qt.CheckState(state) == Qt.CheckState.Checked)
        left = box.right() + 10
        top = QRectF(left, rect.top() + 4, rect.right() - left - 8, rect.height() / 2 - 4)
        below = top.translated(0, rect.height() / 2 - 3)
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.sized(option.font, 1, QFont.Weight.DemiBold))
        painter.setPen(QColor(look.text))
        number = accuracy_words(run)
        wide = painter.fontMetrics().horizontalAdvance(number) + 8
        painter.drawText(top, right, number)
        title = painter.fontMetrics().elidedText(
            model.names[run.name],
            Qt.TextElideMode.ElideRight,
            int(top.width() - wide),
        )
        painter.drawText(top, side, title)
        painter.setFont(theme.sized(option.font, 0.85))
        wrong = run.state in ("failed", "damaged", "interrupted")
        painter.setPen(
            QColor(look.warning if wrong else look.accent if run.goes_on else look.muted)
        )
        words = painter.fontMetrics().elidedText(
            state_words(run), Qt.TextElideMode.ElideRight, int(below.width() - 78)
        )
        painter.drawText(below, side, words)
        painter.setPen(QColor(look.muted))
        painter.drawText(below, right, when(run.name))
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        """The box as it is painted; Space does the same."""
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        role = Qt.ItemDataRole.CheckStateRole
        if state is None:
            return False
        if event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            if event.position().x() > option.rect.left() + 2 * _BOX + 4:
                return False
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() != Qt.Key.Key_Space:
                return False
        else:
            return False
        on = Qt.CheckState(state) == Qt.CheckState.Checked
        new = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
        return model.setData(index, new, role)

    def _paint_box(self, painter: QPainter, box: QRectF, on: bool) -> None:
        look = theme.current()
        painter.setPen(QPen(QColor(look.accent if on else look.muted), 1))
        painter.setBrush(QColor(look.accent) if on else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 4, 4)
        if on:
            painter.setPen(QColor(look.on_accent))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "✓")


class RunList(QListView):
    """`chosen` tells the path of another run that was selected, "" for none."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = RunModel(self)
        self._wanted = ""  # path of the run that is selected, or will be once it is listed
        self.setModel(self.entries)
        self.setItemDelegate(RunPainter(self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setAccessibleName("Runs")
        self.setStyleSheet("background: transparent; selection-background-color: transparent;")
        self.setToolTip("Check two or more to compare them. Newest first.")

    def show_runs(self, runs: tuple[Run, ...]) -> None:
        self.entries.show_runs(runs)
        self._select()

    def choose(self, path: str) -> None:
        """Select a run, once it is listed; "" selects none."""
        changed = path != self._wanted
        self._wanted = path
        self._select()
        if changed:
            self.chosen.emit(path)

    def current_path(self) -> str:
        rows = [index.row() for index in self.selectedIndexes()]
        return str(self.entries.runs[rows[0]].path) if rows else ""

    def _select(self) -> None:
        if self.current_path() == self._wanted:
            return
        rows = [k for k, run in enumerate(self.entries.runs) if str(run.path) == self._wanted]
        self.clearSelection()
        self.setCurrentIndex(self.entries.index(rows[0]) if rows else QModelIndex())

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Of a person. The current row would not do: focus alone makes the first one current."""
        super().selectionChanged(selected, deselected)
        if self.selectedIndexes():
            self.choose(self.current_path())
