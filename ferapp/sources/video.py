"""Frames from video files."""

import time
from pathlib import Path

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.decoding.av_reader import DEFAULT_FPS as DEFAULT_FPS
from ferapp.sources.decoding.av_reader import FAILURES, AvReader, NoVideoError
from ferapp.sources.decoding.open_container import LocalFile, open_file
from ferapp.sources.file_kind import VIDEO_FILE_SUFFIXES
from ferapp.sources.limits import VIDEO_PIXELS
from trainer.shown_text import shown_name

THREADS = 1  # that decode: more take processor time from the model


class VideoFile(FrameSource):
    """A video file from its first frame to its last, at the times that the file presents them.

    Frames are upright and have square pixels; `notes` says what that took. It can seek if it
    announces its length. `format_name` is FFmpeg's name of the format where content does not tell.
    Frames of more than `max_pixels` are refused.
    """

    kind: Kind = "video"

    def __init__(
        self,
        path: Path,
        name: str = "",
        format_name: str | None = None,
        max_pixels: int = VIDEO_PIXELS,
    ) -> None:
        self.name = name or shown_name(path.name)
        self._path, self._format_name, self._max_pixels = path, format_name, max_pixels
        self._file: LocalFile | None = None
        self._reader: AvReader | None = None
        self.rewind()

    @property
    def notes(self) -> tuple[str, ...]:
        return self._reader.notes if self._reader is not None else ()

    def rewind(self) -> None:
        """Opens the file anew, which takes milliseconds and finds the first frame in any format."""
        self.close()
        self._reader = self._open()
        self.fps, self.frame_count = self._reader.fps, self._reader.frame_count
        self.duration_s = self._reader.duration_s
        self._index = 0
        self._from_start = True  # no seek since

    def _open(self) -> AvReader:
        if not self._path.is_file():
            raise SourceError(f"{self._path}: there is no such file")
        try:
            self._file = LocalFile(self._path)
            container = open_file(self._file, self._format_name, self._max_pixels)
            return AvReader(container, threads=THREADS, max_pixels=self._max_pixels)
        except NoVideoError as error:
            self.close()
            raise SourceError(f"{self._path}: {error}") from error
        except FAILURES as error:
            self.close()
            is_named_video = self._path.suffix.lower() in VIDEO_FILE_SUFFIXES
            raise SourceError(
                f"{self._path}: this video cannot be opened (damaged, or an unknown format)"
                if is_named_video
                else f"{self._path}: this is neither a video nor a picture that can be opened"
            ) from error

    def seek(self, time_s: float) -> None:
        """To the frame that is on screen at that time, to the nearest half of a frame.

        Its index follows from its time and the rate.
        """
        assert self._reader is not None
        if not self._reader.seek(time_s):
            self.rewind()  # the container cannot: decode all that comes before
            self._reader.skip_to(time_s)
        self._from_start, self._index = False, -1

    def read(self) -> Frame | None:
        reader = self._reader
        if reader is None:
            return None
        picture = reader.read()
        if picture is None:
            if self._from_start:
                self._check_end(reader)
            return None
        image, time_s = picture
        if self._index < 0:
            self._index = round(time_s * self.fps)
        frame = Frame(image, self._index, time_s, time.perf_counter())
        self._index += 1
        return frame

    def _check_end(self, reader: AvReader) -> None:
        """Raise SourceError where the file ended before its end."""
        check_end(str(self._path), self._index, self.frame_count, is_truncated=reader.is_truncated)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._file is not None:
            self._file.close()
        self._reader = self._file = None


def check_end(name: str, frames: int, announced: int, *, is_truncated: bool) -> None:
    """Raise SourceError when the video `name` ended before its end."""
    if frames == 0:
        raise SourceError(f"{name}: not a single frame can be read")
    if is_truncated:
        raise SourceError(
            f"{name}: the file is truncated, it ends after {frames} of {announced} frames"
        )
