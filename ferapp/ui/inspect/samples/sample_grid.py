"""The grid of pictures: one is current, several can be selected."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ferapp.ui.inspect.samples.picture_model import Index, PictureModel
from ferapp.ui.inspect.samples.sample_delegate import SampleDelegate, cell_size
from ferapp.ui.inspect.samples.sample_model import SampleModel
from ferapp.ui.widgets.typed_key import typed_key

_STEPS = {  # along the lines, which Qt's own do not continue
    QAbstractItemView.CursorAction.MoveLeft: -1,
    QAbstractItemView.CursorAction.MoveRight: 1,
}


class PictureGrid(QTableView):
    """`current_changed` has the data's row, −1 for none; `key_typed` letters and digits.

    With `selects_many`, Shift selects all samples up to the clicked one, in the order in which one
    reads, Ctrl adds or removes one, Ctrl+A selects all, and Escape only the current one.
    """

    current_changed = Signal(int)
    selection_changed = Signal(int)  # the number of selected samples
    menu_requested = Signal(QPoint)  # on the screen
    key_typed = Signal(str)

    def __init__(self, model: PictureModel, *, selects_many: bool = False) -> None:
        super().__init__()
        self._selects_many = selects_many
        self.samples = model
        model.setParent(self)
        self.setModel(model)
        self.setItemDelegate(SampleDelegate(self))
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.hide()
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_cells()
        self.setShowGrid(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if selects_many else modes.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setAccessibleName("Samples")
        self.setStyleSheet("background: transparent; selection-background-color: transparent;")
        self.verticalScrollBar().setSingleStep(36)

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        """The current sample stays current if it is among them, else the first becomes current."""
        before = self.current_row()
        self.samples.show_rows(rows)
        position = self.samples.position_of(before)
        self.go_to(position if position is not None else 0)

    def go_to(self, position: int) -> None:
        """Make the sample at this position current, or the nearest one."""
        last = len(self.samples.rows) - 1
        if last < 0:
            self.current_changed.emit(-1)
            return
        index = self.samples.index_of(min(max(position, 0), last))
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def current_row(self) -> int:
        """The data's row; −1 for none."""
        position = self.samples.position_at(self.currentIndex())
        return -1 if position < 0 else int(self.samples.rows[position])

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit(self.current_row())

    # --- selecting several ----------------------------------------------------------------------

    def selected_rows(self) -> NDArray[np.int64]:
        """The data's rows of the selected samples, in the order of the grid."""
        return self.samples.rows[self._selected_positions()]

    def _selected_positions(self) -> NDArray[np.int64]:
        """By ranges: asking 30,000 cells one by one takes long."""
        is_on = np.zeros((self.samples.rowCount(), self.samples.columnCount()), bool)
        selection = self.selectionModel().selection()
        for part in (selection.at(k) for k in range(selection.count())):
            is_on[part.top() : part.bottom() + 1, part.left() : part.right() + 1] = True
        return np.flatnonzero(is_on.ravel()[: len(self.samples.rows)])

    def select_positions(self, positions: NDArray[np.int64]) -> None:
        """Select exactly these, sorted; the current sample stays current."""
        selection = QItemSelection()
        if len(positions):
            breaks = np.flatnonzero(np.diff(positions) > 1) + 1
            for run in np.split(positions, breaks):
                selection.merge(
                    self._between(int(run[0]), int(run[-1])),
                    QItemSelectionModel.SelectionFlag.Select,
                )
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _between(self, first: int, last: int) -> QItemSelection:
        """From one position to another, line by line: the rest of a line, whole lines, a part."""
        columns, index = self.samples.columnCount(), self.samples.index
        (top, left), (bottom, right) = (divmod(at, columns) for at in sorted((first, last)))
        if top == bottom:
            return QItemSelection(index(top, left), index(bottom, right))
        selection = QItemSelection(index(top, left), index(top, columns - 1))
        if bottom > top + 1:
            selection.select(index(top + 1, 0), index(bottom - 1, columns - 1))
        selection.select(index(bottom, 0), index(bottom, right))
        return selection

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Qt calls it with a rectangle from the first to the last one, with the mouse or keys."""
        first, last = (
            self.samples.position_at(self.indexAt(corner))
            for corner in (rect.topLeft(), rect.bottomRight())
        )
        if not self._selects_many or first < 0:
            super().setSelection(rect, command)
            return
        last = len(self.samples.rows) - 1 if last < 0 else last  # dragged beyond the last one
        self.selectionModel().select(self._between(first, last), command)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit(len(self._selected_positions()))

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        position = self.samples.position_at(self.currentIndex())
        if action not in _STEPS or position < 0:
            return super().moveCursor(action, modifiers)
        last = len(self.samples.rows) - 1
        return self.samples.index_of(min(max(position + _STEPS[action], 0), last))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.visualRect(self.currentIndex()).center()
        if self.samples.position_at(self.indexAt(at)) >= 0:
            self.menu_requested.emit(self.viewport().mapToGlobal(at))

    # --- size and keys --------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_cells()
            self._fit_columns()

    def _fit_cells(self) -> None:
        """To the size of the text."""
        size = cell_size()
        for header, length in (
            (self.horizontalHeader(), size.width()),
            (self.verticalHeader(), size.height()),
        ):
            header.setMinimumSectionSize(length)
            header.setDefaultSectionSize(length)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        before = self.samples.position_at(self.currentIndex())
        columns = max(1, self.viewport().width() // cell_size().width())
        if columns != self.samples.columnCount():
            selected = self._selected_positions()
            self.samples.set_columns(columns)
            if before >= 0:
                self.go_to(before)
            if len(selected) > 1:
                self.select_positions(selected)
        self.horizontalHeader().setDefaultSectionSize(self.viewport().width() // columns)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters, in either case, and digits are decisions."""
        if event.key() == Qt.Key.Key_Escape and self._selects_many:
            position = self.samples.position_at(self.currentIndex())
            self.select_positions(np.array([position] if position >= 0 else [], np.int64))
        elif typed := typed_key(event):
            self.key_typed.emit(typed)
        else:
            super().keyPressEvent(event)


class SampleGrid(PictureGrid):
    """The grid of an evaluation's samples."""

    samples: SampleModel

    def __init__(self, *, selects_many: bool = False) -> None:
        super().__init__(SampleModel(), selects_many=selects_many)
