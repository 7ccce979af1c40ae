"""The confusion matrix: rows are true classes, columns predictions; cells can be chosen."""

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
from ferapp.ui.widgets import theme

Shares = Literal["counts", "rows", "columns"]
Cell = tuple[int, int]  # true, predicted

NO_LABEL = "no label"
_HEAD = 22.0  # px above the cells, for one line of names
_LINE = 15.0  # px, of each line
_GAP = 2.0
_MOST = 64.0  # px, side of a cell
_LEAST = 26.0

_KEYS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@dataclass(frozen=True, slots=True)
class _Places:
    """In px: where the cells begin, and the extent of each with its gap."""

    left: float
    head: float
    width: float
    height: float


class ConfusionMatrix(QWidget):
    """`chosen_changed` tells that a person chose other cells, which `chosen` are.

    A click chooses a cell, Ctrl adds or takes one away, Shift takes its whole row, Ctrl+Shift its
    column; a click on a name takes row or column. By keyboard: arrows, Space, Escape.
    """

    chosen_changed = Signal()

    def __init__(self, choosable: bool = True) -> None:
        super().__init__()
        self._choosable = choosable
        self._classes: tuple[str, ...] = ()
        self._rows: tuple[str, ...] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._shares: Shares = "counts"
        self._diagonal = True
        self._cursor: Cell = (0, 0)
        self._measured: _Places | None = None  # None until they are asked for
        self.chosen: frozenset[Cell] = frozenset()
        self.setAccessibleName("Confusion matrix")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        if choosable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_counts(self, classes: tuple[str, ...], counts: NDArray[np.int64]) -> None:
        """`counts` (K, K), or (K + 1, K): the last row are samples without a label."""
        if classes != self._classes or counts.shape != self._counts.shape:
            self.choose(frozenset())
            self._cursor = (0, 0)
        self._classes, self._counts = classes, counts
        self._measured = None
        self._rows = classes if len(counts) == len(classes) else (*classes, NO_LABEL)
        self.setAccessibleDescription(self.in_words())
        self.updateGeometry()
        self.update()

    def show_shares(self, shares: Shares) -> None:
        """Counts, or percent of each row (recall) or column (precision)."""
        self._shares = shares
        self.update()

    def show_diagonal(self, on: bool) -> None:
        """Without it the colours are of the mistakes alone."""
        self._diagonal = on
        self.update()

    def choose(self, cells: frozenset[Cell]) -> None:
        if cells != self.chosen:
            self.chosen = cells
            self.update()
            self.chosen_changed.emit()

    def in_words(self) -> str:
        """The classes' recall, and the most frequent mistake."""
        if not self._counts.size:
            return "No samples"
        parts = []
        for k, name in enumerate(self._classes):
            whole = int(self._counts[k].sum())
            if whole:
                parts.append(f"{name} {self._counts[k, k] / whole:.0%} right")
        mistakes = self._counts[: len(self._classes)].copy()
        np.fill_diagonal(mistakes, 0)
        if mistakes.size and mistakes.max() > 0:
            i, j = np.unravel_index(mistakes.argmax(), mistakes.shape)
            parts.append(
                f"most frequent mistake: {mistakes[i, j]} {self._classes[i]} "
                f"taken for {self._classes[j]}"
            )
        return ", ".join(parts)

    # --- where things are -----------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        count = max(len(self._classes), 1)
        width = self._names_width() + count * 48
        return QSize(round(width), round(_HEAD + _LINE + max(len(self._rows), 1) * 40))

    def minimumSizeHint(self) -> QSize:
        count = max(len(self._classes), 1)
        width = self._names_width() + count * _LEAST
        return QSize(round(width), round(_HEAD + _LINE + max(len(self._rows), 1) * 24))

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted, in px of the widget."""
        at = self._places()
        x, y = at.left + cell[1] * at.width, at.head + cell[0] * at.height
        return QRectF(x + _GAP / 2, y + _GAP / 2, at.width - _GAP, at.height - _GAP)

    def heads(self) -> list[tuple[QRectF, str]]:
        """The name above each column, and where; in turns in two lines where one is too narrow."""
        metrics, at = QFontMetricsF(self._head_font()), self._places()
        lines = 1 if at.head == _HEAD else 2
        found = []
        for column, name in enumerate(self._classes):
            room = lines * at.width - 2 * _GAP
            words = metrics.elidedText(
                label_text.class_title(name), Qt.TextElideMode.ElideRight, room
            )
            width = metrics.horizontalAdvance(words)
            middle = at.left + (column + 0.5) * at.width
            # the last name may be wider than its column, and the widget ends there
            left = min(middle - width / 2, self.width() - width)
            top = at.head - 3 - _LINE * (1 + (lines == 2 and column % 2))
            found.append((QRectF(left, top, width, _LINE), words))
        return found

    def _places(self) -> _Places:
        """Measured once for each size: names are slow to measure, and cells are many."""
        if self._measured is None:
            left, count = self._names_width(), max(len(self._classes), 1)
            width = min((self.width() - left) / count, _MOST * 1.4)
            metrics = QFontMetricsF(self._head_font())
            names = (
                metrics.horizontalAdvance(label_text.class_title(name)) for name in self._classes
            )
            fits = all(name <= width - 2 * _GAP for name in names)
            head = _HEAD if fits else _HEAD + _LINE
            height = min((self.height() - head) / max(len(self._rows), 1), _MOST)
            self._measured = _Places(left, head, width, height)
        return self._measured

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measured = None
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        self._measured = None  # by another font
        super().changeEvent(event)

    def _head_font(self) -> QFont:
        return theme.sized(self.font(), 0.85)

    def _names_width(self) -> float:
        metrics = QFontMetricsF(self.font())
        names = [label_text.class_title(name) for name in self._rows] or ["Surprise"]
        return max(metrics.horizontalAdvance(name) for name in names) + 12

    def _cells_at(self, place: QPointF) -> list[Cell]:
        """The cell there; all of a row or column where its name is."""
        if not self._classes:
            return []
        first, last = self.cell_rect((0, 0)), self.cell_rect(self._last())
        column = int((place.x() - first.left()) // (first.width() + _GAP))
        row = int((place.y() - first.top()) // (first.height() + _GAP))
        right = 0 <= column < len(self._classes)
        below = 0 <= row < len(self._rows)
        for number, (name, _) in enumerate(self.heads()):
            if name.contains(place):  # two lines of them are wider than their columns
                return self._column(number)
        if place.y() < first.top() and right and place.x() <= last.right():
            return self._column(column)
        if place.x() < first.left() and below:
            return self._row(row)
        return [(row, column)] if right and below else []

    def _last(self) -> Cell:
        return len(self._rows) - 1, len(self._classes) - 1

    def _row(self, row: int) -> list[Cell]:
        return [(row, k) for k in range(len(self._classes))]

    def _column(self, column: int) -> list[Cell]:
        return [(k, column) for k in range(len(self._rows))]

    # --- hands and keys -------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cells = self._cells_at(event.position())
        if not self._choosable or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        elif not cells:
            self.choose(frozenset())
        else:
            self._cursor = cells[0]
            self._take(cells, event.modifiers())

    def _take(self, cells: list[Cell], modifiers: Qt.KeyboardModifier) -> None:
        ctrl = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if modifiers & Qt.KeyboardModifier.ShiftModifier and len(cells) == 1:
            row, column = cells[0]
            cells = self._column(column) if ctrl else self._row(row)
        wanted = frozenset(cells)
        if ctrl:
            self.choose(self.chosen - wanted if wanted <= self.chosen else self.chosen | wanted)
        else:
            self.choose(frozenset() if wanted == self.chosen else wanted)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _KEYS and self._classes:
            down, right = _KEYS[key]
            last = self._last()
            self._cursor = (
                min(max(self._cursor[0] + down, 0), last[0]),
                min(max(self._cursor[1] + right, 0), last[1]),
            )
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._classes:
            self._take([self._cursor], event.modifiers())
        elif key == Qt.Key.Key_Escape and self.chosen:
            self.choose(frozenset())
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cells = self._cells_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tip(cells), self)
            return True
        return super().event(event)

    def tip(self, cells: list[Cell]) -> str:
        """What the number of a cell says; of several, what a row or column is."""
        if not cells:
            return ""
        row, column = cells[0]
        true, predicted = self._rows[row], self._classes[column]
        if len(cells) > 1 and cells[1][0] == row:
            return f"{label_text.class_title(true)}: {self._counts[row].sum()} samples"
        if len(cells) > 1:
            return f"Predicted as {predicted}: {self._counts[:, column].sum()} samples"
        count = int(self._counts[row, column])
        of_row, of_column = int(self._counts[row].sum()), int(self._counts[:, column].sum())
        lines = [f"{count} samples labelled {true} and predicted as {predicted}"]
        if true == NO_LABEL:
            lines = [f"{count} samples without a label, predicted as {predicted}"]
        lines += [f"{count / of_row:.1%} of the {of_row} in the row"] if of_row else []
        lines += [f"{count / of_column:.1%} of the {of_column} in the column"] if of_column else []
        return "\n".join(lines)

    # --- painting -------------------------------------------------------------------------------

    def shown(self) -> NDArray[np.float64]:
        """The number in each cell: a count or a share; NaN where nothing is to be seen."""
        counts = self._counts.astype(np.float64)
        if self._shares != "counts":
            whole = counts.sum(axis=1 if self._shares == "rows" else 0, keepdims=True)
            counts = np.divide(counts, whole, out=np.full(counts.shape, np.nan), where=whole > 0)
        if not self._diagonal:
            for k in range(len(self._classes)):
                counts[k, k] = np.nan
        return counts

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if not self._classes:
                return
            self._paint_names(painter)
            values = self.shown()
            top = float(np.nanmax(values, initial=0.0)) or 1.0
            for row in range(len(self._rows)):
                for column in range(len(self._classes)):
                    self._paint_cell(painter, (row, column), float(values[row, column]), top)

    def _paint_names(self, painter: QPainter) -> None:
        look = theme.current()
        names = self._places().left
        for row, name in enumerate(self._rows):
            rect = self.cell_rect((row, 0))
            painter.setPen(QColor(look.muted if name == NO_LABEL else look.text))
            place = QRectF(0, rect.top(), names - 8, rect.height())
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(place, right, label_text.class_title(name))
        painter.setFont(self._head_font())
        bottom = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter
        for column, (place, words) in enumerate(self.heads()):
            cell = self.cell_rect((0, column))
            if cell.top() - place.bottom() > _LINE:  # from the upper line to its column
                painter.setPen(QColor(look.line))
                x = round(cell.center().x()) + 0.5
                painter.drawLine(QPointF(x, place.bottom() + 3), QPointF(x, cell.top() - 2))
            painter.setPen(QColor(look.muted))
            painter.drawText(place.adjusted(-2, 0, 2, 0), bottom, words)
        painter.setFont(self.font())

    def _paint_cell(self, painter: QPainter, cell: Cell, value: float, top: float) -> None:
        look = theme.current()
        rect = self.cell_rect(cell)
        right = cell[0] == cell[1]
        # mistakes in the colour of a warning, hits in the accent: their place tells them apart too
        base = QColor(look.accent if right or cell[0] == len(self._classes) else look.warning)
        share = 0.0 if np.isnan(value) else value / top
        strength = 0.10 + 0.75 * share**0.6 if share > 0 else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        fill = _mixed(QColor(look.raised), base, strength)
        painter.setBrush(fill)
        painter.drawRoundedRect(rect, 4, 4)
        if cell in self.chosen or (self.hasFocus() and cell == self._cursor):
            pen = QPen(QColor(look.text if cell in self.chosen else look.muted), 2)
            if cell not in self.chosen:
                pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 4, 4)
        if np.isnan(value):
            return
        words = f"{value:.0f}" if self._shares == "counts" else f"{100 * value:.0f} %"
        light = _luminance(fill) > 0.179  # where black and white text contrast alike
        painter.setPen(QColor("#0b0d0f" if light else "#ffffff"))
        if value == 0:
            painter.setPen(QColor(look.muted))
        weight = QFont.Weight.DemiBold if right else QFont.Weight.Normal
        painter.setFont(theme.sized(self.font(), 0.95, weight))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)


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
