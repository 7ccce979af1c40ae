"""Plays a recording: its clean video at the original times, with the recorded results."""

import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.recording.face_details import FaceDetailsReader
from ferapp.recording.h264 import NOMINAL_FPS, H264Reader, next_tick
from ferapp.recording.session import CLEAN, DETAILS, OVERLAID, RecordedFrame, read_session
from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.recorded import RecordedResults, Replay


class SessionSource(FrameSource):
    """The pictures of a recording. Where there is only the video with overlays, it plays that."""

    kind: Kind = "video"

    def __init__(self, folder: Path) -> None:
        session = read_session(folder)
        self.name = folder.resolve().name
        video = _video_file(folder)
        try:
            self._video = H264Reader(video)
        except OSError as error:
            reason = error.strerror or error
            raise SourceError(f"{video}: this video cannot be opened ({reason})") from error
        self._frames = _by_tick(session.frames, self._video.last)
        if not self._frames:
            self._video.close()
            raise SourceError(f"{folder}: there is no picture in this recording")
        self._ticks = list(self._frames)
        self._times = [frame.time_s for frame in self._frames.values()]
        self.frame_count = len(self._frames)
        self.duration_s = session.frames[-1].time_s or 1 / NOMINAL_FPS  # of a single frame, too
        span_s = self._times[-1] - self._times[0]
        self.fps = (len(self._times) - 1) / span_s if span_s > 0 else NOMINAL_FPS
        self._has_overlays = video.name == OVERLAID
        has_details = any(frame.details_at is not None for frame in session.frames)
        file = folder / DETAILS
        self._details = FaceDetailsReader(file) if has_details and file.is_file() else None
        self.recorded = Replay(
            self.name,
            session.model,
            session.table,
            session.marks,
            has_overlays=self._has_overlays,
            is_complete=session.is_complete,
            has_details=self._details is not None,
            model_hash=session.model_hash,
            stimuli=session.stimuli,
        )

    def read(self) -> Frame | None:
        while (picture := self._video.read()) is not None:
            image, tick = picture
            recorded = self._frames.get(tick)
            if recorded is not None:  # a picture whose row was lost has no results
                return self._frame(image, recorded)
        return None

    def _frame(self, image: NDArray[np.uint8], recorded: RecordedFrame) -> Frame:
        return Frame(
            image,
            recorded.number,
            recorded.time_s,
            time.perf_counter(),
            recorded=self._with_details(recorded),
            has_overlays=self._has_overlays,
        )

    def _with_details(self, recorded: RecordedFrame) -> RecordedResults:
        """The results with landmarks and maps, where those of all faces can be read."""
        results, place = recorded.results, recorded.details_at
        if self._details is None or place is None:
            return results
        details = self._details.read(place)
        if len(details) != len(results.faces):
            return results
        pairs = zip(results.faces, details, strict=True)
        return replace(results, faces=tuple(replace(face, details=own) for face, own in pairs))

    def rewind(self) -> None:
        self.seek(0.0)

    def seek(self, time_s: float) -> None:
        """Between two frames, to the earlier one."""
        number = max(0, bisect_right(self._times, time_s + 1e-6) - 1)
        self._video.seek(self._ticks[number])

    def close(self) -> None:
        self._video.close()
        if self._details is not None:
            self._details.close()


def _by_tick(frames: Sequence[RecordedFrame], last: int) -> dict[int, RecordedFrame]:
    """The frames that have a picture, by its tick in the video, which goes as far as `last`.

    Where a crash lost the last pictures, the tables go further than the video.
    """
    found: dict[int, RecordedFrame] = {}
    tick = None
    for frame in frames:
        if frame.video_frame is not None:
            tick = next_tick(frame.time_s, tick)
            if tick <= last:
                found[tick] = frame
    return found


def _video_file(folder: Path) -> Path:
    for name in (CLEAN, OVERLAID):
        if (folder / name).is_file():
            return folder / name
    others = sorted(file.name for file in folder.glob("*.avi"))
    plays = f" {others[0]}, of an earlier version, plays when you open that file." if others else ""
    raise SourceError(
        f"{folder}: this recording has no {CLEAN} or {OVERLAID} to play",
        f"Its tables are there: faces.csv has the results.{plays}",
    )
