"""The picture with everything that is known of it, painted at the resolution of the screen."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.ui import overlays, theme, wording
from ferapp.vision.analysis import Analysis


class VideoView(QWidget):
    """Shows one Analysis, letter-boxed. `on_painted` hears of each analysis once, when painted.

    A callback and not a signal: no frame travels through Qt's signals.
    """

    def __init__(self, on_painted: Callable[[Analysis], None]) -> None:
        super().__init__()
        self._on_painted = on_painted
        self._analysis: Analysis | None = None
        self._image: QImage | None = None
        self._maps: list[QImage | None] = []  # one per face, made when first needed
        self._reported = True
        self._message = ""
        self._boxes = True
        self._landmarks = True
        self._attribution = True
        self._opacity = 0.6
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setAccessibleName("Picture")
        self.setAccessibleDescription(wording.summary(None))

    def sizeHint(self) -> QSize:
        return QSize(880, 660)

    @property
    def analysis(self) -> Analysis | None:
        return self._analysis

    def show_analysis(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._image = overlays.picture_image(analysis.picture)  # the analysis keeps the array alive
        self._maps = [None] * len(analysis.faces)
        self._reported = False
        self.update()

    def set_message(self, text: str) -> None:
        """Words in the middle, as long as there is no picture."""
        if text != self._message:
            self._message = text
            self.update()

    def set_boxes(self, on: bool) -> None:
        self._boxes = on
        self.update()

    def set_landmarks(self, on: bool) -> None:
        self._landmarks = on
        self.update()

    def set_attribution(self, on: bool) -> None:
        self._attribution = on
        self.update()

    def set_opacity(self, opacity: float) -> None:
        """Of the attribution maps, 0–1; 0 leaves the picture as it is."""
        self._opacity = opacity
        self._maps = [None] * len(self._maps)
        self.update()

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
        return overlays.FRAME_TO_QT * scale * QTransform.fromTranslate(rect.x(), rect.y())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)
        if self._analysis is not None and not self._reported:
            self._reported = True
            self._on_painted(self._analysis)

    def _paint(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(theme.VIDEO_GROUND))
        if self._image is None or self._analysis is None:
            painter.setPen(QColor(theme.VIDEO_MUTED))
            painter.setFont(theme.sized(self.font(), 1.2))
            room = self.rect().adjusted(24, 24, -24, -24)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, flags, self._message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.picture_rect(), self._image)
        self._paint_overlays(painter, self._analysis)

    def _paint_overlays(self, painter: QPainter, analysis: Analysis) -> None:
        transform = self._transform()
        painter.setClipRect(self.picture_rect())
        painter.setFont(theme.sized(self.font(), 1.05, QFont.Weight.DemiBold))
        for index, face in enumerate(analysis.faces):
            if self._attribution and self._opacity > 0 and face.attribution is not None:
                image = self._maps[index] or overlays.map_image(face.attribution, self._opacity)
                self._maps[index] = image
                overlays.draw_attribution(painter, face, transform, image)
        for face in analysis.faces:
            if self._landmarks:
                overlays.draw_landmarks(painter, face, transform)
        for face in reversed(analysis.faces):  # the largest face's label on top
            if self._boxes:
                label = wording.face_label(face, analysis.classes)
                overlays.draw_box(painter, face, transform, label)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)
