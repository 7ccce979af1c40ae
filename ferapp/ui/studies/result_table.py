"""Tables of a study: sorted by a click on a column, copied with Ctrl+C."""

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from ferapp.overlays import palette
from ferapp.runs.text_table import Rows, TextTable, as_text, number
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.copy_table import copy_menu
from ferapp.ui.widgets.text_size import scaled

Index = QModelIndex | QPersistentModelIndex
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1  # a bar below the text: in [0, 1], or None
COLOUR_ROLE = Qt.ItemDataRole.UserRole + 2  # of the bar, or of the text where there is no bar
ROW_HEIGHT = 30  # px
MIN_WIDTH, MAX_WIDTH = 64, 340  # px of a column
_MEASURED_ROWS = 20  # from which the width of a column is taken
_PADDING = 26  # px of a column beside its text, with the arrow of the sorting
_SHARES = ("share_", "mean_p_")  # columns with values in [0, 1] of a class
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class TextTableModel(QAbstractTableModel):
    """Shows a TextTable in the order of the column that was clicked last."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.table = TextTable()
        self._order: list[int] = []
        self._sorted: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)

    def show_table(self, table: TextTable) -> None:
        """Another table keeps the order only where it has the same columns."""
        if table == self.table:
            return
        self.beginResetModel()
        if table.columns != self.table.columns:
            self._sorted = (-1, Qt.SortOrder.AscendingOrder)
        self.table = table
        self._order = self._rows_in_order()
        self.endResetModel()

    def _rows_in_order(self) -> list[int]:
        column, order = self._sorted
        if not 0 <= column < len(self.table.columns):
            return list(range(len(self.table.rows)))
        return self.table.sorted_rows(column, descending=order is Qt.SortOrder.DescendingOrder)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._sorted = (column, order)
        self._order = self._rows_in_order()
        self.layoutChanged.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.table.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical or section >= len(self.table.columns):
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.table.columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.table.numeric[section] else _LEFT
        return None

    def text(self, row: int, column: int) -> str:
        """A cell as it is in the file; `row` as it is displayed."""
        return self.table.rows[self._order[row]][column]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._order):
            return None
        column = index.column()
        text = self.text(index.row(), column)
        if role == Qt.ItemDataRole.DisplayRole:
            return short_number(text) if self.table.numeric[column] else text
        if role == Qt.ItemDataRole.ToolTipRole:
            return text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self.table.numeric[column] else _LEFT
        name = self.table.columns[column]
        prefix = next((p for p in _SHARES if name.startswith(p)), "")
        if role == SHARE_ROLE and prefix and text:
            return number(text)
        if role == COLOUR_ROLE and prefix:
            return theme.current().expression(name.removeprefix(prefix))
        return None


def short_number(text: str) -> str:
    """Three decimals where there are any; the tooltip, and what is copied, have all of them."""
    return f"{float(text):.3f}" if "." in text else text


class CellDelegate(QStyledItemDelegate):
    """A text, and below it a bar where the cell has a share."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        share, colour = index.data(SHARE_ROLE), index.data(COLOUR_ROLE)
        if colour is not None and share is None:
            option.palette.setColor(option.palette.ColorRole.Text, QColor(colour))
        super().paint(painter, option, index)
        if share is None:
            return
        rect = QRectF(option.rect).adjusted(4, 0, -9, 0)
        bar = QRectF(rect.left(), rect.bottom() - 5, rect.width(), 3)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.to_qcolor(theme.current().line, 0.7))
        painter.drawRoundedRect(bar, 1.5, 1.5)
        bar.setWidth(min(max(float(share), 0.0), 1.0) * bar.width())
        painter.setBrush(QColor(colour or theme.current().accent))
        painter.drawRoundedRect(bar, 1.5, 1.5)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(MIN_WIDTH, scaled(ROW_HEIGHT))


class ResultTable(QTableView):
    """Rows without a grid. Ctrl+C copies the selected rows, with the names of the columns."""

    def __init__(self, name: str, model: QAbstractItemModel) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setModel(model)
        self.setItemDelegate(CellDelegate(self))
        self.setStyleSheet("QTableView::item { padding: 0 5px 0 0; }")  # as the headers'
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(scaled(ROW_HEIGHT))
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        menu = copy_menu("Copy as", lambda: self.rows(all_rows=False), self)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.addAction(menu.menuAction())

    def fit_columns(self) -> None:
        """Widths of the visible columns, from the first rows; a table may have thousands."""
        model, metrics = self.model(), self.fontMetrics()
        rows = range(min(model.rowCount(), _MEASURED_ROWS))
        for column in range(model.columnCount()):
            if self.isColumnHidden(column):
                continue
            cells = (model.index(row, column).data() for row in rows)
            head = model.headerData(column, Qt.Orientation.Horizontal)
            widest = max(metrics.horizontalAdvance(str(text or "")) for text in (head, *cells))
            width = min(max(widest + _PADDING, scaled(MIN_WIDTH)), scaled(MAX_WIDTH))
            self.setColumnWidth(column, width)

    def text(self, delimiter: str) -> str:
        """The visible columns of all rows."""
        return as_text(self.rows(all_rows=True), delimiter)

    def rows(self, *, all_rows: bool) -> Rows:
        """The visible columns of all rows, or of the selected ones if there are any."""
        model = self.model()
        columns = [c for c in range(model.columnCount()) if not self.isColumnHidden(c)]
        selected = sorted({index.row() for index in self.selectionModel().selectedRows()})
        rows = range(model.rowCount()) if all_rows or not selected else selected
        head = [str(model.headerData(c, Qt.Orientation.Horizontal)) for c in columns]
        return [head, *([self._exact(row, column) for column in columns] for row in rows)]

    def _exact(self, row: int, column: int) -> str:
        model = self.model()
        if isinstance(model, TextTableModel):
            return model.text(row, column)
        return str(model.index(row, column).data() or "")

    def copy(self) -> int:
        """Copy the selected rows, all without a selection; returns how many."""
        QGuiApplication.clipboard().setText(as_text(self.rows(all_rows=False), "\t"))
        return len(self.selectionModel().selectedRows()) or self.model().rowCount()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.doubleClicked.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)
