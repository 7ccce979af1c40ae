"""A run as a card, where the table is narrow: name and accuracy, status, what was measured."""

from datetime import date

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ferapp.ui.run_table.run_columns import RunEntry
from ferapp.ui.run_table.run_model import RunFilter, state_colour
from ferapp.ui.run_table.run_text import accuracy_margin, best_conditions, state_text
from ferapp.ui.text.figure_text import accuracy_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled
from trainer.reports.run_list.run_names import short_start

Index = QModelIndex | QPersistentModelIndex
HEIGHT = 66  # px, of three lines
_BOX = 16.0  # px
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunCard(QStyledItemDelegate):
    """Paints a run: box, title and accuracy; state and start time; what was measured."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(220, scaled(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, RunFilter):
            return
        entry, colours = model.entry(index.row()), theme.current()
        run = entry.run
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
        self._paint_title(painter, option.font, line, entry)
        painter.setFont(theme.sized(option.font, 0.85))
        line.translate(0, line.height())
        # a sentence about the model is worth more than the time, which the tooltip has, too
        start = "" if run.missed_its_start else short_start(run.name, date.today())
        _draw_pair(painter, line, state_text(run), start, state_colour(run), colours.muted)
        line.translate(0, line.height())
        tags = ", ".join(run.about.tags)
        _draw_pair(painter, line, best_conditions(run), tags, colours.muted, colours.accent)
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

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Over the title, with the height of a line edit."""
        rect = QRect(option.rect).adjusted(int(2 * _BOX), 0, -4, 0)
        rect.setHeight(editor.sizeHint().height())
        editor.setGeometry(rect)

    def _paint_title(self, painter: QPainter, font: QFont, line: QRectF, entry: RunEntry) -> None:
        run, colours, margin = entry.run, theme.current(), accuracy_margin(entry.run)
        painter.setFont(theme.sized(font, 0.85))
        painter.setPen(QColor(colours.muted))
        painter.drawText(line, _RIGHT, margin)
        width = painter.fontMetrics().horizontalAdvance(margin) + 4 if margin else 0
        painter.setFont(theme.sized(font, 1, QFont.Weight.DemiBold))
        painter.setPen(QColor(colours.text))
        title = entry.row.title
        _draw_pair(painter, line.adjusted(0, 0, -width, 0), title, accuracy_text(run.accuracy))

    def _paint_box(self, painter: QPainter, box: QRectF, is_checked: bool) -> None:
        colours = theme.current()
        painter.setPen(QPen(QColor(colours.accent if is_checked else colours.muted), 1))
        painter.setBrush(QColor(colours.accent) if is_checked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 4, 4)
        if is_checked:
            painter.setPen(QColor(colours.on_accent))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "✓")


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
