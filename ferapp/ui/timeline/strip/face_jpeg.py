"""A small JPEG of a face in a picture."""

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, Qt
from PySide6.QtGui import QImage

from ferapp.vision.types import Analysis, Face

SIDE = 72  # px
_MARGIN = 0.15  # of the box, on every side
_QUALITY = 80


def face_jpeg(analysis: Analysis, face: Face) -> bytes:
    """The square around the face, as far as it lies in the picture; b"" if it does not."""
    height, width = analysis.picture.shape[:2]
    x, y, box_width, box_height = face.box
    half = (0.5 + _MARGIN) * max(box_width, box_height)
    centre_x, centre_y = x + box_width / 2, y + box_height / 2
    square = QRect(
        round(centre_x - half), round(centre_y - half), round(2 * half), round(2 * half)
    ).intersected(QRect(0, 0, width, height))
    if square.isEmpty():
        return b""
    rows = np.ascontiguousarray(
        analysis.picture[square.top() : square.bottom() + 1, square.left() : square.right() + 1]
    )
    image = QImage(
        rows.data, square.width(), square.height(), rows.strides[0], QImage.Format.Format_RGB32
    ).scaled(
        SIDE,
        SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG", _QUALITY)  # type: ignore[call-overload]
    return bytes(data.data())
