"""Plays a recording: its clean video at the true times, with the results that were recorded."""

import time
from bisect import bisect_right
from pathlib import Path

from ferapp.recording.motion_jpeg import Reader
from ferapp.recording.session import (
    CLEAN,
    OVERLAID,
    RecordedFrame,
    Replayed,
    SessionFrame,
    read_session,
)
from ferapp.sources.base import Kind, SourceError
from ferapp.sources.video import USUAL_FPS


class SessionSource(Replayed):
    """The pictures of a recording. Where there is only the video with overlays, it plays that."""

    kind: Kind = "video"

    def __init__(self, folder: Path) -> None:
        self.session = read_session(folder)
        self.name = folder.resolve().name
        self._video = self._open(folder)
        self._frames = [
            frame
            for frame in self.session.frames
            if frame.picture is not None and frame.picture < len(self._video)
        ]
        if not self._frames:
            self._video.close()
            raise SourceError(f"{folder}: there is no picture in this recording")
        self._times = [frame.time_s for frame in self._frames]
        self.seconds = self.session.frames[-1].time_s or 1 / USUAL_FPS  # one picture lasts, too
        lasts = self._times[-1] - self._times[0]
        self.fps = (len(self._times) - 1) / lasts if lasts > 0 else USUAL_FPS
        self._next = 0

    def _open(self, folder: Path) -> Reader:
        for name in (CLEAN, OVERLAID):
            if (folder / name).is_file():
                self.has_overlays = name == OVERLAID
                try:
                    return Reader(folder / name)
                except OSError as error:
                    raise SourceError(f"{folder / name}: {error.strerror or error}") from error
        raise SourceError(
            f"{folder}: this recording has no video that could be played",
            "Its tables are there: faces.csv has the results.",
        )

    def read(self) -> SessionFrame | None:
        while self._next < len(self._frames):
            frame = self._frames[self._next]
            self._next += 1
            found = self._picture(frame)
            if found is not None:
                return found
        return None

    def _picture(self, frame: RecordedFrame) -> SessionFrame | None:
        assert frame.picture is not None
        image = self._video.read(frame.picture)
        if image is None:
            return None
        return SessionFrame(
            image,
            frame.number,
            frame.time_s,
            time.perf_counter(),
            classes=frame.classes,
            faces=frame.faces,
            has_overlays=self.has_overlays,
        )

    def rewind(self) -> None:
        self._next = 0

    def seek(self, time_s: float) -> None:
        """Between two pictures, to the one before."""
        self._next = max(0, bisect_right(self._times, time_s + 1e-6) - 1)

    def close(self) -> None:
        self._video.close()
