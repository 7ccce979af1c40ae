"""One zoomed face with two explanations: a draggable line between them, or their difference."""

import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
)

from ferapp.overlays import overlay_painter, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.difference_key import DifferenceKey
from ferapp.ui.duel.face_comparison import FaceComparison
from ferapp.ui.duel.side_colours import difference_palette, side_colour
from ferapp.ui.duel.sides import A, B
from ferapp.ui.stage.zoomed_face import ZoomedFace
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis

STEP = 0.02  # of the width, for a press of an arrow key
GRIP = 11.0  # px, radius of the handle
REACH = 14.0  # px from the line at which a press still takes it
LETTER = 22.0  # px, side of the plates with A and B


class Layer(StrEnum):
    WIPE = "wipe"
    DIFFERENCE = "difference"


class WipeView(ZoomedFace):
    """Left of the line lie A's overlays, right of it B's, also in a mirrored picture.

    `on_painted` is called once for each analysis that was shown live, when it was painted.
    """

    moved = Signal()  # the line

    def __init__(
        self,
        on_painted: Callable[[Analysis], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self._on_painted, self._clock = on_painted, clock
        self._unreported: Analysis | None = None
        self.overlay_delay_ms: float | None = None  # of the maps on the screen; None without maps
        self._comparison: FaceComparison | None = None
        self._layer = Layer.WIPE
        self._position = 0.5
        self._is_placed = False  # the line, at the face or by the user
        self._dragged = False
        self._images: tuple[list[QImage | None], ...] | None = None  # made when they are painted
        self.key = DifferenceKey(self)
        self.key.hide()
        self.setMouseTracking(True)
        self.setMinimumSize(240, 160)
        self.setAccessibleName("The face with both explanations")

    def show_comparison(
        self, analysis: Analysis, comparison: FaceComparison | None, *, is_live: bool = True
    ) -> None:
        """`comparison` is that of the selected face; None while there is only one side."""
        if is_live and (self.analysis is None or self.analysis.frame is not analysis.frame):
            self._unreported = analysis
        self._comparison, self._images = comparison, None
        self.show_analysis(analysis)
        face = analysis.selected_face
        if comparison is not None and face is not None and not self._is_placed:
            x, y, width, height = face.box
            middle = self.frame_to_view().map(QPointF(x + width / 2, y + height / 2))
            self.move_line(middle.x() / max(self.width(), 1))

    def set_overlay_style(self, style: OverlayStyle) -> None:
        """The headline has the labels, so there are no boxes."""
        self._images = None
        self.key.show_style(style)
        super().set_overlay_style(replace(style, boxes=False))

    @property
    def layer(self) -> Layer:
        return self._layer

    def set_layer(self, layer: Layer) -> None:
        self._layer, self._images = layer, None
        self.key.setVisible(layer is Layer.DIFFERENCE)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.update()

    @property
    def position(self) -> float:
        """Of the line, as a share of the width."""
        return self._position

    def move_line(self, position: float) -> None:
        self._position, self._is_placed = min(max(position, 0.0), 1.0), True
        self.moved.emit()
        self.update()

    def place_line(self) -> None:
        """Through the middle of the face that is shown next."""
        self._is_placed = False

    def line_x(self) -> int:
        """Whole pixels left of the line."""
        return round(self._position * self.width())

    def map_images(self, model: int) -> list[QImage | None]:
        """The coloured map of each shown face by the model with that index."""
        shown = self.analysis
        if shown is None:
            return []
        return overlay_painter.map_images(shown, self.overlay_style, model)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = self.key.sizeHint()
        left, top = (self.width() - size.width()) // 2, self.height() - size.height() - 10
        self.key.setGeometry(left, top, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._unreported is not None:
            reported, self._unreported = self._unreported, None
            delay = 1000 * (self._clock() - reported.frame.captured_at)
            has_maps = any(image is not None for images in self._images or () for image in images)
            self.overlay_delay_ms = delay if has_maps else None
            self._on_painted(reported)

    def paint_overlays(
        self, painter: QPainter, analysis: Analysis, frame_to_view: QTransform
    ) -> None:
        if self._images is None:
            self._images = self._make_images()
        if self._comparison is None or self._layer is Layer.DIFFERENCE:
            images = self._images[0]
            self._paint_side(painter, analysis, frame_to_view, images, 0)
            return
        x = self.line_x()
        areas = QRectF(0, 0, x, self.height()), QRectF(x, 0, self.width() - x, self.height())
        for model, area in enumerate(areas):
            painter.save()
            painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
            self._paint_side(painter, analysis, frame_to_view, self._images[model], model)
            painter.restore()
        self._paint_line(painter, x)

    def _make_images(self) -> tuple[list[QImage | None], ...]:
        """Maps of both sides, or of the difference alone."""
        style, comparison = self.overlay_style, self._comparison
        if self._layer is Layer.WIPE:
            return self.map_images(0), self.map_images(1)
        difference = comparison.difference if comparison is not None else None
        if difference is None or not style.attribution or self.analysis is None:
            return ([None] * len(self.analysis.faces if self.analysis else ()),)
        # full colour where one side has its strongest location and the other nothing
        style = replace(style, palette=difference_palette(style), signed=True, full_scale=1.0)
        return ([overlay_painter.map_image(difference, style)],)

    def _paint_side(
        self,
        painter: QPainter,
        analysis: Analysis,
        frame_to_view: QTransform,
        images: list[QImage | None],
        model: int,
    ) -> None:
        overlay_painter.paint_faces(
            painter, analysis, frame_to_view, self.overlay_style, images, model
        )

    def _paint_line(self, painter: QPainter, x: int) -> None:
        """The line between both sides, its handle, and the letters beside it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shade, light = palette.to_qcolor(palette.VIDEO_BACKGROUND, 0.6), QColor(palette.VIDEO_TEXT)
        middle = QPointF(x, self.height() / 2)
        for colour, width in ((shade, 4.0), (light, 2.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setPen(QPen(shade, 1))
        painter.setBrush(light)
        painter.drawEllipse(middle, GRIP, GRIP)
        painter.setPen(QPen(palette.to_qcolor(palette.VIDEO_BACKGROUND), 2))
        for side in (-1, 1):  # arrows to the left and to the right
            tip = middle + QPointF(side * 7, 0)
            painter.drawPolyline([tip - QPointF(side * 4, 4), tip, tip - QPointF(side * 4, -4)])
        top = self.height() - LETTER - 10
        for letter, left in ((A, x - LETTER - 8), (B, x + 8)):
            paint_letter(painter, QRectF(left, top, LETTER, LETTER), letter, self.overlay_style)

    def _is_on_line(self, x: float) -> bool:
        is_shown = self._layer is Layer.WIPE and self._comparison is not None
        return is_shown and abs(x - self.line_x()) <= REACH

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = self._is_on_line(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._dragged:
            self.move_line(x / max(self.width(), 1))
        at_line = self._dragged or self._is_on_line(x)
        shapes = Qt.CursorShape
        self.setCursor(shapes.SplitHCursor if at_line else shapes.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = False


def paint_letter(painter: QPainter, area: QRectF, letter: str, style: OverlayStyle) -> None:
    """A or B on a plate of its side's colour."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(side_colour(letter, style))
    painter.drawRoundedRect(area, 5, 5)
    painter.setPen(QColor("#ffffff"))
    painter.setFont(theme.sized(painter.font(), 1.0, QFont.Weight.Bold))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, letter)
