"""Landmarks and maps of recorded faces: small arrays in one file, each at a place of its own.

The file is a sequence of gzip members. Each is a NumPy array (.npy) with the faces of one frame,
in the order of faces.csv; frames.csv has the byte at which it begins. So it is read frame by
frame while it is written, and after a crash as far as it goes.
"""

import gzip
import io
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferapp.overlays.overlay_style import displayed_map
from ferapp.sources.recorded import RecordedDetails, RecordedMap
from ferapp.vision.types import Analysis, Face
from trainer.attribution_methods import DEFAULT_METHOD

POINTS: Final = 68
MAX_FACES, MAX_SIDE = 64, 512  # of an array that is read: a damaged file may claim anything
LEVEL = 6  # of gzip: 0.2 ms a face
NO_MAP = -1
MAP_STEPS = 127  # from 0 to the peak of a map
DESCRIPTION = (
    "Landmarks and maps. Gzip members; each is a NumPy array (.npy) with the faces of a frame in "
    "the order of faces.csv, and begins at the byte in frames.csv. box: x, y, width, height in "
    "pixels of the source. landmarks: from the box's corner, in its width and height. method and "
    "target: of the map; target is the index of the explained class, -1 without one. map: signed, "
    "127 is peak. from_frame: from pixels of the source to those of the map."
)


def face_dtype(side: int) -> np.dtype[Any]:
    """Of one face whose map has `side` × `side` pixels."""
    return np.dtype(
        [
            ("box", "<f4", (4,)),
            ("landmarks", "<f2", (POINTS, 2)),
            ("method", "S32"),
            ("target", "<i2"),
            ("peak", "<f4"),
            ("from_frame", "<f4", (2, 3)),
            ("map", "i1", (side, side)),
        ]
    )


def pack_faces(analysis: Analysis, target: str) -> NDArray[Any] | None:
    """The faces of `analysis` with the map that `target` of an `OverlayStyle` displays.

    None where no face has landmarks.
    """
    if not any(face.landmarks is not None for face in analysis.faces):
        return None
    maps = [displayed_map(face.prediction, target) for face in analysis.faces]
    side = next((values.shape[0] for found in maps if found for values in found[1:]), 0)
    packed = np.zeros(len(analysis.faces), face_dtype(side))
    packed["target"] = NO_MAP
    for row, face, found in zip(packed, analysis.faces, maps, strict=True):
        row["box"] = face.box
        if face.landmarks is not None:
            row["landmarks"] = (face.landmarks - row["box"][:2]) / np.maximum(row["box"][2:], 1)
        if found is not None:
            _pack_map(row, face, *found)
    return packed


def _pack_map(row: Any, face: Face, target: int, values: NDArray[np.float32]) -> None:
    prediction = face.prediction
    assert prediction is not None
    assert prediction.attribution is not None
    peak = float(np.abs(values).max(initial=0))
    row["method"], row["target"], row["peak"] = prediction.model.method.encode(), target, peak
    row["from_frame"] = prediction.attribution.from_frame
    row["map"] = np.round(values * (MAP_STEPS / peak)) if peak > 0 else 0


def compress(packed: NDArray[Any]) -> bytes:
    """One gzip member."""
    stream = io.BytesIO()
    np.save(stream, packed, allow_pickle=False)
    return gzip.compress(stream.getvalue(), LEVEL, mtime=0)


class FaceDetailsReader:
    """Reads `file` of a recording; what is missing or damaged is left out."""

    def __init__(self, file: Path) -> None:
        self._stream = file.open("rb")

    def read(self, place: int) -> tuple[RecordedDetails, ...]:
        """The faces of the frame whose array begins at byte `place`; () if it is damaged."""
        with suppress(OSError, EOFError, ValueError, TypeError):
            self._stream.seek(place)
            with gzip.GzipFile(fileobj=self._stream) as member:
                return tuple(_unpack(row) for row in _read_array(member))
        return ()

    def close(self) -> None:
        self._stream.close()


def _read_array(stream: Any) -> NDArray[Any]:
    """Raises ValueError unless the array is one of faces, and not larger than a frame's."""
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("not the version of .npy that recordings have")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    side = dtype["map"].shape[0] if dtype.names and "map" in dtype.names else MAX_SIDE + 1
    if len(shape) != 1 or shape[0] > MAX_FACES or side > MAX_SIDE or dtype != face_dtype(side):
        raise ValueError("not an array of faces")
    content = stream.read(shape[0] * dtype.itemsize)
    return np.frombuffer(content, dtype, count=shape[0])


def _unpack(row: Any) -> RecordedDetails:
    corner, size = row["box"][:2], np.maximum(row["box"][2:], 1)
    landmarks = (row["landmarks"].astype(np.float32) * size + corner).astype(np.float32)
    if not np.isfinite(landmarks).all() or not np.isfinite(row["from_frame"]).all():
        raise ValueError("no places in a picture")
    if row["target"] == NO_MAP:
        return RecordedDetails(landmarks)
    values = row["map"].astype(np.float32) * (row["peak"] / MAP_STEPS)
    method = row["method"].decode(errors="replace") or DEFAULT_METHOD
    explained = RecordedMap(values, int(row["target"]), row["from_frame"].copy(), method)
    return RecordedDetails(landmarks, explained)
