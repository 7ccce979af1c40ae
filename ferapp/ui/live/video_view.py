"""The picture with its overlays, painted at the resolution of the screen."""

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

_MARGIN = 14  # px from the edge of the picture
_DIMMED = QColor(0, 0, 0, 150)  # over a picture that is no longer live


class VideoView(QWidget):
    """Shows one Analysis, letter-boxed, with the predictions of the model with index `model`.

    `on_painted` is called once for each analysis, when it was painted.

    A callback rather than a signal: no frame passes through Qt's signals.
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
        self.overlay_delay_ms: float | None = None  # of the maps on the screen; None without maps
        self._analysis: Analysis | None = None
        self._image: QImage | None = None
        self._maps: list[QImage | None] | None = None  # one per face, created on first use
        self._reported = True
        self._message = ""
        self._title = ""
        self._style = OverlayStyle()
        self._is_dimmed = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click leaves fields and buttons
        self.setMouseTracking(True)  # the cursor shows what can be clicked
        self.setAccessibleName("Picture")
        self.setAccessibleDescription(wording.summary(None))

    def sizeHint(self) -> QSize:
        return QSize(880, 660)

    @property
    def analysis(self) -> Analysis | None:
        return self._analysis

    def show_analysis(self, analysis: Analysis) -> None:
        """A frame that was already painted is not reported again: only its faces changed."""
        repeated = self._analysis is not None and self._analysis.frame is analysis.frame
        self._reported = repeated and self._reported
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
        """Text in the middle while there is no picture."""
        if text != self._message:
            self._message = text
            self.update()

    def set_title(self, text: str) -> None:
        """Text on the picture: the file of a folder, and the model; "" for none."""
        if text != self._title:
            self._title = text
            self.update()

    def set_dimmed(self, on: bool) -> None:
        """Darken the picture, because its source sends no frames."""
        if on != self._is_dimmed:
            self._is_dimmed = on
            self.update()

    @property
    def title(self) -> str:
        return self._title

    @property
    def overlay_style(self) -> OverlayStyle:
        return self._style

    def set_overlay_style(self, style: OverlayStyle) -> None:
        if style != self._style:
            self._style = style
            self._maps = None
            self.update()

    def map_images(self) -> list[QImage | None]:
        """The coloured map of each face, created once for each analysis and style."""
        if self._maps is None:
            shown = self._analysis
            self._maps = (
                overlay_painter.map_images(shown, self._style, self._model)
                if shown is not None
                else []
            )
        return self._maps

    def selected_map(self) -> QImage | None:
        """The coloured map of the selected face."""
        shown = self._analysis
        selected = shown.selected_face if shown is not None else None
        if shown is None or selected is None:
            return None
        pairs = zip(shown.faces, self.map_images(), strict=True)
        return next(image for face, image in pairs if face is selected)

    def frame_to_view(self, x: float, y: float) -> QPointF:
        """Position in this widget of the centre of a frame pixel."""
        return self._transform().map(QPointF(x, y))

    def view_to_frame(self, point: QPointF) -> QPointF:
        """The position in the frame, from pixel centres, of a point of this widget."""
        return self._transform().inverted()[0].map(point)

    def picture_rect(self) -> QRectF:
        """The letter-boxed rectangle of the picture, on whole pixels so that it stays sharp."""
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
        to_view = overlay_painter.FRAME_TO_QT * scale * QTransform.fromTranslate(rect.x(), rect.y())
        return to_view * _mirrored(rect) if self._style.mirror else to_view

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)
        if self._analysis is not None and not self._reported:
            self._reported = True
            delay = 1000 * (self._clock() - self._analysis.frame.captured_at)
            self.overlay_delay_ms = delay if any(self._maps or ()) else None
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
        if self._style.mirror:
            painter.setTransform(_mirrored(rect))
        painter.drawImage(rect, self._image)
        painter.restore()
        painter.setClipRect(rect)
        painter.setFont(self._label_font())
        maps = self.map_images()
        overlay_painter.paint_faces(
            painter, self._analysis, self._transform(), self._style, maps, self._model
        )
        if self._is_dimmed:
            painter.fillRect(rect, _DIMMED)
        if self._title:
            self._paint_title(painter, rect)

    def _label_font(self) -> QFont:
        return theme.sized(self.font(), 1.05, QFont.Weight.DemiBold)

    def _paint_title(self, painter: QPainter, rect: QRectF) -> None:
        """In a bottom corner, where no label is."""
        metrics = painter.fontMetrics()
        plate = QRectF(0, 0, metrics.horizontalAdvance(self._title) + 24, metrics.height() + 12)
        plate.moveBottomLeft(rect.bottomLeft() + QPointF(_MARGIN, -_MARGIN))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.to_qcolor(palette.VIDEO_PLATE))
        painter.drawRoundedRect(plate, theme.RADIUS, theme.RADIUS)
        painter.setPen(QColor(palette.VIDEO_TEXT))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, self._title)

    def face_at(self, point: QPointF) -> Face | None:
        """The face whose box or label is at this point of the widget.

        The smallest of several: the box of a larger one may surround it.
        """
        if self._analysis is None:
            return None
        to_view, picture = self._transform(), self.picture_rect()
        metrics = QFontMetricsF(self._label_font())
        for face in reversed(self._analysis.faces):
            box = to_view.mapRect(QRectF(*face.box))
            label = (
                label_text.box_label(face, self._analysis, self._model) if self._style.boxes else ""
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
        """The face at `point`, while there are several to choose from."""
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
    """Exchanges left and right of `rect`."""
    return QTransform(-1, 0, 0, 1, 2 * rect.center().x(), 0)
