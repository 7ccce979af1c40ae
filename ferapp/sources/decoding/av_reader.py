"""A video stream in a container, decoded by FFmpeg (PyAV): pictures with their times."""

import math
import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ferapp.sources.decoding.frame_clock import FrameClock
from ferapp.sources.decoding.open_container import MAX_PIXELS
from ferapp.sources.decoding.picture_converter import Deinterlacer, PictureConverter
from ferapp.sources.limits import VIDEO_PIXELS

DEFAULT_FPS = 25.0  # for a file that states no rate, or an absurd one
MIN_FPS, MAX_FPS = 0.1, 1000.0
MIN_COMPLETE = 0.9  # a file that ends before this share of its announced length is truncated
MAX_UNREADABLE = 25  # failures in a row to read on that end a file
RUN_UP_S = 0.5  # before the frame of a seek: deinterlacing and guessed stamps need a past
LENGTH_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")  # of a stream in Matroska
NO_TIMESTAMPS = cast(int, Flags.no_timestamps.value)
FAILURES = (av.FFmpegError, OSError, ValueError)

Decoded = tuple[av.VideoFrame, float]


class NoVideoError(Exception):
    """A container without a video stream that can be decoded; the text says why."""


class AvReader:
    """The pictures of the video stream of `container`, which it owns.

    `threads` decode; more than one holds frames back, which a live stream must not. `max_damaged`
    packets in a row that cannot be decoded end the stream; 0 is no limit, for files. Frames of
    more than `max_pixels` are not decoded.
    Raises NoVideoError.
    """

    def __init__(
        self,
        container: InputContainer,
        *,
        threads: int = 1,
        max_damaged: int = 0,
        max_pixels: int = VIDEO_PIXELS,
    ) -> None:
        self._container, self._max_damaged = container, max_damaged
        try:
            self._stream = stream = _video_stream(container)
            _check_size(stream, max_pixels)
        except NoVideoError:
            container.close()
            raise
        stream.codec_context.options = {MAX_PIXELS: str(max_pixels)}
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "FRAME" if threads > 1 else "SLICE"
        self._time_base = stream.time_base or Fraction(1, 1_000_000)
        self._is_avi = container.format.name == "avi"  # whose stamps count frames as they are coded
        self._is_raw = bool(container.format.flags & NO_TIMESTAMPS)
        rate = _stated_rate(stream, by_average=not (self._is_avi or self._is_raw))
        self._is_rate_absurd = rate > MAX_FPS
        self.fps = max(rate, MIN_FPS) if 0 < rate <= MAX_FPS else DEFAULT_FPS
        start_s = None if self._is_rate_absurd or self._is_avi or self._is_raw else self._start_s()
        begin_s = self._begin_s(start_s)
        # lengths in Matroska and Flash are stamps of the end, which count from 0
        is_end = container.format.name.startswith(("matroska", "flv"))
        before_s = max(0.0, start_s or 0.0) if is_end else 0.0
        own_s = self._own_duration_s(begin_s, before_s)
        # a length of the whole container may be that of its sound: then every stream is watched
        self._watched = (stream,) if own_s or self._is_raw else tuple(container.streams)
        whole_s = 0.0 if self._is_raw else (container.duration or 0) / 1_000_000
        self.duration_s = own_s or max(0.0, whole_s - before_s)
        self.frame_count = self._announced_frames(begin_s)
        if self._is_rate_absurd:
            self.duration_s = self.frame_count / self.fps
        limit_s = 2 * self.duration_s + 60 if self.duration_s else 0.0
        self._clock = FrameClock(self._time_base, start_s, self.fps, limit_s)
        self._converter = PictureConverter(stream.sample_aspect_ratio)
        self._is_interlaced = False
        self._end_s = 0.0  # where what was read ends, of all watched streams
        self._ready: deque[Decoded] = deque()
        self._frames = self._whole_frames()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the pictures and times so far."""
        notes = list(self._converter.notes)
        if self._is_interlaced:
            notes.insert(0, "interlaced, deinterlaced")
        if self._is_rate_absurd:
            notes.insert(0, f"states an impossible frame rate, taken as {DEFAULT_FPS:g}")
        return tuple(notes)

    @property
    def is_truncated(self) -> bool:
        """Whether less than announced could be read; asked at the end of a run from the start."""
        return self._end_s < MIN_COMPLETE * self.duration_s

    def read(self) -> tuple[NDArray[np.uint8], float] | None:
        """The next picture, (H, W, 3) BGR, and its time; None at the end.

        Raises av.ExitError when its time-out interrupted it.
        """
        while (decoded := self._next()) is not None:
            frame, time_s = decoded
            with suppress(*FAILURES):  # a damaged frame may have no valid size or format
                return self._converter.convert(frame), time_s
        return None

    def seek(self, time_s: float) -> bool:
        """Continue with the frame on screen at `time_s`, to the nearest half of a frame.

        Before the first frame that is the first, behind the last one the last. False where this
        container cannot go there: what comes next is then unknown.
        """
        if self._clock.start_s is None and (first := self._next()) is not None:
            self._ready.append(first)
        asked_s, back_s = time_s, RUN_UP_S
        if self.duration_s:
            time_s = min(time_s, self.duration_s)
        while True:
            from_s = max(0.0, time_s - back_s)
            if not self._jump(from_s):
                return False
            if self._find(asked_s):
                return True
            if from_s <= 0:
                return False
            back_s *= 4

    def skip_to(self, time_s: float) -> bool:
        """As `seek`, but forward from here, by decoding; False where there is no frame at all."""
        return self._find(time_s, only_decodable=False)

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def _next(self) -> Decoded | None:
        return self._ready.popleft() if self._ready else next(self._frames, None)

    def _jump(self, time_s: float) -> bool:
        """Go to a key frame at or before a time; False where that is impossible."""
        stamp = math.floor((time_s + (self._clock.start_s or 0.0)) / self._time_base)
        try:
            self._container.seek(stamp, stream=self._stream, backward=True)
        except FAILURES:
            return False
        self._ready.clear()
        self._frames = self._whole_frames()
        self._clock.restart()
        return True

    def _find(self, asked_s: float, only_decodable: bool = True) -> bool:
        """Whether there is a frame up to a time; the last such and what follows are ready then.

        A frame counts from the middle between it and the one before, if that is less than half a
        frame of the stated rate. Frames that come before the first key frame may lack those they
        refer to.
        """
        before: Decoded | None = None
        for frame, time_s in self._frames:
            only_decodable = only_decodable and not frame.key_frame
            if only_decodable:
                continue
            interval = 1 / self.fps if before is None else min(1 / self.fps, time_s - before[1])
            if time_s - interval / 2 > asked_s + 1e-9:
                after = (frame, time_s)
                self._ready.extend((after,) if before is None else (before, after))
                break
            before = frame, time_s
        else:
            self._ready.extend(() if before is None else (before,))
        return before is not None

    def _whole_frames(self) -> Generator[Decoded, None, None]:
        deinterlacer = Deinterlacer()
        for frame in self._decoded():
            time_s = self._clock.time(self._stamp(frame))
            self._end_s = max(self._end_s, time_s + self._length_s(frame))
            self._is_interlaced = self._is_interlaced or frame.interlaced_frame
            yield from deinterlacer.push(frame, time_s)
        yield from deinterlacer.flush()

    def _stamp(self, frame: av.VideoFrame) -> int | None:
        if self._is_raw or self._is_rate_absurd:
            return None
        return frame.dts if self._is_avi else frame.pts

    def _length_s(self, frame: av.VideoFrame) -> float:
        stated = float(frame.duration * self._time_base) if frame.duration else 0.0
        return max(1 / self.fps, 0.0 if self._is_rate_absurd else stated)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Frames in the order of presentation; what is damaged is passed over."""
        failures = 0
        while failures <= MAX_UNREADABLE:
            try:
                for packet in self._container.demux(*self._watched):
                    if packet.stream_index != self._stream.index:
                        self._note_end(packet)
                        continue
                    frames = _decode(packet)
                    failures = 0 if frames else failures + (frames is None)
                    if 0 < self._max_damaged <= failures:
                        return
                    yield from frames or ()
                return
            except av.ExitError:
                raise
            except FAILURES:
                failures += 1

    def _note_end(self, packet: "av.Packet[Any]") -> None:
        if packet.pts is not None and packet.time_base:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self._end_s = max(self._end_s, float(end) - (self._clock.start_s or 0.0))

    def _start_s(self) -> float | None:
        """The stamp at which the presentation starts: of the picture, or of sound before it."""
        if self._stream.start_time is None:
            return None
        own_s = float(self._stream.start_time * self._time_base)
        all_us = cast("int | None", self._container.start_time)  # PyAV's types leave out None
        if all_us is None:
            return own_s
        all_s = all_us / 1_000_000
        if all_s < 0 <= own_s:  # sound that only prepares its decoder
            return 0.0
        return min(own_s, all_s)

    def _begin_s(self, start_s: float | None) -> float:
        """When the first frame is presented, as announced."""
        if start_s is None or self._stream.start_time is None:
            return 0.0
        return float(self._stream.start_time * self._time_base) - start_s

    def _own_duration_s(self, begin_s: float, before_s: float) -> float:
        """When the last frame of the stream ends, as announced for it alone; 0 when it is not."""
        if self._is_raw:
            return 0.0
        if self._is_avi:  # FFmpeg shortens the duration of a truncated file
            return float(self._stream.frames * self._time_base)
        if self._stream.duration and self._stream.duration > 0:
            return begin_s + float(self._stream.duration * self._time_base)
        if match := LENGTH_TAG.fullmatch(self._stream.metadata.get("DURATION", "")):
            hours, minutes, seconds = match.groups()
            return 3600 * int(hours) + 60 * int(minutes) + float(seconds) - before_s
        return 0.0

    def _announced_frames(self, begin_s: float) -> int:
        """Frames that the container presents; 0 when unknown."""
        stated = self._stream.frames
        by_length = max(0, round((self.duration_s - begin_s) * self.fps))
        if self._is_rate_absurd:
            return stated
        if "mov" in self._container.format.name and abs(stated - by_length) > 1:
            # an edit list presents a part of the frames, or they are spaced unevenly
            return sum(not entry.is_discard for entry in self._stream.index_entries) or by_length
        return by_length


def _video_stream(container: InputContainer) -> VideoStream:
    """Raises NoVideoError."""
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        raise NoVideoError("there is no video in it")
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise NoVideoError("its video is coded in a way that is not known here")
    best = container.streams.best("video")
    return next((stream for stream in decodable if stream is best), decodable[0])


def _check_size(stream: VideoStream, max_pixels: int) -> None:
    """Raises NoVideoError for frames that are too large, where the container says so."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > max_pixels:
        raise NoVideoError(
            f"its frames are of {width} × {height} pixels, which is more than the limit of "
            f"{max_pixels / 1e6:g} million"
        )


def _stated_rate(stream: VideoStream, by_average: bool) -> float:
    """Frames a second, however absurd; 0 where none is stated."""
    rates = [float(rate or 0) for rate in (stream.average_rate, stream.guessed_rate)]
    if not by_average:
        rates.reverse()
    possible = [rate for rate in rates if 0 < rate <= MAX_FPS]
    return possible[0] if possible else max(rates)


def _decode(packet: "av.Packet[Any]") -> list[av.VideoFrame] | None:
    """None where the packet is damaged."""
    try:
        frames: list[av.VideoFrame] = packet.decode()
        return frames
    except av.EOFError:
        return []
    except FAILURES:
        return None
