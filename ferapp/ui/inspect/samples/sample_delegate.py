"""Paints a picture in the grid."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ferapp.ui.inspect.samples.picture_model import Caption, Index, PictureModel
from ferapp.ui.inspect.samples.sample_model import decision_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled
from trainer.data.label_review import NONE, Decision

FACE_SIDE = 84  # px; this and the following at the usual size of text
_PAD = 5
_CAPTION_HEIGHT = 30  # px below the face, for two lines
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def cell_size() -> QSize:
    """Of one sample with its caption and the room around it, in px."""
    side = scaled(FACE_SIDE)
    return QSize(side + 2 * _PAD, side + scaled(_CAPTION_HEIGHT) + 2 * _PAD)


class SampleDelegate(QStyledItemDelegate):
    """Paints a face, its caption, and a mark for the user's decision."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return cell_size()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, PictureModel) or model.position_at(index) < 0:
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
        self._paint_caption(painter, face, model.caption(row))
        decision = model.decision(row)
        if decision != NONE:
            self._paint_mark(painter, face, decision)

    def _paint_caption(self, painter: QPainter, face: QRectF, caption: Caption) -> None:
        colours, elide = theme.current(), Qt.TextElideMode.ElideMiddle
        painter.setFont(theme.sized(self._view.font(), 0.82))
        line = scaled(_CAPTION_HEIGHT) / 2
        first = QRectF(face.x() + 1, face.bottom() + 2, face.width() - 2, line)
        second = first.translated(0, line - 1)
        metrics, width = painter.fontMetrics(), int(first.width())
        painter.setPen(QColor(colours.muted))
        painter.drawText(first, _LEFT, metrics.elidedText(caption.first, elide, width))
        painter.drawText(second, _RIGHT, caption.share)
        if caption.is_wrong is not None:
            painter.setPen(QColor(colours.warning if caption.is_wrong else colours.muted))
            painter.drawText(first, _RIGHT, "✗" if caption.is_wrong else "✓")
        width -= metrics.horizontalAdvance(caption.share)
        painter.setPen(QColor(colours.text))
        painter.drawText(second, _LEFT, metrics.elidedText(caption.second, elide, width))

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
