"""Frames from a web or network camera: HTTP (MJPEG, or a video file there) and RTSP."""

import threading
import time

import av
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.decoding.av_reader import FAILURES, AvReader, NoVideoError
from ferapp.sources.decoding.hosts import Hosts
from ferapp.sources.decoding.open_container import open_address
from ferapp.sources.faults import FaultKind, stream_fault_text
from ferapp.sources.limits import DEFAULT_LIMITS, SourceLimits
from ferapp.sources.stream_address import without_password
from ferapp.sources.video import check_end

TIMEOUT_S = 5.0  # to connect, and between two frames
MAX_DAMAGED = 25  # damaged packets in a row that end the stream; fewer are skipped


class Stream(FrameSource):
    """What an address sends. A finite video there is of the kind `video`, paced like a file.

    Another thread may close it: a read that waits then ends within `timeout_s`, and closes it.
    """

    kind: Kind = "stream"

    def __init__(
        self, url: str, timeout_s: float = TIMEOUT_S, limits: SourceLimits = DEFAULT_LIMITS
    ) -> None:
        self._url, self._timeout_s, self._limits = url, timeout_s, limits
        self._hosts = Hosts(url, limits.follows_hosts)
        self.name = without_password(url)
        self._reader: AvReader | None = None
        self._in_use = threading.Lock()  # held while the reader works
        self._is_closed = False
        self.rewind()

    @property
    def notes(self) -> tuple[str, ...]:
        return self._reader.notes if self._reader is not None else ()

    def rewind(self) -> None:
        self.close()
        self._is_closed = False
        self._reader = reader = self._open()
        if reader.frame_count:
            self.kind, self.fps, self.frame_count = "video", reader.fps, reader.frame_count
        self._index, self._began = 0, 0.0

    def read(self) -> Frame | None:
        try:
            with self._in_use:
                return None if self._reader is None else self._read(self._reader)
        finally:
            if self._is_closed:
                self.close()

    def close(self) -> None:
        self._is_closed = True
        if self._in_use.acquire(blocking=False):  # else `read` closes it
            try:
                if self._reader is not None:
                    self._reader.close()
                self._reader = None
            finally:
                self._in_use.release()

    def _read(self, reader: AvReader) -> Frame | None:
        started = time.perf_counter()
        try:
            picture = reader.read()
        except av.ExitError as error:
            self._check_hosts()
            raise self._error(FaultKind.STALLED) from error
        now = time.perf_counter()
        if picture is not None:
            return self._frame(*picture, now)
        self._check_hosts()
        if now - started >= 0.9 * self._timeout_s:
            raise self._error(FaultKind.STALLED)
        if self.kind == "stream":
            raise self._error(FaultKind.LOST)
        check_end(self.name, self._index, self.frame_count, is_truncated=reader.is_truncated)
        return None

    def _frame(self, image: NDArray[np.uint8], in_file_s: float, now: float) -> Frame:
        if self._index == 0:
            self._began = now
        time_s = in_file_s if self.kind == "video" else now - self._began
        frame = Frame(image, self._index, time_s, now)
        self._index += 1
        return frame

    def _open(self) -> AvReader:
        began, pixels = time.perf_counter(), self._limits.video_pixels
        try:
            container = open_address(self._url, self._timeout_s, self._hosts, pixels)
            return AvReader(container, max_damaged=MAX_DAMAGED, max_pixels=pixels)
        except NoVideoError as error:
            raise SourceError(f"{self.name}: {error}") from error
        except FAILURES as error:
            self._check_hosts()
            raise self._opening_error(time.perf_counter() - began) from error

    def _check_hosts(self) -> None:
        """Raise SourceError where the address led to another host, which was not contacted."""
        if self._hosts.refused:
            raise SourceError(
                f"{self.name}: it leads to another address, {self._hosts.refused}, which was not "
                "contacted",
                "If you trust it, open that address itself, or use "
                "`ferapp analyze --follow-hosts`.",
            )

    def _opening_error(self, waited_s: float) -> SourceError:
        if waited_s >= 0.9 * self._timeout_s:
            return SourceError(
                f"{self.name}: no video arrived within {self._timeout_s:g} s",
                "Check the address, the server and the network.",
                FaultKind.ABSENT,
            )
        return SourceError(
            f"{self.name}: no video at this address",
            "Check the address, its port and the password.",
            FaultKind.ABSENT,
        )

    def _error(self, kind: FaultKind) -> SourceError:
        return SourceError(*stream_fault_text(kind, self.name), kind)
