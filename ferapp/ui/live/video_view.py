"""The picture with everything that is known of it, painted at the resolution of the screen."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTransform,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text, overlay_painter, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis, Face

_EDGE = 14  # px from the picture's edge


class VideoView(QWidget):
    """Shows one Analysis, letter-boxed, with the predictions of the model with index `model`.

    `on_painted` is called once for each analysis, when it was painted.

    A callback and not a signal: no frame travels through Qt's signals.
    """

    face_clicked = Signal(int)  # its id

    def __init__(
        self,
        on_painted: Callable[[Analysis], None],
        model: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self._on_painted = on_painted
        self._model = model
        self._clock = clock
        self.map_age_ms: float | None = None  # of the maps on the screen; None without any
        self._analysis: Analysis | None = None
        self._image: QImage | None = None
        self._maps: list[QImage | None] | None = None  # one per face, made when first needed
        self._reported = True
        self._message = ""
        self._title = ""
        self._look = OverlayStyle()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setMouseTracking(True)  # the pointer tells what can be clicked
        self.setAccessibleName("Picture")
        self.setAccessibleDescription(wording.summary(None))

    def sizeHint(self) -> QSize:
        return QSize(880, 660)

    @property
    def analysis(self) -> Analysis | None:
        return self._analysis

    def show_analysis(self, analysis: Analysis) -> None:
        """A picture that was painted before is not reported again: only its faces changed."""
        again = self._analysis is not None and self._analysis.frame is analysis.frame
        self._reported = again and self._reported
        self._analysis = analysis
        self._image = overlay_painter.picture_image(analysis.picture)  # shares its array
        self._maps = None
        self.update()

    def clear(self) -> None:
        """Back to the message."""
        if self._analysis is not None:
            self._analysis = self._image = self._maps = None
            self.update()

    @property
    def message(self) -> str:
        return self._message

    def set_message(self, text: str) -> None:
        """Words in the middle, as long as there is no picture."""
        if text != self._message:
            self._message = text
            self.update()

    def set_title(self, text: str) -> None:
        """On the picture: which one of a folder it is, and whose results; "" is none."""
        if text != self._title:
            self._title = text
            self.update()

    @property
    def title(self) -> str:
        return self._title

    @property
    def look(self) -> OverlayStyle:
        return self._look

    def set_look(self, look: OverlayStyle) -> None:
        if look != self._look:
            self._look = look
            self._maps = None
            self.update()

    def map_images(self) -> list[QImage | None]:
        """The coloured map of each face, made once for each analysis and look."""
        if self._maps is None:
            shown = self._analysis
            self._maps = (
                overlay_painter.map_images(shown, self._look, self._model)
                if shown is not None
                else []
            )
        return self._maps

    def followed_map(self) -> QImage | None:
        """That of the face that is followed."""
        shown = self._analysis
        followed = shown.selected_face if shown is not None else None
        if shown is None or followed is None:
            return None
        pairs = zip(shown.faces, self.map_images(), strict=True)
        return next(image for face, image in pairs if face is followed)

    def frame_to_view(self, x: float, y: float) -> QPointF:
        """Where the centre of a frame's pixel lies in this widget."""
        return self._transform().map(QPointF(x, y))

    def picture_rect(self) -> QRectF:
        """The letter-boxed place of the picture, on whole pixels so that it stays sharp."""
        if self._image is None:
            return QRectF(self.rect())
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = round(self._image.width() * scale), round(self._image.height() * scale)
        return QRectF((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def _transform(self) -> QTransform:
        """From pixel centres of the frame to the view."""
        if self._image is None:
            return QTransform()
        rect = self.picture_rect()
        scale = QTransform.fromScale(
            rect.width() / self._image.width(), rect.height() / self._image.height()
        )
        place = overlay_painter.FRAME_TO_QT * scale * QTransform.fromTranslate(rect.x(), rect.y())
        return place * _mirrored(rect) if self._look.mirror else place

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)
        if self._analysis is not None and not self._reported:
            self._reported = True
            age = 1000 * (self._clock() - self._analysis.frame.captured_at)
            self.map_age_ms = age if any(self._maps or ()) else None
            self._on_painted(self._analysis)

    def _paint(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(palette.VIDEO_BACKGROUND))
        if self._image is None or self._analysis is None:
            painter.setPen(QColor(palette.VIDEO_MUTED))
            painter.setFont(theme.sized(self.font(), 1.2))
            room = self.rect().adjusted(24, 24, -24, -24)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, flags, self._message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rect = self.picture_rect()
        painter.save()
        if self._look.mirror:
            painter.setTransform(_mirrored(rect))
        painter.drawImage(rect, self._image)
        painter.restore()
        painter.setClipRect(rect)
        painter.setFont(self._label_font())
        maps = self.map_images()
        overlay_painter.paint_faces(
            painter, self._analysis, self._transform(), self._look, maps, self._model
        )
        if self._analysis.hidden:
            words = f"Hidden: {label_text.parts_text(self._analysis.hidden)}"
            self._paint_badge(painter, rect, words, Qt.AlignmentFlag.AlignRight)
        if self._title:
            self._paint_badge(painter, rect, self._title, Qt.AlignmentFlag.AlignLeft)

    def _label_font(self) -> QFont:
        return theme.sized(self.font(), 1.05, QFont.Weight.DemiBold)

    def _paint_badge(
        self, painter: QPainter, rect: QRectF, text: str, side: Qt.AlignmentFlag
    ) -> None:
        """What makes this no real result, or whose it is: at the bottom, where no label stands."""
        metrics = painter.fontMetrics()
        plate = QRectF(0, 0, metrics.horizontalAdvance(text) + 24, metrics.height() + 12)
        plate.moveBottomRight(rect.bottomRight() - QPointF(_EDGE, _EDGE))
        if side == Qt.AlignmentFlag.AlignLeft:
            plate.moveLeft(rect.left() + _EDGE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.to_qcolor(palette.VIDEO_PLATE))
        painter.drawRoundedRect(plate, theme.RADIUS, theme.RADIUS)
        painter.setPen(QColor(palette.VIDEO_TEXT))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)

    def face_at(self, point: QPointF) -> Face | None:
        """The face whose box or label is at this point of the widget; of several the smallest,
        which a larger one's box may be all around.
        """
        if self._analysis is None:
            return None
        place, picture = self._transform(), self.picture_rect()
        metrics = QFontMetricsF(self._label_font())
        for face in reversed(self._analysis.faces):
            box = place.mapRect(QRectF(*face.box))
            label = (
                label_text.box_label(face, self._analysis, self._model) if self._look.boxes else ""
            )
            plate = overlay_painter.label_plate(metrics, box, label, picture) if label else QRectF()
            if box.contains(point) or plate.contains(point):
                return face
        return None

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._analysis is not None:
            face = self.face_at(QPointF(event.pos()))
            tip = wording.face_tip(face, self._analysis, self._model) if face else ""
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def _clickable(self, point: QPointF) -> Face | None:
        """The face there, where there are others to choose from."""
        several = self._analysis is not None and len(self._analysis.faces) > 1
        return self.face_at(point) if several else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        shapes = Qt.CursorShape
        at_face = self._clickable(event.position()) is not None
        self.setCursor(shapes.PointingHandCursor if at_face else shapes.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        face = self._clickable(event.position())
        if event.button() == Qt.MouseButton.LeftButton and face is not None:
            self.face_clicked.emit(face.face_id)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)


def _mirrored(rect: QRectF) -> QTransform:
    """Left and right of `rect` exchanged."""
    return QTransform(-1, 0, 0, 1, 2 * rect.center().x(), 0)
