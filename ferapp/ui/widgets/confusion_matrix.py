"""The confusion matrix: rows are true classes, columns predictions; cells can be selected."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text
from ferapp.review.selection import ConfusionCell
from ferapp.ui.text.confusion_text import NO_LABEL, cells_tip, confusion_summary
from ferapp.ui.widgets import theme

CellUnit = Literal["counts", "rows", "columns"]  # what the numbers are shares of

AXIS_TITLES = ("true ↓", "predicted →")
_ABOVE = 7.0  # px above the cells, besides the lines of names
_LINE = 15.0  # px, of each line, at least
_GAP = 2.0
_MAX_SIDE, _MIN_SIDE = 64.0, 26.0  # px, of a cell
_WCAG_SPLIT = 0.179  # luminance at which black and white text have the same contrast

_KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True, slots=True)
class _Grid:
    """In px: where the cells begin, and the size of one with its gap."""

    left: float
    top: float
    width: float
    height: float


class ConfusionMatrix(QWidget):
    """`selection_changed` is emitted when the user selects other cells, which are `selected`.

    A click selects a cell, Ctrl adds or removes one, Shift selects its row, Ctrl+Shift its column;
    a click on a name selects the row or column. By keyboard: arrows, Space, Escape.
    """

    selection_changed = Signal()

    def __init__(self, *, has_titles: bool = True) -> None:
        super().__init__()
        self._selectable, self._has_titles = True, has_titles
        self._classes: tuple[str, ...] = ()
        self._rows: tuple[str, ...] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._unit: CellUnit = "counts"
        self._has_diagonal = True
        self._cursor: ConfusionCell = (0, 0)
        self._cached_grid: _Grid | None = None
        self.selected: frozenset[ConfusionCell] = frozenset()
        self.setAccessibleName("Confusion matrix")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_selectable(self, on: bool) -> None:
        """Whether cells can be selected."""
        self._selectable = on
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if on else Qt.FocusPolicy.NoFocus)

    def show_counts(self, classes: tuple[str, ...], counts: NDArray[np.int64]) -> None:
        """`counts` (K, K), or (K + 1, K) with a last row of the samples without a label."""
        if classes != self._classes or counts.shape != self._counts.shape:
            self.select(frozenset())
            self._cursor = (0, 0)
        self._classes, self._counts = classes, counts
        self._cached_grid = None
        self._rows = classes if len(counts) == len(classes) else (*classes, NO_LABEL)
        self.setAccessibleDescription(confusion_summary(classes, counts))
        self.updateGeometry()
        self.update()

    def show_unit(self, unit: CellUnit) -> None:
        """Show counts, or percentages of each row (recall) or column (precision)."""
        self._unit = unit
        self.update()

    def show_diagonal(self, on: bool) -> None:
        """Without the diagonal, the colours are scaled to the mistakes alone."""
        self._has_diagonal = on
        self.update()

    def select(self, cells: frozenset[ConfusionCell]) -> None:
        if cells != self.selected:
            self.selected = cells
            self.update()
            self.selection_changed.emit()

    # --- geometry -------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        count = max(len(self._classes), 1)
        width = self._names_width() + count * 48
        return QSize(round(width), round(self._header(2) + max(len(self._rows), 1) * 40))

    def minimumSizeHint(self) -> QSize:
        count = max(len(self._classes), 1)
        width = self._names_width() + count * _MIN_SIDE
        return QSize(round(width), round(self._header(2) + max(len(self._rows), 1) * 24))

    def cell_rect(self, cell: ConfusionCell) -> QRectF:
        """Where a cell is painted, in px of the widget."""
        grid = self._grid()
        x, y = grid.left + cell[1] * grid.width, grid.top + cell[0] * grid.height
        return QRectF(x + _GAP / 2, y + _GAP / 2, grid.width - _GAP, grid.height - _GAP)

    def column_headers(self) -> list[tuple[QRectF, str]]:
        """Place and name of each column's header; narrow columns alternate between two lines."""
        metrics, grid = QFontMetricsF(self._header_font()), self._grid()
        lines, line = (1 if grid.top == self._header(1) else 2), self._line()
        headers = []
        for column, name in enumerate(self._classes):
            available = lines * grid.width - 2 * _GAP
            text = metrics.elidedText(
                label_text.class_title(name), Qt.TextElideMode.ElideRight, available
            )
            width = metrics.horizontalAdvance(text)
            centre = grid.left + (column + 0.5) * grid.width
            # the last name may be wider than its column, but the widget ends there
            left = min(centre - width / 2, self.width() - width)
            top = grid.top - 3 - line * (1 + (lines == 2 and column % 2))
            headers.append((QRectF(left, top, width, line), text))
        return headers

    def title_rects(self) -> tuple[QRectF, QRectF]:
        """Where the titles of the rows and of the columns are painted."""
        grid, line = self._grid(), self._line()
        metrics = QFontMetricsF(self._header_font())
        rows, columns = (metrics.horizontalAdvance(title) for title in AXIS_TITLES)
        return (
            QRectF(grid.left - 8 - rows, grid.top - 3 - line, rows, line),
            QRectF(grid.left + _GAP / 2, _ABOVE - 3, columns, line),
        )

    def _line(self) -> float:
        return max(_LINE, QFontMetricsF(self._header_font()).height())

    def _header(self, lines: int) -> float:
        """Px above the cells, for this many lines of names, and the title."""
        return _ABOVE + (self._has_titles + lines) * self._line()

    def _grid(self) -> _Grid:
        """Measured once for each size: measuring text is slow, and there are many cells."""
        if self._cached_grid is None:
            left, count = self._names_width(), max(len(self._classes), 1)
            width = min((self.width() - left) / count, _MAX_SIDE * 1.4)
            metrics = QFontMetricsF(self._header_font())
            names = (
                metrics.horizontalAdvance(label_text.class_title(name)) for name in self._classes
            )
            fits = all(name <= width - 2 * _GAP for name in names)
            top = self._header(1 if fits else 2)
            height = min((self.height() - top) / max(len(self._rows), 1), _MAX_SIDE)
            self._cached_grid = _Grid(left, top, width, height)
        return self._cached_grid

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._cached_grid = None
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        self._cached_grid = None  # the font may have changed
        super().changeEvent(event)

    def _header_font(self) -> QFont:
        return theme.sized(self.font(), 0.85)

    def _names_width(self) -> float:
        metrics = QFontMetricsF(self.font())
        names = [label_text.class_title(name) for name in self._rows] or ["Surprise"]
        return max(metrics.horizontalAdvance(name) for name in names) + 12

    def _cells_at(self, position: QPointF) -> list[ConfusionCell]:
        """The cell there; on a name, all cells of its row or column."""
        if not self._classes:
            return []
        first = self.cell_rect((0, 0))
        column = int((position.x() - first.left()) // (first.width() + _GAP))
        row = int((position.y() - first.top()) // (first.height() + _GAP))
        is_column = 0 <= column < len(self._classes)
        is_row = 0 <= row < len(self._rows)
        for index, (header, _) in enumerate(self.column_headers()):
            if header.contains(position):  # in two lines they are wider than their columns
                return self._column(index)
        if is_column and position.y() < first.top():
            return self._column(column)
        if is_row and position.x() < first.left():
            return self._row(row)
        return [(row, column)] if is_column and is_row else []

    def _last_cell(self) -> ConfusionCell:
        return len(self._rows) - 1, len(self._classes) - 1

    def _row(self, row: int) -> list[ConfusionCell]:
        return [(row, k) for k in range(len(self._classes))]

    def _column(self, column: int) -> list[ConfusionCell]:
        return [(k, column) for k in range(len(self._rows))]

    # --- mouse and keyboard ---------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cells = self._cells_at(event.position())
        if not self._selectable or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        elif not cells:
            self.select(frozenset())
        else:
            self._cursor = cells[0]
            self._toggle(cells, event.modifiers())

    def _toggle(self, cells: list[ConfusionCell], modifiers: Qt.KeyboardModifier) -> None:
        ctrl = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if modifiers & Qt.KeyboardModifier.ShiftModifier and len(cells) == 1:
            row, column = cells[0]
            cells = self._column(column) if ctrl else self._row(row)
        added, before = frozenset(cells), self.selected
        if ctrl:
            self.select(before - added if added <= before else before | added)
        else:
            self.select(frozenset() if added == before else added)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _KEYS and self._classes:
            down, right = _KEYS[key]
            last = self._last_cell()
            self._cursor = (
                min(max(self._cursor[0] + down, 0), last[0]),
                min(max(self._cursor[1] + right, 0), last[1]),
            )
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._classes:
            self._toggle([self._cursor], event.modifiers())
        elif key == Qt.Key.Key_Escape and self.selected:
            self.select(frozenset())
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cells = self._cells_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tip(cells), self)
            return True
        return super().event(event)

    def tip(self, cells: list[ConfusionCell]) -> str:
        """The counts and shares of a cell; for several, the total of the row or column."""
        return cells_tip(cells, self._classes, self._rows, self._counts)

    # --- painting -------------------------------------------------------------------------------

    def cell_values(self) -> NDArray[np.float64]:
        """The number in each cell: a count or a share; NaN in cells that stay empty."""
        values = self._counts.astype(np.float64)
        if self._unit != "counts":
            total = values.sum(axis=1 if self._unit == "rows" else 0, keepdims=True)
            values = np.divide(values, total, out=np.full(values.shape, np.nan), where=total > 0)
        if not self._has_diagonal:
            for k in range(len(self._classes)):
                values[k, k] = np.nan
        return values

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if not self._classes:
                return
            self._paint_names(painter)
            values = self.cell_values()
            maximum = float(np.nanmax(values, initial=0.0)) or 1.0
            for row in range(len(self._rows)):
                for column in range(len(self._classes)):
                    self._paint_cell(painter, (row, column), float(values[row, column]), maximum)

    def _paint_names(self, painter: QPainter) -> None:
        colours = theme.current()
        width = self._grid().left
        for row, name in enumerate(self._rows):
            cell = self.cell_rect((row, 0))
            painter.setPen(QColor(colours.muted if name == NO_LABEL else colours.text))
            rect = QRectF(0, cell.top(), width - 8, cell.height())
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(rect, right, label_text.class_title(name))
        painter.setFont(self._header_font())
        if self._has_titles:
            self._paint_titles(painter)
        bottom = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter
        for column, (header, text) in enumerate(self.column_headers()):
            cell = self.cell_rect((0, column))
            if (
                cell.top() - header.bottom() > self._line()
            ):  # from the upper line down to its column
                painter.setPen(QColor(colours.line))
                x = round(cell.center().x()) + 0.5
                painter.drawLine(QPointF(x, header.bottom() + 3), QPointF(x, cell.top() - 2))
            painter.setPen(QColor(colours.muted))
            painter.drawText(header.adjusted(-2, 0, 2, 0), bottom, text)
        painter.setFont(self.font())

    def _paint_titles(self, painter: QPainter) -> None:
        """Of the axes: beside the first names of each."""
        painter.setPen(QColor(theme.current().muted))
        for title, rect in zip(AXIS_TITLES, self.title_rects(), strict=True):
            painter.drawText(rect, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, title)

    def _paint_cell(
        self, painter: QPainter, cell: ConfusionCell, value: float, maximum: float
    ) -> None:
        colours = theme.current()
        rect = self.cell_rect(cell)
        is_correct = cell[0] == cell[1]
        is_mistake = not is_correct and cell[0] < len(self._classes)
        # the colour repeats what the position says
        base = QColor(colours.warning if is_mistake else colours.accent)
        share = 0.0 if np.isnan(value) else value / maximum
        strength = 0.10 + 0.75 * share**0.6 if share > 0 else 0.0
        fill = _mixed(QColor(colours.raised), base, strength)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(rect, 4, 4)
        self._paint_outline(painter, cell, rect)
        if np.isnan(value):
            return
        is_light = _luminance(fill) > _WCAG_SPLIT
        painter.setPen(QColor("#0b0d0f" if is_light else "#ffffff"))
        if value == 0:
            painter.setPen(QColor(colours.muted))
        weight = QFont.Weight.DemiBold if is_correct else QFont.Weight.Normal
        painter.setFont(theme.sized(self.font(), 0.95, weight))
        text = f"{value if self._unit == 'counts' else 100 * value:.0f}"
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_outline(self, painter: QPainter, cell: ConfusionCell, rect: QRectF) -> None:
        """Solid around a selected cell, dotted around the keyboard's cursor."""
        is_selected = cell in self.selected
        if not is_selected and not (self.hasFocus() and cell == self._cursor):
            return
        colours = theme.current()
        pen = QPen(QColor(colours.text if is_selected else colours.muted), 2)
        if not is_selected:
            pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 4, 4)


def _mixed(first: QColor, second: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        (1 - share) * first.redF() + share * second.redF(),
        (1 - share) * first.greenF() + share * second.greenF(),
        (1 - share) * first.blueF() + share * second.blueF(),
    )


def _luminance(colour: QColor) -> float:
    """Relative luminance (WCAG 2)."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return float(0.2126 * r + 0.7152 * g + 0.0722 * b)
