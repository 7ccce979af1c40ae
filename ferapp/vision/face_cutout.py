"""One face of an analysis with the picture around it alone: small enough to keep many."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.types import Analysis, Face

# around the box, in heights of the box: what a wide view of the face shows
ROOM_BESIDE = 1.3
ROOM_ABOVE = 0.3


def cut_out_face(analysis: Analysis, face: Face) -> Analysis:
    """`analysis` with `face` alone, its picture and coordinates those of a part of the frame.

    The part is the box with room around it, as far as the frame reaches. It is the image of the
    frame from then on; the other pixels are dropped.
    """
    x, y, width, height = face.box
    beside, above = ROOM_BESIDE * height, ROOM_ABOVE * height
    rows, columns = analysis.picture.shape[:2]
    left, right = _span(x - beside, x + width + beside, columns)
    top, bottom = _span(y - above, y + height + above, rows)
    picture = analysis.picture[top:bottom, left:right].copy()
    frame = replace(analysis.frame, image=picture[..., :3], recorded=None)  # shares its memory
    return replace(
        analysis,
        frame=frame,
        faces=(_moved(face, left, top),),
        picture=picture,
        selected_id=face.face_id,
    )


def _span(start: float, end: float, size: int) -> tuple[int, int]:
    """Whole pixels of `size`, at least one."""
    first = int(min(max(np.floor(start), 0), size - 1))
    return first, int(min(max(np.ceil(end), first + 1), size))


def _moved(face: Face, left: int, top: int) -> Face:
    """`face` in a frame whose first pixel was at (left, top)."""
    x, y, width, height = face.box
    predictions = []
    for prediction in face.predictions:
        attribution = prediction.attribution if prediction is not None else None
        if prediction is not None and attribution is not None:
            from_frame = _moved_crop(attribution.from_frame, left, top)
            attribution = replace(attribution, from_frame=from_frame)
            prediction = replace(prediction, attribution=attribution)
        predictions.append(prediction)
    crop = face.crop
    if crop is not None:
        crop = replace(crop, from_frame=_moved_crop(crop.from_frame, left, top))
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = landmarks - np.array([left, top], np.float32)
    return replace(
        face,
        box=(x - left, y - top, width, height),
        landmarks=landmarks,
        crop=crop,
        predictions=tuple(predictions),
    )


def _moved_crop(from_frame: NDArray[np.float32], left: int, top: int) -> NDArray[np.float32]:
    moved = from_frame.copy()
    moved[:, 2] += from_frame[:, :2] @ np.array([left, top], np.float32)
    return moved
