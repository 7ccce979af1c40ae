"""Plays a recording: its clean video at the original times, with the recorded results."""

import time
from bisect import bisect_right
from pathlib import Path

from ferapp.recording.motion_jpeg import MotionJpegReader
from ferapp.recording.session import CLEAN, OVERLAID, RecordedFrame, read_session
from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.recorded import Replay
from ferapp.sources.video import DEFAULT_FPS


class SessionSource(FrameSource):
    """The pictures of a recording. Where there is only the video with overlays, it plays that."""

    kind: Kind = "video"

    def __init__(self, folder: Path) -> None:
        session = read_session(folder)
        self.name = folder.resolve().name
        video = _video_file(folder)
        try:
            self._video = MotionJpegReader(video)
        except OSError as error:
            raise SourceError(f"{video}: {error.strerror or error}") from error
        self._frames = [
            frame
            for frame in session.frames
            if frame.video_frame is not None and frame.video_frame < len(self._video)
        ]
        if not self._frames:
            self._video.close()
            raise SourceError(f"{folder}: there is no picture in this recording")
        self._times = [frame.time_s for frame in self._frames]
        self.frame_count = len(self._frames)
        self.duration_s = session.frames[-1].time_s or 1 / DEFAULT_FPS  # of a single frame, too
        span_s = self._times[-1] - self._times[0]
        self.fps = (len(self._times) - 1) / span_s if span_s > 0 else DEFAULT_FPS
        self._has_overlays = video.name == OVERLAID
        self.recorded = Replay(
            self.name, session.model, session.marks, self._has_overlays, session.is_complete
        )
        self._next = 0

    def read(self) -> Frame | None:
        while self._next < len(self._frames):
            recorded = self._frames[self._next]
            self._next += 1
            frame = self._frame(recorded)
            if frame is not None:
                return frame
        return None

    def _frame(self, recorded: RecordedFrame) -> Frame | None:
        """None where the picture is damaged."""
        assert recorded.video_frame is not None
        image = self._video.read(recorded.video_frame)
        if image is None:
            return None
        return Frame(
            image,
            recorded.number,
            recorded.time_s,
            time.perf_counter(),
            recorded=recorded.results,
            has_overlays=self._has_overlays,
        )

    def rewind(self) -> None:
        self._next = 0

    def seek(self, time_s: float) -> None:
        """Between two frames, to the earlier one."""
        self._next = max(0, bisect_right(self._times, time_s + 1e-6) - 1)

    def close(self) -> None:
        self._video.close()


def _video_file(folder: Path) -> Path:
    for name in (CLEAN, OVERLAID):
        if (folder / name).is_file():
            return folder / name
    raise SourceError(
        f"{folder}: this recording has no video to play",
        "Its tables are there: faces.csv has the results.",
    )
