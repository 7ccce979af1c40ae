"""The grid of samples: its model, the delegate that paints a sample, and the view."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
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
from ferapp.review.classify_pictures import ReadPicture
from ferapp.review.evaluation import Evaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled
from ferapp.ui.widgets.thumbnails import ThumbnailCache
from trainer.data.label_review import NONE, Decision

Index = QModelIndex | QPersistentModelIndex
RowRole = Qt.ItemDataRole.UserRole  # the row of the evaluation

FACE_SIDE = 84  # px; this and the following at the usual size of text
_PAD = 5
_CAPTION_HEIGHT = 30  # px below the face, for two lines
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def other_prediction_text(comparison: EvaluationComparison, row: int) -> str:
    """`Other: Sad 63 % (compact)`: what the compared model predicts for a row."""
    prediction = comparison.other_prediction(row)
    text = "no prediction"
    if prediction is not None:
        name, probability = prediction
        text = f"{label_text.class_title(name)} {label_text.percent(probability)}"
    return f"Other: {text} ({comparison.name})"


def decision_text(decision: Decision) -> str:
    """`Sad`, `Dropped`, `Kept`; "" without a decision."""
    if decision.flag:
        return "Dropped"
    return "Kept" if decision.kept else label_text.class_title(decision.label)


class SampleModel(QAbstractTableModel):
    """The shown rows of an evaluation, in order, line by line.

    A table, because its view lays out 30,000 samples at once; a list takes 100 ms and more.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.thumbnails = ThumbnailCache(self)
        self.thumbnails.arrived.connect(self._on_thumbnails)
        self._evaluation: Evaluation | None = None
        self._comparison: EvaluationComparison | None = None
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._position: dict[int, int] = {}  # of each row in the grid
        self._columns = 1
        self._decisions: dict[str, Decision] = {}

    def open(
        self,
        evaluation: Evaluation | None,
        read_picture: ReadPicture | None,
        decisions: dict[str, Decision],
    ) -> None:
        """`decisions` is not copied: later ones are shown too."""
        self.beginResetModel()
        self._evaluation, self._comparison, self._decisions = evaluation, None, decisions
        self._rows, self._position = np.zeros(0, np.int64), {}
        self.thumbnails.read_with(read_picture)
        self.endResetModel()

    def compare_with(self, comparison: EvaluationComparison | None) -> None:
        """Also show the predictions of another model."""
        self._comparison = comparison

    def show_predictions(self, evaluation: Evaluation) -> None:
        """Of another model, for the samples that are open."""
        self._evaluation = evaluation
        if len(self._rows):
            last = self.index(self.rowCount() - 1, self._columns - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        self.beginResetModel()
        self._rows = rows
        self._position = dict(zip(rows.tolist(), range(len(rows)), strict=True))
        self.endResetModel()

    @property
    def rows(self) -> NDArray[np.int64]:
        return self._rows

    def set_columns(self, count: int) -> None:
        if count != self._columns:
            self.beginResetModel()
            self._columns = count
            self.endResetModel()

    def position_of(self, row: int) -> int | None:
        """The position of an evaluation's row in the grid; None where it is not shown."""
        return self._position.get(row)

    def index_of(self, position: int) -> QModelIndex:
        return self.index(position // self._columns, position % self._columns)

    def position_at(self, index: Index) -> int:
        """−1 where there is no sample."""
        position = index.row() * self._columns + index.column()
        return position if index.isValid() and position < len(self._rows) else -1

    def rowCount(self, parent: Index | None = None) -> int:
        has_parent = parent is not None and parent.isValid()
        return 0 if has_parent else -(-len(self._rows) // self._columns)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._columns

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.position_at(index) < 0:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        position = self.position_at(index)
        if self._evaluation is None or position < 0:
            return None
        row = int(self._rows[position])
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnails.image(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._caption(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._description(row)
        return None

    def label(self, row: int) -> str:
        """The class in the data set, "" for a sample without a label."""
        evaluation = self._evaluation
        assert evaluation is not None
        label = evaluation.label[row]
        return evaluation.classes[label] if label >= 0 else ""

    def predicted(self, row: int) -> str:
        """The predicted class, "" where no face was found."""
        evaluation = self._evaluation
        assert evaluation is not None
        if evaluation.faceless[row]:
            return ""
        return str(evaluation.classes[evaluation.predicted[row]])

    def decision(self, row: int) -> Decision:
        assert self._evaluation is not None
        return self._decisions.get(str(self._evaluation.sample_id[row]), NONE)

    def confidence(self, row: int) -> float:
        assert self._evaluation is not None
        return float(self._evaluation.measures["confidence"][row])

    def _caption(self, row: int) -> str:
        true, predicted = self.label(row), self.predicted(row)
        if not predicted:
            return "no face"
        arrow = f"{true} → {predicted}" if true and true != predicted else predicted
        return f"{arrow} {label_text.percent(self.confidence(row))}"

    def _description(self, row: int) -> str:
        assert self._evaluation is not None
        true, decision = self.label(row), self.decision(row)
        predicted = self.predicted(row)
        lines = [
            f"Sample {self._evaluation.sample_id[row]}",
            f"Labelled {true}" if true else "No label",
            f"Predicted {predicted}, {label_text.percent(self.confidence(row))}"
            if predicted
            else "No face was found",
        ]
        if self._comparison is not None:
            lines.append(other_prediction_text(self._comparison, row))
        if decision.label:
            lines.append(f"Relabelled {decision.label} by you")
        if decision.flag:
            lines.append("Dropped by you: training leaves it out")
        if decision.kept:
            lines.append("Label kept by you")
        return "\n".join(lines)

    def _on_thumbnails(self, rows: list[int]) -> None:
        roles = [Qt.ItemDataRole.DecorationRole]
        for row in rows:
            position = self._position.get(row)
            if position is not None:
                index = self.index_of(position)
                self.dataChanged.emit(index, index, roles)


def cell_size() -> QSize:
    """Of one sample with its caption and the room around it, in px."""
    side = scaled(FACE_SIDE)
    return QSize(side + 2 * _PAD, side + scaled(_CAPTION_HEIGHT) + 2 * _PAD)


class SampleDelegate(QStyledItemDelegate):
    """Paints a face, its label above its prediction, and a mark for the user's decision."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return cell_size()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, SampleModel) or model.position_at(index) < 0:
            return
        row = int(model.rows[model.position_at(index)])
        rect, colours = option.rect, theme.current()
        side, caption = scaled(FACE_SIDE), scaled(_CAPTION_HEIGHT)
        face = QRectF(rect.x() + (rect.width() - side) / 2, rect.y() + _PAD, side, side)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(QColor(colours.raised))
            frame = face.adjusted(-_PAD + 1, -_PAD + 1, _PAD - 1, caption + _PAD - 1)
            painter.drawRoundedRect(frame, 6, 6)
        image = model.thumbnails.image(row)
        if image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(face, image)
        else:
            painter.fillRect(face, QColor(colours.raised))
        self._paint_caption(painter, face, model, row)
        decision = model.decision(row)
        if decision != NONE:
            self._paint_mark(painter, face, decision)

    def _paint_caption(self, painter: QPainter, face: QRectF, model: SampleModel, row: int) -> None:
        colours = theme.current()
        true, predicted = model.label(row), model.predicted(row)
        painter.setFont(theme.sized(self._view.font(), 0.82))
        line = scaled(_CAPTION_HEIGHT) / 2
        first = QRectF(face.x() + 1, face.bottom() + 2, face.width() - 2, line)
        second = first.translated(0, line - 1)
        painter.setPen(QColor(colours.muted))
        if not predicted:
            painter.drawText(first, _LEFT, "No face")
            return
        painter.drawText(first, _LEFT, label_text.class_title(true) if true else "No label")
        painter.drawText(second, _RIGHT, label_text.percent(model.confidence(row)))
        if true:
            painter.setPen(QColor(colours.warning if true != predicted else colours.muted))
            painter.drawText(first, _RIGHT, "✗" if true != predicted else "✓")
        painter.setPen(QColor(colours.text))
        painter.drawText(second, _LEFT, label_text.class_title(predicted))

    def _paint_mark(self, painter: QPainter, face: QRectF, decision: Decision) -> None:
        """On the face: what the user decided."""
        colours = theme.current()
        text = decision_text(decision)
        painter.setFont(theme.sized(self._view.font(), 0.82, QFont.Weight.DemiBold))
        width = painter.fontMetrics().horizontalAdvance(text) + 10
        plate = QRectF(face.x() + 3, face.y() + 3, min(width, face.width() - 6), scaled(18))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(colours.on_accent))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


class SampleGrid(QTableView):
    """`current_changed` has the evaluation's row, −1 for none; `key_typed` letters and digits."""

    current_changed = Signal(int)
    key_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.samples = SampleModel(self)
        self.setModel(self.samples)
        self.setItemDelegate(SampleDelegate(self))
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.hide()
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_cells()
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
        """The evaluation's row; −1 for none."""
        position = self.samples.position_at(self.currentIndex())
        return -1 if position < 0 else int(self.samples.rows[position])

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit(self.current_row())

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
            self.samples.set_columns(columns)
            if before >= 0:
                self.go_to(before)
        self.horizontalHeader().setDefaultSectionSize(self.viewport().width() // columns)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters and digits are decisions; left and right continue on the next line."""
        position, text = self.samples.position_at(self.currentIndex()), event.text().lower()
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if is_plain and step is not None and position >= 0:
            self.go_to(position + step)
        elif is_plain and text.strip() and text.isprintable():
            self.key_typed.emit(text)
        else:
            super().keyPressEvent(event)
