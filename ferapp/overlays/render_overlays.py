"""The overlays in the pixels of the frame: for what leaves the window as a picture or a video."""

from PySide6.QtGui import QFont, QImage, QPainter, QTransform

from ferapp.overlays import overlay_painter
from ferapp.overlays.overlay_style import Look
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis

REFERENCE = 540  # px, the shorter side of a frame that lines and text have their own size on
LEAST = 0.75  # of it: smaller text cannot be read on a small frame
TEXT = 15  # px on such a frame


def burn(analysis: Analysis, look: Look) -> QImage:
    """The frame at its own resolution with all that `look` asks for; never mirrored.

    Lines and text grow with the frame. Any thread may call this once there is a QGuiApplication.
    """
    image = overlay_painter.picture_image(analysis.picture).copy()
    scale = max(min(image.width(), image.height()) / REFERENCE, LEAST)
    image.setDevicePixelRatio(scale)  # as on a finer screen: cosmetic pens and text grow too
    font = QFont()
    font.setPixelSize(TEXT)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(theme.sized(font, 1, QFont.Weight.DemiBold))
        frame_to_image = overlay_painter.FRAME_TO_QT * QTransform.fromScale(1 / scale, 1 / scale)
        maps = overlay_painter.map_images(analysis, look)
        overlay_painter.paint_faces(painter, analysis, frame_to_image, look, maps)
    image.setDevicePixelRatio(1)
    return image
