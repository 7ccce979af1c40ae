"""The grid of samples: a model of rows, a delegate that paints a face, and the view."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.review.evaluation import Evaluation
from ferapp.review.selection import Compared
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.thumbnails import Read, Thumbnails
from trainer.data.label_review import NONE, Decision

Index = QModelIndex | QPersistentModelIndex
RowRole = Qt.ItemDataRole.UserRole  # the row of the evaluation

SIDE = 84  # px of a face
_PAD = 5
_WORDS = 30  # px below it: two lines
CELL_WIDTH, CELL_HEIGHT = SIDE + 2 * _PAD, SIDE + _WORDS + 2 * _PAD
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def other_answer(compared: Compared, row: int) -> str:
    """What the other model says of a row, and which one that is."""
    answer = compared.answer(row)
    words = (
        f"{label_text.class_title(answer[0])} {label_text.percent(answer[1])}"
        if answer
        else "no answer"
    )
    return f"Other: {words} ({compared.name})"


class SampleModel(QAbstractTableModel):
    """The rows of an evaluation that are shown, in their order, line by line.

    A table, because its view lays out 30,000 samples in no time; a list takes 100 ms and more.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.thumbnails = Thumbnails(self)
        self.thumbnails.arrived.connect(self._arrived)
        self._found: Evaluation | None = None
        self._compared: Compared | None = None
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._place: dict[int, int] = {}
        self._columns = 1
        self._decisions: dict[str, Decision] = {}

    def open(
        self, found: Evaluation | None, read: Read | None, decisions: dict[str, Decision]
    ) -> None:
        """`decisions` are looked at whenever something is painted."""
        self.beginResetModel()
        self._found, self._compared, self._decisions = found, None, decisions
        self._rows, self._place = np.zeros(0, np.int64), {}
        self.thumbnails.read_from(read)
        self.endResetModel()

    def compare(self, compared: Compared | None) -> None:
        """Whose answers stand beside those of the evaluation."""
        self._compared = compared

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        self.beginResetModel()
        self._rows = rows
        self._place = dict(zip(rows.tolist(), range(len(rows)), strict=True))
        self.endResetModel()

    @property
    def rows(self) -> NDArray[np.int64]:
        return self._rows

    def show_columns(self, count: int) -> None:
        if count != self._columns:
            self.beginResetModel()
            self._columns = count
            self.endResetModel()

    def place_of(self, row: int) -> int | None:
        """Where a row of the evaluation stands among those that are shown."""
        return self._place.get(row)

    def index_of(self, place: int) -> QModelIndex:
        return self.index(place // self._columns, place % self._columns)

    def place_at(self, index: Index) -> int:
        """−1 where there is no sample."""
        place = index.row() * self._columns + index.column()
        return place if index.isValid() and place < len(self._rows) else -1

    def changed(self, row: int) -> None:
        """Something was decided about it."""
        place = self._place.get(row)
        if place is not None:
            self.dataChanged.emit(self.index_of(place), self.index_of(place))

    def rowCount(self, parent: Index | None = None) -> int:
        inside = parent is not None and parent.isValid()
        return 0 if inside else -(-len(self._rows) // self._columns)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._columns

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.place_at(index) < 0:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        place = self.place_at(index)
        if self._found is None or place < 0:
            return None
        row = int(self._rows[place])
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnails.image(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._caption(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(row)
        return None

    def label(self, row: int) -> str:
        """The data set's, or "" without one."""
        found = self._found
        assert found is not None
        return found.classes[found.label[row]] if found.label[row] >= 0 else ""

    def predicted(self, row: int) -> str:
        """ "" where no face was found."""
        found = self._found
        assert found is not None
        return "" if found.faceless[row] else str(found.classes[found.predicted[row]])

    def decision(self, row: int) -> Decision:
        assert self._found is not None
        return self._decisions.get(str(self._found.sample_id[row]), NONE)

    def confidence(self, row: int) -> float:
        assert self._found is not None
        return float(self._found.measures["confidence"][row])

    def _caption(self, row: int) -> str:
        true, predicted = self.label(row), self.predicted(row)
        if not predicted:
            return "no face"
        arrow = f"{true} → {predicted}" if true and true != predicted else predicted
        return f"{arrow} {label_text.percent(self.confidence(row))}"

    def _words(self, row: int) -> str:
        assert self._found is not None
        true, decision = self.label(row), self.decision(row)
        predicted, compared = self.predicted(row), self._compared
        lines = [
            f"Sample {self._found.sample_id[row]}",
            f"Labelled {true}" if true else "Without a label",
            f"Predicted {predicted}, {label_text.percent(self.confidence(row))}"
            if predicted
            else "No face was found",
        ]
        if compared is not None:
            lines.append(other_answer(compared, row))
        if decision.label:
            lines.append(f"You say: {decision.label}")
        if decision.flag:
            lines.append("Flagged by you")
        return "\n".join(lines)

    def _arrived(self, rows: list[int]) -> None:
        role = [Qt.ItemDataRole.DecorationRole]
        for row in rows:
            place = self._place.get(row)
            if place is not None:
                index = self.index_of(place)
                self.dataChanged.emit(index, index, role)


class SamplePainter(QStyledItemDelegate):
    """A face, the label above the prediction, a mark where a person decided something."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._small = theme.sized(parent.font(), 0.82)
        self._strong = theme.sized(parent.font(), 0.82, QFont.Weight.DemiBold)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(CELL_WIDTH, CELL_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, SampleModel) or model.place_at(index) < 0:
            return
        row = int(model.rows[model.place_at(index)])
        rect, state = option.rect, option.state
        look = theme.current()
        face = QRectF(rect.x() + (rect.width() - SIDE) / 2, rect.y() + _PAD, SIDE, SIDE)
        if state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(look.accent), 2))
            painter.setBrush(QColor(look.raised))
            frame = face.adjusted(-_PAD + 1, -_PAD + 1, _PAD - 1, _WORDS + _PAD - 1)
            painter.drawRoundedRect(frame, 6, 6)
        image = model.thumbnails.image(row)
        if image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(face, image)
        else:
            painter.fillRect(face, QColor(look.raised))
        self._paint_words(painter, face, model, row)
        decision = model.decision(row)
        if decision != NONE:
            self._paint_mark(painter, face, decision)

    def _paint_words(self, painter: QPainter, face: QRectF, model: SampleModel, row: int) -> None:
        look = theme.current()
        true, predicted = model.label(row), model.predicted(row)
        painter.setFont(self._small)
        first = QRectF(face.x() + 1, face.bottom() + 2, face.width() - 2, _WORDS / 2)
        second = first.translated(0, _WORDS / 2 - 1)
        painter.setPen(QColor(look.muted))
        if not predicted:
            painter.drawText(first, _LEFT, "No face")
            return
        painter.drawText(first, _LEFT, label_text.class_title(true) if true else "No label")
        painter.drawText(second, _RIGHT, label_text.percent(model.confidence(row)))
        if true:
            painter.setPen(QColor(look.warning if true != predicted else look.muted))
            painter.drawText(first, _RIGHT, "✗" if true != predicted else "✓")
        painter.setPen(QColor(look.text))
        painter.drawText(second, _LEFT, label_text.class_title(predicted))

    def _paint_mark(self, painter: QPainter, face: QRectF, decision: Decision) -> None:
        """On the face: the label that a person gave it, or a flag."""
        look = theme.current()
        words = ("⚑ " * decision.flag + label_text.class_title(decision.label)).strip()
        painter.setFont(self._strong)
        width = painter.fontMetrics().horizontalAdvance(words) + 10
        plate = QRectF(face.x() + 3, face.y() + 3, min(width, face.width() - 6), 18)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.accent))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(look.on_accent))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)


class SampleGrid(QTableView):
    """`current_changed` tells the row of the evaluation, −1 for none; `key` what is not a move."""

    current_changed = Signal(int)
    key = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.samples = SampleModel(self)
        self.setModel(self.samples)
        self.setItemDelegate(SamplePainter(self))
        for header, size in (
            (self.horizontalHeader(), CELL_WIDTH),
            (self.verticalHeader(), CELL_HEIGHT),
        ):
            header.hide()
            header.setMinimumSectionSize(size)
            header.setDefaultSectionSize(size)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setShowGrid(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setAccessibleName("Samples")
        self.setStyleSheet("background: transparent; selection-background-color: transparent;")
        self.verticalScrollBar().setSingleStep(36)

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        """The current sample stays current where it is among them; else the first one is."""
        before = self.current_row()
        self.samples.show_rows(rows)
        place = self.samples.place_of(before)
        self.go_to(place if place is not None else 0)

    def go_to(self, place: int) -> None:
        """To a place in the grid, as far as there is one."""
        last = len(self.samples.rows) - 1
        if last < 0:
            self.current_changed.emit(-1)
            return
        index = self.samples.index_of(min(max(place, 0), last))
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def current_row(self) -> int:
        """Of the evaluation; −1 for none."""
        place = self.samples.place_at(self.currentIndex())
        return -1 if place < 0 else int(self.samples.rows[place])

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit(self.current_row())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        before = self.samples.place_at(self.currentIndex())
        columns = max(1, self.viewport().width() // CELL_WIDTH)
        if columns != self.samples.columnCount():
            self.samples.show_columns(columns)
            if before >= 0:
                self.go_to(before)
        self.horizontalHeader().setDefaultSectionSize(self.viewport().width() // columns)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters and figures mean decisions; left and right go on to the next line."""
        place, text = self.samples.place_at(self.currentIndex()), event.text().lower()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if plain and step is not None and place >= 0:
            self.go_to(place + step)
        elif plain and text.strip() and text.isprintable():
            self.key.emit(text)
        else:
            super().keyPressEvent(event)
