"""Drawn over a picture: the ring of the brush, and the patches that a search tests."""

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from ferapp.overlays import palette
from ferapp.ui.live.video_view import VideoView
from ferapp.vision.face_mesh import to_picture
from ferapp.vision.hidden_areas import Area

PULSE_S = 1.8  # that a patch pulses after it was found
_PULSES = 3
_REACH = 12.0  # px by which the pulse grows
_TICK_MS = 33
_RING_MARGIN = 4  # px around the ring that are repainted with it


class BrushLayer(QWidget):
    """Covers a view, which gets all mouse events."""

    def __init__(self, view: VideoView, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(view)
        self._view, self._clock = view, clock
        self._ring: tuple[QPointF, float, bool] | None = None  # centre, radius, whether it erases
        self._patches: tuple[Area, ...] = ()
        self._found: Area | None = None
        self._found_at = 0.0
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._pulse)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.hide()

    def set_ring(
        self, centre: QPointF | None, radius: float = 0.0, *, erases: bool = False
    ) -> None:
        """Where the brush is, in px of the view; None while it is elsewhere."""
        before, self._ring = self._ring, (centre, radius, erases) if centre is not None else None
        for ring in (before, self._ring):
            if ring is not None:
                self.update(_ring_rect(ring[0], ring[1]))
        self._show_if_needed()

    def show_patches(self, patches: tuple[Area, ...]) -> None:
        """The patches that are tested now."""
        self._patches = patches
        self._show_if_needed()
        self.update()

    def show_found(self, patch: Area) -> None:
        """Let the patch pulse for a while."""
        self._patches, self._found, self._found_at = (), patch, self._clock()
        self._timer.start()
        self._show_if_needed()
        self.update()

    @property
    def patches(self) -> tuple[Area, ...]:
        """Those that are tested now."""
        return self._patches

    @property
    def found(self) -> Area | None:
        """The patch that pulses."""
        return self._found

    def _pulse(self) -> None:
        if self._clock() - self._found_at > PULSE_S:
            self._timer.stop()
            self._found = None
            self._show_if_needed()
        self.update()

    def _show_if_needed(self) -> None:
        needed = self._ring is not None or bool(self._patches) or self._found is not None
        if needed:
            self.setGeometry(self._view.rect())
        if needed == self.isHidden():
            self.setVisible(needed)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for patch in self._patches:
                self._paint_patch(painter, patch, QColor(palette.VIDEO_TEXT), 0.0)
            if self._found is not None:
                age = (self._clock() - self._found_at) / PULSE_S
                grow = _REACH * abs(math.sin(math.pi * _PULSES * age))
                self._paint_patch(painter, self._found, palette.to_qcolor(palette.LANDMARK), grow)
            if self._ring is not None:
                _paint_ring(painter, *self._ring)

    def _paint_patch(self, painter: QPainter, patch: Area, colour: QColor, grow: float) -> None:
        """`grow` px larger on each side."""
        corners = self.patch_corners(patch)
        centre = QPolygonF(corners).boundingRect().center()
        grown = []
        for corner in corners:
            out = corner - centre
            grown.append(corner + out * (grow / max(math.hypot(out.x(), out.y()), 1e-6)))
        polygon = QPolygonF(grown)
        fill = QColor(colour)
        fill.setAlphaF(0.12)
        painter.setBrush(fill)
        for shade, width in (
            (palette.to_qcolor(palette.VIDEO_BACKGROUND, 0.5), 3.5),
            (colour, 1.5),
        ):
            painter.setPen(QPen(shade, width))
            painter.drawPolygon(polygon)

    def patch_corners(self, patch: Area) -> list[QPointF]:
        """Its corners in the view; empty while the selected face has no landmarks."""
        analysis = self._view.analysis
        face = analysis.selected_face if analysis is not None else None
        if face is None or face.landmarks is None:
            return []
        corners = to_picture(patch.points, face.landmarks).tolist()
        return [self._view.frame_to_view(x, y) for x, y in corners]


def _ring_rect(centre: QPointF, radius: float) -> QRect:
    around = radius + _RING_MARGIN
    return QRectF(centre.x() - around, centre.y() - around, 2 * around, 2 * around).toAlignedRect()


def _paint_ring(painter: QPainter, centre: QPointF, radius: float, erases: bool) -> None:
    """Dashed while it erases: not told apart by colour alone."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(palette.to_qcolor(palette.VIDEO_BACKGROUND, 0.6), 3.5))
    painter.drawEllipse(centre, radius, radius)
    line = QPen(QColor(palette.VIDEO_TEXT), 1.5)
    if erases:
        line.setDashPattern([4, 3])
    painter.setPen(line)
    painter.drawEllipse(centre, radius, radius)
