"""MediaPipe's landmark results as arrays, read from its C library.

MediaPipe's own wrapper makes an object of each of a face's 478 points and runs every call in one
more thread: about 1 ms a face, with the interpreter's lock held. The names used here are private:
pyproject.toml bounds MediaPipe's version, and a test compares with the public call.
"""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.faces.mediapipe_import import import_mediapipe


@dataclass(frozen=True, slots=True)
class LandmarkArrays:
    """Of one face: `points` (478, 2) float32 as shares of the picture's width and height, `pose`
    (4, 4) and `blendshapes` by name, None and empty unless they were asked for.
    """

    points: NDArray[np.float32]
    pose: NDArray[np.float32] | None
    blendshapes: Mapping[str, float]


def detect_arrays(task: Any, image: Any, time_ms: int | None) -> list[LandmarkArrays]:
    """The faces that `task`, a mediapipe FaceLandmarker, finds in the mediapipe `image`.

    `time_ms` is the timestamp of a task in video mode, None in image mode. Raises what the public
    call raises.
    """
    wrapper = import_mediapipe().landmarker
    library = task._lib._lib  # without the thread that serialises calls: a task has one caller
    result = wrapper.FaceLandmarkerResultC()
    error = ctypes.c_char_p()
    arguments = [task._handle, image._image_ptr, None]  # None: the whole picture, upright
    if time_ms is None:
        detect = library.MpFaceLandmarkerDetectImage
    else:
        detect = library.MpFaceLandmarkerDetectForVideo
        arguments.append(time_ms)
    status = detect(*arguments, ctypes.byref(result), ctypes.byref(error))
    if status:
        try:
            wrapper.mediapipe_c_utils.handle_status(status, error)
        finally:
            library.MpErrorFree(error)
    try:
        return [_face(result, index) for index in range(result.face_landmarks_count)]
    finally:
        library.MpFaceLandmarkerCloseResult(ctypes.byref(result))


def _face(result: Any, index: int) -> LandmarkArrays:
    found = result.face_landmarks[index]
    width = ctypes.sizeof(found.landmarks._type_) // ctypes.sizeof(ctypes.c_float)
    floats = ctypes.cast(found.landmarks, ctypes.POINTER(ctypes.c_float))
    table = np.ctypeslib.as_array(floats, (found.landmarks_count, width))
    points = table[:, :2].copy()  # x and y come first; the library frees the table
    pose, blendshapes = None, dict[str, float]()
    if index < result.facial_transformation_matrixes_count:
        pose = result.facial_transformation_matrixes[index].to_numpy()
    if index < result.face_blendshapes_count:
        shapes = result.face_blendshapes[index]
        blendshapes = {
            _name(shapes.categories[i].category_name): shapes.categories[i].score
            for i in range(shapes.categories_count)
        }
    return LandmarkArrays(points, pose, blendshapes)


def _name(text: bytes | None) -> str:
    return text.decode() if text else ""
