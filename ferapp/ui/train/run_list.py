"""The list of runs with name, state and accuracy; checked runs are compared."""

from datetime import date
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

from ferapp.runs.run_names import run_start, run_title, short_start, unique_names
from ferapp.runs.run_reader import RunSnapshot
from ferapp.ui.text.figure_text import (
    accuracy_text,
    conditions_text,
    interval_tip,
    margin_text,
)
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled

Index = QModelIndex | QPersistentModelIndex
_HEIGHT = 66  # px, of three lines
_BOX = 16.0  # px
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def state_text(run: RunSnapshot) -> str:
    """`running, epoch 3 of 28`, `done`, `done, did not beat its start`, `damaged: …`."""
    if run.state == "running" and run.epochs_planned:
        return f"running, epoch {max(run.epoch, 1)} of {run.epochs_planned}"
    if run.state in ("failed", "damaged") and run.reason:
        return f"{run.state}: {run.reason.splitlines()[0]}"
    return f"{run.state}, did not beat its start" if run.missed_its_start else run.state


def best_conditions(run: RunSnapshot) -> str:
    """What the figures of its best model were measured on: `val · epoch 16 · n = 3,589`."""
    if run.best is None:
        return ""
    return conditions_text("val", run.best.epoch, run.best.n, "")


class RunListModel(QAbstractListModel):
    """`checked_changed` is emitted when other runs are checked."""

    checked_changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.runs: tuple[RunSnapshot, ...] = ()
        self.names: dict[str, str] = {}  # a unique name of each run, by its folder's name
        self._checked: set[str] = set()

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Selection and scroll position stay where the runs are the same ones."""
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
    def checked(self) -> tuple[RunSnapshot, ...]:
        return tuple(run for run in self.runs if run.name in self._checked)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.runs)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        is_damaged = self.runs[index.row()].state == "damaged"
        return flags if is_damaged else flags | Qt.ItemFlag.ItemIsUserCheckable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.runs):
            return None
        run = self.runs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.names[run.name]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(run)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            accuracy = f"{accuracy_text(run.accuracy)} {_margin(run)}".strip()
            words = (self.names[run.name], state_text(run), best_conditions(run), accuracy)
            return ", ".join(filter(None, words))
        if role == Qt.ItemDataRole.CheckStateRole and run.state != "damaged":
            return Qt.CheckState.Checked if run.name in self._checked else Qt.CheckState.Unchecked
        return None

    def _tip(self, run: RunSnapshot) -> str:
        start, lines = run_start(run.name), [str(run.path)]
        if start is not None:
            lines.append(f"Started {start:%Y-%m-%d %H:%M:%S}")
        lines.append(run.reason or state_text(run))
        if run.best is not None:
            lines.append(f"{accuracy_text(run.accuracy)} correct ({best_conditions(run)})")
            lines.append(interval_tip(run.best.accuracy_interval, "Wilson"))
        if run.start is not None:
            lines.append(f"Its start, {run.start_name}: {accuracy_text(run.start.accuracy)}")
        return "\n".join(filter(None, lines))

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        name = self.runs[index.row()].name
        is_checked = Qt.CheckState(value) == Qt.CheckState.Checked
        self._checked = self._checked | {name} if is_checked else self._checked - {name}
        self.dataChanged.emit(index, index, [role])
        self.checked_changed.emit()
        return True


class RunDelegate(QStyledItemDelegate):
    """Paints a run: box, title and accuracy; state and start time; what was measured."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(220, scaled(_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, RunListModel):
            return
        run, colours = model.runs[index.row()], theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect).adjusted(4, 2, -4, -2)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(rect, 6, 6)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        box = QRectF(rect.left() + 8, rect.center().y() - _BOX / 2, _BOX, _BOX)
        if state is not None:
            self._paint_box(painter, box, Qt.CheckState(state) == Qt.CheckState.Checked)
        left = box.right() + 10
        line = QRectF(left, rect.top() + 4, rect.right() - left - 8, (rect.height() - 8) / 3)
        self._paint_title(painter, option.font, line, run)
        painter.setFont(theme.sized(option.font, 0.85))
        is_bad = run.state in ("failed", "damaged", "interrupted") or run.missed_its_start
        state_colour = (
            colours.warning if is_bad else colours.accent if run.is_active else colours.muted
        )
        line.translate(0, line.height())
        # a sentence about the model is worth more than the time, which the tooltip has, too
        start = "" if run.missed_its_start else short_start(run.name, date.today())
        _draw_pair(painter, line, state_text(run), start, state_colour, colours.muted)
        line.translate(0, line.height())
        _draw_pair(painter, line, best_conditions(run), "", colours.muted)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        """A click on the box, or Space, checks the run."""
        role = Qt.ItemDataRole.CheckStateRole
        state = index.data(role)
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
        is_checked = Qt.CheckState(state) == Qt.CheckState.Checked
        new_state = Qt.CheckState.Unchecked if is_checked else Qt.CheckState.Checked
        return model.setData(index, new_state, role)

    def _paint_title(self, painter: QPainter, font: QFont, line: QRectF, run: RunSnapshot) -> None:
        colours, margin = theme.current(), _margin(run)
        painter.setFont(theme.sized(font, 0.85))
        painter.setPen(QColor(colours.muted))
        painter.drawText(line, _RIGHT, margin)
        width = painter.fontMetrics().horizontalAdvance(margin) + 4 if margin else 0
        painter.setFont(theme.sized(font, 1, QFont.Weight.DemiBold))
        painter.setPen(QColor(colours.text))
        title = run_title(run.name)
        _draw_pair(painter, line.adjusted(0, 0, -width, 0), title, accuracy_text(run.accuracy))

    def _paint_box(self, painter: QPainter, box: QRectF, is_checked: bool) -> None:
        colours = theme.current()
        painter.setPen(QPen(QColor(colours.accent if is_checked else colours.muted), 1))
        painter.setBrush(QColor(colours.accent) if is_checked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 4, 4)
        if is_checked:
            painter.setPen(QColor(colours.on_accent))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "✓")


