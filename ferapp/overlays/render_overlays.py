"""Draws the overlays into the pixels of a frame, for snapshots and videos."""

from PySide6.QtGui import QFont, QImage, QPainter, QTransform

from ferapp.overlays import overlay_painter
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.vision.types import Analysis

REFERENCE_PX = 540  # shorter side of a frame on which lines and text have their nominal size
LEAST_SCALE = 0.75  # smaller text is illegible
TEXT_PX = 15  # at the reference size


def render_overlays(analysis: Analysis, style: OverlayStyle) -> QImage:
    """The frame at its own resolution with the overlays of `style`; never mirrored.

    Lines and text grow with the frame. Any thread may call this once there is a QGuiApplication.
    """
    image = overlay_painter.picture_image(analysis.picture).copy()
    scale = max(min(image.width(), image.height()) / REFERENCE_PX, LEAST_SCALE)
    image.setDevicePixelRatio(scale)  # as on a high-resolution screen: cosmetic pens grow too
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(_label_font())
        frame_to_image = overlay_painter.FRAME_TO_QT * QTransform.fromScale(1 / scale, 1 / scale)
        maps = overlay_painter.map_images(analysis, style)
        overlay_painter.paint_faces(painter, analysis, frame_to_image, style, maps)
    image.setDevicePixelRatio(1)
    return image


def _label_font() -> QFont:
    font = QFont()
    font.setPixelSize(TEXT_PX)
    font.setWeight(QFont.Weight.DemiBold)
    font.setFeature(QFont.Tag("tnum"), 1)  # digits of equal width: changing numbers do not jump
    return font
