"""Inputs and outputs of the tests of `ferapp analyze`."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from ferapp.sources.base import Frame, FrameSource, Kind

CLIP_FRAMES = 24
HEADER = (
    "frame,time_s,face_id,box_x,box_y,box_w,box_h,label,confidence,"
    "p_angry,p_disgust,p_fear,p_happy,p_sad,p_surprise,p_neutral,"
    "yaw_deg,pitch_deg,roll_deg,eye_left,eye_right,"
    "au01,au02,au04,au05,au06,au07,au09,au10,au12,au14,au15,au16,au17,au18,au20,au22,au24,au26,"
    "au28,au45"
)
QUALITY = ",detection_score,face_px,sharpness,brightness,turned_deg,doubts"  # the last columns


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def meanings_of(table: Path) -> dict[str, str]:
    """The columns and their meanings in the note beside the table."""
    note = json.loads(table.with_name(f"{table.name}.json").read_text(encoding="utf-8"))
    return dict(note["columns"])


def frames_of(path: Path) -> tuple[float, list[np.ndarray]]:
    """Rate and frames of a video."""
    capture = cv2.VideoCapture(str(path))
    rate, frames = capture.get(cv2.CAP_PROP_FPS), []
    while (read := capture.read())[0]:
        frames.append(np.asarray(read[1]))
    capture.release()
    return rate, frames


def times_of(video: Path) -> list[float]:
    """Seconds of each frame, by the container."""
    container = av.open(str(video))
    stream = container.streams.video[0]
    found = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
    container.close()
    return found


class ScriptedStream(FrameSource):
    """A live source that gives one picture at the times listed and then calls `end`."""

    name = "Scripted"
    kind: Kind = "stream"

    def __init__(self, image: np.ndarray, times: list[float], end: Callable[[], None]) -> None:
        self._image, self._times, self._end = image, times, end
        self._index = 0

    def read(self) -> Frame | None:
        if self._index == len(self._times):
            self._end()
            return None
        frame = Frame(self._image, self._index, self._times[self._index], 0.0)
        self._index += 1
        return frame

    def close(self) -> None: ...


def raises(error: BaseException) -> Callable[[], None]:
    def end() -> None:
        raise error

    return end


def shorten(table: Path, rows: int, more: bytes = b"") -> bytes:
    """Truncate to the head, `rows` rows and `more`, as in a crash; returns what a resume keeps."""
    lines = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(b"".join(lines[: 1 + rows]) + more)
    return b"".join(lines[:rows])
