"""Plays one source in its own thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.camera_info import CameraInfo, parse_camera_uri
from ferapp.sources.stream_address import without_password

MAX_LATE_S = 0.5  # a file further behind than this is not hurried through
RELEASE_S = 15.0  # how long to wait for a driver that has not released a camera
SEEK_GAP_S = 0.04  # between the `time_s` of the frames before and after a seek
REST_S = 0.05  # between two looks whether frames are wanted again
SAME_S = 1e-6  # two times of one frame may differ by rounding
SAMPLE_STEP = 16  # px: most pictures already differ in every 16th pixel, which is compared first

OpenSource = Callable[[str], FrameSource]


class Player:
    """Opens a source, plays it until it is stopped or fails, and closes it.

    A camera is read as fast as it delivers. Files are paced, at `speed` times their own rate;
    `fps` paces every file at that rate instead. With `loops`, and where a source cannot seek, they
    start again at their end, with index and time growing through all rounds; else the last frame
    stays until a seek, a step, or `loops`. All of that happens in the player's thread, so a source
    may take long to open, and a driver may hang.

    While nobody `wants_frames`, nothing is decoded after the first frame: a file waits, and what a
    camera delivers is skipped.

    `new_segment` gives the number of a segment that begins, see `Frame`. `on_frame` and `on_end`
    are called in the thread; `on_end` once, after the source was closed.
    """

    def __init__(
        self,
        uri: str,
        open_source: OpenSource,
        on_frame: Callable[["Player", Frame], None],
        on_end: Callable[["Player", SourceError | None], None],
        new_segment: Callable[[], int],
        wants_frames: Callable[[], bool] = lambda: True,
        *,
        fps: float | None = None,
        loops: bool = False,
        is_fallback: bool = False,
        after: Sequence["Player"] = (),
    ) -> None:
        self.uri = uri
        self.is_fallback = is_fallback  # plays only until the requested source does
        self.source: FrameSource | None = None  # None until it is open
        self.arrived_at = 0.0  # perf_counter() of the newest frame, at first of the opening
        self.changed_at = 0.0  # when a picture last differed from the one before it
        self.paused = False
        self.loops = loops
        self.speed = 1.0
        self.ended = False  # the last frame stays
        self._open_source, self._on_frame, self._on_end = open_source, on_frame, on_end
        self._new_segment = new_segment
        self._wants_frames = wants_frames
        self._fps = fps
        self._after = after  # players that still hold the same camera
        self._stop = threading.Event()
        self._wake = threading.Event()  # stopped, paused, resumed or sought
        self._seek_to: float | None = None
        self._steps: deque[int] = deque()  # requested: 1 to the next frame, -1 to the one before
        self._ahead: deque[Frame] = deque()  # read already, and next
        self._paced_speed = 1.0  # that `_began` fits
        self._show_one = False  # although paused: the frame of a seek
        self._has_sought = False  # since the last frame
        self._begins_segment = True
        self._segment = self._source_segment = 0  # of the last frame, here and in its source
        self._last: Frame | None = None
        self._count = 0
        self._began = 0.0  # perf_counter() of time 0
        self._offset_s = 0.0  # from the source's time to the time that grows through all rounds
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stop.set()
        self._wake.set()

    def pause(self, on: bool) -> None:
        """Hold a file, or let it go on."""
        self.paused = on
        self._wake.set()

    def seek(self, time_s: float) -> None:
        """Go on elsewhere in a file; when paused, show the frame of that time."""
        self._seek_to = time_s
        self._wake.set()

    def step(self, frames: int) -> None:
        """Pause, and show the next frame (1) or the one before (-1)."""
        self.paused = True
        self._steps.append(frames)
        self._wake.set()

    def set_speed(self, speed: float) -> None:
        self.speed = speed
        self._wake.set()

    def set_loop(self, on: bool) -> None:
        self.loops = on
        self._wake.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def is_live(self) -> bool:
        """Whether frames come at the source's own pace, so that missing ones are a fault."""
        return self.source is not None and self.source.is_live

    @property
    def camera(self) -> CameraInfo | None:
        return self.source.camera if self.source else None

    @property
    def reopen_uri(self) -> str:
        """The URI that opens this very source again, on whichever port it is then."""
        if self.source is None or self.camera is None:
            return self.uri
        mode = self.source.requested_mode
        return self.camera.uri + (f"@{mode}" if mode else "")

    @property
    def name(self) -> str:
        return self.source.name if self.source else self.uri

    def holds(self, uri: str) -> bool:
        """Whether it has the camera or stream that `uri` names, which only one player may have."""
        requested = parse_camera_uri(uri)
        if requested and self.camera:
            return self.camera.matches(requested[0])
        return self.is_live and uri == self.uri

    # --- in the player's thread -----------------------------------------------------------------

    def _run(self) -> None:
        error: SourceError | None = None
        try:
            for player in self._after:
                player.join(RELEASE_S)
            if not self._stop.is_set():
                source = self._open_source(self.uri)
                self.arrived_at = time.perf_counter()
                self.source = source
                self._play(source)
        except SourceError as source_error:
            error = source_error
        except Exception as unexpected:  # the window must not wait for a thread that died
            error = SourceError(f"{without_password(self.uri)}: {unexpected}")
            raise
        finally:
            if self.source is not None:
                self.source.close()
            self._on_end(self, error)

    def _play(self, source: FrameSource) -> None:
        round_began = 0
        while not self._stop.is_set():
            self._rest(source)
            if self._follow_seek(source) or self._follow_step(source):
                round_began = -1  # a seek to the end may find no frame
            frame = self._ahead.popleft() if self._ahead else source.read()
            if frame is None:
                if self._count == round_began:
                    raise SourceError(f"{source.name}: there is no picture in it")
                if self._stays_at_end(source):
                    round_began = -1
                else:
                    round_began = self._count
                    self._begin_round(source)
                continue
            if not source.is_live:
                frame = self._paced(frame, source)
            if frame is not None:  # else stopped, or sought meanwhile
                frame = replace(frame, segment=self._number_segment(frame))
                self._note_arrival(frame)
                self._on_frame(self, frame)

    def _rest(self, source: FrameSource) -> None:
        """Wait until frames are wanted; a live source goes on delivering."""
        began = time.perf_counter()
        while self._count and not self._wants_frames() and not self._stop.is_set():
            self._begins_segment = True
            if source.is_live:
                source.skip()
                self.arrived_at = self.changed_at = time.perf_counter()
            else:
                self._stop.wait(REST_S)
        if self._begins_segment and not source.is_live:
            self._began += time.perf_counter() - began

    def _begin_round(self, source: FrameSource) -> None:
        last_s = self._last.time_s if self._last else 0.0
        self._offset_s = last_s + 1 / (source.fps or 25.0)
        source.rewind()
        if source.is_sequence:  # a still image repeated is the same picture
            self._begins_segment = True

    def _follow_seek(self, source: FrameSource) -> bool:
        time_s, self._seek_to = self._seek_to, None
        if time_s is None or not source.can_seek:
            return False
        source.seek(time_s)
        self._ahead.clear()
        self._steps.clear()
        self._has_sought = self._show_one = self._begins_segment = True
        return True

    def _follow_step(self, source: FrameSource) -> bool:
        if not self._steps:
            return False
        if self._steps.popleft() < 0 and self._last is not None and source.can_seek:
            self._ahead = _frames_from_previous(source, self._last.position_s or 0.0)
            self._has_sought = True
        self._show_one = self._begins_segment = True
        return True

    def _stays_at_end(self, source: FrameSource) -> bool:
        """Wait at the end until something else is requested; False where another round begins."""
        if not source.can_seek or self.is_fallback:
            return False
        while not (self._stop.is_set() or self.loops or self._is_requested):
            self.ended = True
            self._wake.wait()
            self._wake.clear()
        self.ended = False
        return not self.loops or self._is_requested

    @property
    def _is_requested(self) -> bool:
        """Whether another frame than the next one is to be shown."""
        return self._seek_to is not None or bool(self._steps and self._steps[0] < 0)

    def _number_segment(self, frame: Frame) -> int:
        if self._begins_segment or frame.segment != self._source_segment:
            self._segment = self._new_segment()
        self._begins_segment, self._source_segment = False, frame.segment
        return self._segment

    def _paced(self, frame: Frame, source: FrameSource) -> Frame | None:
        """The frame when it is due, with growing index and time; None if it is not wanted then."""
        if self._has_sought and self._last is not None:
            self._offset_s = self._last.time_s + SEEK_GAP_S - frame.time_s
        self._has_sought = False
        time_s = self._count / self._fps if self._fps else self._offset_s + frame.time_s
        if self._count == 0:
            self._began = time.perf_counter()
        late = time.perf_counter() - self._due(time_s)
        if late > MAX_LATE_S:
            self._began += late
        if not self._wait_until(time_s):
            return None
        return replace(
            frame,
            index=self._count,
            time_s=time_s,
            captured_at=time.perf_counter(),
            position_s=_position(frame) if source.can_seek and not self.is_fallback else None,
        )

    def _due(self, time_s: float) -> float:
        """perf_counter() at which the frame of that time is shown, at the current speed."""
        if self.speed != self._paced_speed:
            self._paced_speed = self.speed
            self._began = (
                time.perf_counter() - (self._last.time_s if self._last else 0) / self.speed
            )
        return self._began + time_s / self._paced_speed

    def _wait_until(self, time_s: float) -> bool:
        """Wait until then, and while paused; False when the frame is not wanted any more."""
        while not self._stop.is_set() and not self._is_requested:
            wait = self._due(time_s) - time.perf_counter()
            now = time.perf_counter()
            if self._steps:
                self._steps.popleft()
                self._began -= wait
                self._begins_segment, self._show_one = True, False
                return True
            if self.paused and not self._show_one:
                self._wake.wait()
                self._began += time.perf_counter() - now
                self._begins_segment = True
            elif wait > 0:
                self._wake.wait(wait)
            else:
                self._show_one = False
                return True
            self._wake.clear()
        return False

    def _note_arrival(self, frame: Frame) -> None:
        self._count += 1
        self.arrived_at = frame.captured_at
        last, self._last = self._last, frame
        if self.camera is None or last is None or not _is_same_picture(last.image, frame.image):
            self.changed_at = frame.captured_at


def _position(frame: Frame) -> float:
    """Where a seek finds this frame of a source again."""
    return frame.time_s if frame.position_s is None else frame.position_s


def _frames_from_previous(source: FrameSource, shown_s: float) -> deque[Frame]:
    """The frame before the one at `shown_s`, and that one, by decoding up to it.

    Frames may be further apart than the source's rate says. The first frame has none before it.
    """
    back_s = 1.5 / (source.fps or 25.0)
    while True:
        from_s = max(0.0, shown_s - back_s)
        source.seek(from_s)
        before = None
        while (frame := source.read()) is not None and _position(frame) < shown_s - SAME_S:
            before = frame
        if before is not None or from_s == 0:
            return deque(each for each in (before, frame) if each is not None)
        back_s *= 2


def _is_same_picture(one: np.ndarray, other: np.ndarray) -> bool:
    sample = np.s_[::SAMPLE_STEP, ::SAMPLE_STEP]
    return (
        one.shape == other.shape
        and np.array_equal(one[sample], other[sample])
        and np.array_equal(one, other)
    )
