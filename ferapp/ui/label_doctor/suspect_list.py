"""The list of suspects: its model, the delegate that paints one, and the view."""

from typing import Any

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
from PySide6.QtGui import QColor, QFont, QKeyEvent, QKeySequence, QPainter, QPen
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
from ferapp.review.diagnosis import Diagnosis
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import Decisions
from ferapp.ui.inspect.samples.sample_model import decision_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled
from ferapp.ui.widgets.thumbnails import ThumbnailCache
from ferapp.ui.widgets.typed_key import typed_key
from trainer.data.label_review import NONE, Decision

Index = QModelIndex | QPersistentModelIndex

ACCEPT = "enter"  # as `key_typed` names the key
FACE, NEIGHBOUR = 96, 46  # px, sides of the pictures; this and the following at the usual text size
_PAD, _LINE = 7, 17
_NEIGHBOURS = 5
_SHOWN_VOTES = 3
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter


class SuspectModel(QAbstractTableModel):
    """The suspects of a diagnosis, one a line. A table, because its view lays them out at once."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.thumbnails = ThumbnailCache(self)
        self._opened: OpenedEvaluation | None = None
        self.diagnosis: Diagnosis | None = None
        self._decisions: Decisions = {}
        self._position: dict[int, int] = {}  # of each row of the evaluation

    def open(
        self, opened: OpenedEvaluation | None, diagnosis: Diagnosis | None, decisions: Decisions
    ) -> None:
        """`decisions` is not copied: later ones are shown too."""
        self.beginResetModel()
        if opened is not self._opened:
            self.thumbnails.read_with(opened.read_picture if opened else None)
        self._opened, self.diagnosis, self._decisions = opened, diagnosis, decisions
        rows = diagnosis.rows if diagnosis else ()
        self._position = {row: position for position, row in enumerate(rows)}
        self.endResetModel()

    def position_of(self, row: int) -> int | None:
        """Of an evaluation's row in the list; None where it is no suspect."""
        return self._position.get(row)

    def row_at(self, position: int) -> int:
        """The evaluation's row; −1 where there is no suspect."""
        rows = self.diagnosis.rows if self.diagnosis else ()
        return rows[position] if 0 <= position < len(rows) else -1

    def decision(self, position: int) -> Decision:
        assert self.diagnosis is not None
        return self._decisions.get(self.diagnosis.suspects[position].sample_id, NONE)

    def next_undecided(self, position: int) -> int:
        """The first position after this one that has no decision, else before it; −1 if none."""
        count = self.rowCount()
        order = (*range(position + 1, count), *range(min(position + 1, count)))
        return next((each for each in order if self.decision(each) == NONE), -1)

    def neighbours(self, position: int) -> list[tuple[int, str]]:
        """Rows and labels of the faces that look most like it."""
        assert self.diagnosis is not None
        rows = self.diagnosis.neighbours[position][:_NEIGHBOURS]
        return [(row, self.label(row)) for row in rows]

    def label(self, row: int) -> str:
        assert self._opened is not None
        evaluation = self._opened.evaluation
        return str(evaluation.classes[evaluation.label[row]])

    def votes(self, position: int) -> str:
        """`Sad 70 %, Neutral 20 %`; "" without annotators' votes."""
        assert self.diagnosis is not None
        report = self.diagnosis.report
        shares = list(report.votes_of(int(report.rows[position])).items())[:_SHOWN_VOTES]
        return ", ".join(
            f"{label_text.class_title(name)} {label_text.percent(share)}" for name, share in shares
        )

    def update_position(self, position: int) -> None:
        self.dataChanged.emit(self.index(position, 0), self.index(position, 0))

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return len(self.diagnosis.rows) if self.diagnosis else 0

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.diagnosis is None or not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.headline(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._description(index.row())
        return None

    def headline(self, position: int) -> str:
        """`Happy → Sad 93 %`."""
        assert self.diagnosis is not None
        suspect = self.diagnosis.suspects[position]
        label, suggested = map(label_text.class_title, (suspect.label, suspect.suggested))
        return f"{label} → {suggested} {label_text.percent(suspect.p_suggested)}"

    def _description(self, position: int) -> str:
        assert self.diagnosis is not None
        suspect = self.diagnosis.suspects[position]
        lines = [
            f"Sample {suspect.sample_id}, labelled {suspect.label}",
            f"Suggested: {suspect.suggested}, {label_text.percent(suspect.p_suggested)}; "
            f"the label gets {label_text.percent(suspect.p_label)}.",
            "By a classifier that learned from the other faces, never from this one's label.",
        ]
        votes = self.votes(position)
        if votes:
            lines.append(f"Annotators: {votes}")
        names = ", ".join(name for _, name in self.neighbours(position))
        lines.append(f"The most similar faces, by the model's features, are labelled: {names}.")
        decision = decision_text(self.decision(position))
        if decision:
            lines.append(f"Your decision: {decision}")
        return "\n".join(lines)


class SuspectDelegate(QStyledItemDelegate):
    """Paints a face, label → suggestion, the annotators' votes, and the most similar faces."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(scaled(420), line_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, SuspectModel) or model.diagnosis is None:
            return
        position, rect, colours = index.row(), QRectF(option.rect), theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        decision = decision_text(model.decision(position))
        painter.setOpacity(0.55 if decision else 1.0)
        side = scaled(FACE)
        face = QRectF(rect.x() + _PAD, rect.y() + _PAD, side, side)
        _draw_picture(painter, face, model, model.row_at(position))
        text = QRectF(face.right() + 10, rect.y() + _PAD - 2, 0, rect.height())
        text.setRight(rect.right() - _PAD)
        self._paint_texts(painter, text, model, position)
        self._paint_neighbours(painter, text, model, position)
        painter.setOpacity(1.0)
        if decision:
            self._paint_decision(painter, face, decision)
        painter.restore()

    def _paint_texts(
        self, painter: QPainter, text: QRectF, model: SuspectModel, position: int
    ) -> None:
        assert model.diagnosis is not None
        colours, suspect = theme.current(), model.diagnosis.suspects[position]
        first = QRectF(text.x(), text.y(), text.width(), scaled(_LINE) + 2)
        painter.setFont(theme.sized(self._view.font(), 1.05, QFont.Weight.DemiBold))
        painter.setPen(QColor(colours.text))
        _draw_elided(painter, first, model.headline(position))
        second = first.translated(0, scaled(_LINE) + 1)
        painter.setFont(theme.sized(self._view.font(), 0.85))
        painter.setPen(QColor(colours.muted))
        votes = model.votes(position)
        parts = [f"label {label_text.percent(suspect.p_label)}", votes and f"annotators: {votes}"]
        _draw_elided(painter, second, " · ".join(filter(None, parts)))

    def _paint_neighbours(
        self, painter: QPainter, text: QRectF, model: SuspectModel, position: int
    ) -> None:
        assert model.diagnosis is not None
        colours, suspect = theme.current(), model.diagnosis.suspects[position]
        side, slot = scaled(NEIGHBOUR), text.width() / _NEIGHBOURS
        top = text.y() + 2 * scaled(_LINE) + 4
        painter.setFont(theme.sized(self._view.font(), 0.78))
        for index, (row, label) in enumerate(model.neighbours(position)):
            place = QRectF(text.x() + index * slot, top, slot, side)
            face = QRectF(place.x() + (slot - side) / 2, top, side, side)
            _draw_picture(painter, face, model, row)
            agrees = label == suspect.suggested
            painter.setPen(QColor(colours.accent if agrees else colours.muted))
            caption = QRectF(place.x(), place.bottom() + 1, slot, scaled(_LINE) - 2)
            painter.drawText(caption, _CENTRE, label_text.class_title(label))

    def _paint_decision(self, painter: QPainter, face: QRectF, text: str) -> None:
        colours = theme.current()
        painter.setFont(theme.sized(self._view.font(), 0.85, QFont.Weight.DemiBold))
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        plate = QRectF(face.x() + 3, face.y() + 3, min(width, face.width() - 6), scaled(19))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.accent))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(colours.on_accent))
        painter.drawText(plate, _CENTRE, text)


def line_height() -> int:
    """Of one suspect, in px."""
    return scaled(FACE) + 2 * _PAD


def _draw_picture(painter: QPainter, place: QRectF, model: SuspectModel, row: int) -> None:
    image = model.thumbnails.image(row)
    if image is not None:
        painter.drawImage(place, image)
    else:
        painter.fillRect(place, QColor(theme.current().raised))


def _draw_elided(painter: QPainter, place: QRectF, text: str) -> None:
    elide = Qt.TextElideMode.ElideRight
    painter.drawText(
        place, _LEFT, painter.fontMetrics().elidedText(text, elide, round(place.width()))
    )


class SuspectList(QTableView):
    """`current_changed` has the evaluation's row, −1 for none.

    `key_typed` has ACCEPT, a letter or a digit.
    """

    current_changed = Signal(int)
    key_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.suspects = SuspectModel(self)
        self.suspects.thumbnails.arrived.connect(lambda _: self.viewport().update())
        self.setModel(self.suspects)
        self.setItemDelegate(SuspectDelegate(self))
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_lines()
        self.setShowGrid(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setAccessibleName("Suspects")
        self.setStyleSheet("background: transparent; selection-background-color: transparent;")
        self.verticalScrollBar().setSingleStep(36)

    def show_suspects(
        self, opened: OpenedEvaluation | None, diagnosis: Diagnosis | None, decisions: Decisions
    ) -> None:
        """The first one without a decision becomes current."""
        self.suspects.open(opened, diagnosis, decisions)
        if self.suspects.rowCount():
            self.go_to(max(self.suspects.next_undecided(-1), 0))
        else:
            self.current_changed.emit(-1)

    @property
    def position(self) -> int:
        """Of the current suspect; −1 for none."""
        return self.currentIndex().row()

    def go_to(self, position: int) -> None:
        index = self.suspects.index(position, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit(self.suspects.row_at(current.row()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_lines()

    def _fit_lines(self) -> None:
        """To the size of the text."""
        self.verticalHeader().setMinimumSectionSize(line_height())
        self.verticalHeader().setDefaultSectionSize(line_height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.matches(QKeySequence.StandardKey.Undo):
            self.key_typed.emit("u")
        elif is_plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.key_typed.emit(ACCEPT)
        elif typed := typed_key(event):
            self.key_typed.emit(typed)
        else:
            super().keyPressEvent(event)