def _margin(run: RunSnapshot) -> str:
    return "" if run.best is None else margin_text(run.accuracy, run.best.accuracy_interval)


def _draw_pair(
    painter: QPainter,
    rect: QRectF,
    left: str,
    right: str,
    left_colour: str = "",
    right_colour: str = "",
) -> None:
    """Two texts on one line; the left one is elided where they do not fit."""
    metrics = painter.fontMetrics()
    available = int(rect.width() - metrics.horizontalAdvance(right) - 8)
    elided = metrics.elidedText(left, Qt.TextElideMode.ElideRight, available)
    for text, alignment, colour in ((elided, _LEFT, left_colour), (right, _RIGHT, right_colour)):
        if colour:
            painter.setPen(QColor(colour))
        painter.drawText(rect, alignment, text)


class RunList(QListView):
    """`chosen` has the path of the run that was selected, "" for none."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = RunListModel(self)
        self._chosen_path = ""  # of the selected run, which may not be listed yet
        self.setModel(self.entries)
        self.setItemDelegate(RunDelegate(self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setAccessibleName("Runs")
        self.setStyleSheet("background: transparent; selection-background-color: transparent;")
        self.setToolTip("Newest first. Tick two or more runs to compare them.")

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        self.entries.show_runs(runs)
        self._select_chosen()

    def choose(self, path: str) -> None:
        """Select a run, now or once it is listed; "" selects none."""
        changed = path != self._chosen_path
        self._chosen_path = path
        self._select_chosen()
        if changed:
            self.chosen.emit(path)

    def current_path(self) -> str:
        rows = [index.row() for index in self.selectedIndexes()]
        return str(self.entries.runs[rows[0]].path) if rows else ""

    def _select_chosen(self) -> None:
        if self.current_path() == self._chosen_path:
            return
        rows = [k for k, run in enumerate(self.entries.runs) if str(run.path) == self._chosen_path]
        self.clearSelection()
        self.setCurrentIndex(self.entries.index(rows[0]) if rows else QModelIndex())

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        """Follow the user's selection, not the current row: focus alone makes the first current."""
        super().selectionChanged(selected, deselected)
        if self.selectedIndexes():
            self.choose(self.current_path())
