"""One source, played in a thread of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.camera_info import CameraInfo, camera_text
from ferapp.sources.stream_address import without_password

LATE_S = 0.5  # a clip further behind than this is not hurried through
RELEASE_S = 15.0  # a driver that has not let go of a camera after this is not waited for
SOUGHT_S = 0.04  # between the picture before a seek and the one after it
SAMPLE = 16  # every so many pixels are compared first: most pictures differ there already

OpenSource = Callable[[str], FrameSource]


class Feed:
    """Opens a source, plays it until it is stopped or fails, closes it.

    A camera is read as fast as it delivers; files are paced and play in a loop, numbered and timed
    through all rounds. `fps` paces every file at that rate instead of its own. All of that happens
    in its thread, so a source may take its time to open, and a driver may hang.
    `on_frame` and `on_end` are called in that thread; `on_end` once, after the source was closed.
    """

    def __init__(
        self,
        spec: str,
        open_source: OpenSource,
        on_frame: Callable[["Feed", Frame], None],
        on_end: Callable[["Feed", SourceError | None], None],
        *,
        fps: float | None = None,
        meanwhile: bool = False,
        after: Sequence["Feed"] = (),
    ) -> None:
        self.spec = spec
        self.meanwhile = meanwhile  # it only fills the time until the source asked for plays
        self.source: FrameSource | None = None  # None until it is open
        self.arrived_at = 0.0  # perf_counter() of the newest picture, at first of the opening
        self.changed_at = 0.0  # when a picture last differed from the one before it
        self._open_source, self._on_frame, self._on_end = open_source, on_frame, on_end
        self._fps = fps
        self._after = after  # feeds that still hold the same camera
        self._stop = threading.Event()
        self._wake = threading.Event()  # what it waits for has changed
        self.paused = False
        self._sought: float | None = None  # where to go on
        self._show_one = False  # though it is paused: somebody seeks
        self._resumes = False  # elsewhere in the file
        self._seeks = 0
        self._since = 0.0  # perf_counter() of the last pause, seek or round of a video
        self._last: Frame | None = None
        self._count = 0
        self._began = 0.0  # perf_counter() of the source's time 0
        self._passed = 0.0  # seconds of the rounds that a looping file has played
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        self._stop.set()
        self._wake.set()

    def pause(self, on: bool) -> None:
        """Hold what is no camera or stream, or let it go on."""
        self.paused = on
        self._wake.set()

    def seek(self, time_s: float) -> None:
        """Go on at another time of what has `seconds`; paused, it shows the picture of then."""
        self._sought = time_s
        self._wake.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def live(self) -> bool:
        """Whether its pictures come at their own pace, so that their absence is a fault."""
        return self.source is not None and self.source.kind in ("camera", "stream")

    @property
    def camera(self) -> CameraInfo | None:
        return self.source.camera if self.source else None

    @property
    def same_again(self) -> str:
        """The text that opens this very source again, wherever it is plugged in then."""
        if self.source is None or self.camera is None:
            return self.spec
        return self.camera.spec + (f"@{self.source.asked}" if self.source.asked else "")

    def holds(self, spec: str) -> bool:
        """Whether it has the camera or stream that `spec` names, which only one may have."""
        asked = camera_text(spec)
        if asked and self.camera:
            return self.camera.answers_to(asked[0])
        return self.live and spec == self.spec

    def _run(self) -> None:
        error: SourceError | None = None
        try:
            for feed in self._after:
                feed.join(RELEASE_S)
            if not self._stop.is_set():
                source = self._open_source(self.spec)
                self.arrived_at = time.perf_counter()
                self.source = source
                self._play(source)
        except SourceError as problem:
            error = problem
        except Exception as problem:  # the window must not wait for a thread that died
            error = SourceError(f"{without_password(self.spec)}: {problem}")
            raise
        finally:
            if self.source is not None:
                self.source.close()
            self._on_end(self, error)

    def _play(self, source: FrameSource) -> None:
        round_began = 0
        self._since = time.perf_counter()
        while not self._stop.is_set():
            if self._follow(source):
                round_began = -1  # where somebody seeks to the end, none may come
            frame = source.read()
            if frame is None:
                if self._count == round_began:
                    raise SourceError(f"{source.name}: there is no picture in it")
                round_began = self._count
                self._passed = (self._last.time_s if self._last else 0.0) + 1 / (source.fps or 25.0)
                source.rewind()
                if source.kind == "video":  # a still image goes on
                    self._since = time.perf_counter()
                continue
            if not self.live:
                sought = source.seconds and not self.meanwhile
                frame = self._paced(frame, frame.time_s if sought else None)
            if frame is None:
                continue  # it ends, or goes on elsewhere
            frame = replace(frame, since=self._since)
            self._note(frame)
            self._on_frame(self, frame)

    def _follow(self, source: FrameSource) -> bool:
        """Go where somebody sought; the time that pictures carry grows on from the last one."""
        place, self._sought = self._sought, None
        if place is None or not source.seconds:
            return False
        source.seek(place)
        self._resumes = self._show_one = True
        self._seeks += 1
        self._since = time.perf_counter()
        return True

    def _paced(self, frame: Frame, at_s: float | None) -> Frame | None:
        """The frame when it is due, numbered and timed through all rounds; None if it never is."""
        if self._resumes and self._last is not None:
            self._passed = self._last.time_s + SOUGHT_S - frame.time_s
        self._resumes = False
        time_s = self._count / self._fps if self._fps else self._passed + frame.time_s
        if self._count == 0:
            self._began = time.perf_counter()
        late = time.perf_counter() - (self._began + time_s)
        if late > LATE_S:
            self._began += late
        if not self._wait_for(time_s):
            return None
        return replace(
            frame,
            index=self._count,
            time_s=time_s,
            captured_at=time.perf_counter(),
            at_s=at_s,
            seeks=self._seeks,
        )

    def _wait_for(self, time_s: float) -> bool:
        """Until then, and as long as it is paused; False when the frame is not wanted any more."""
        while not self._stop.is_set() and self._sought is None:
            now = time.perf_counter()
            wait = self._began + time_s - now
            if self.paused and not self._show_one:
                self._wake.wait()
                self._since = time.perf_counter()
                self._began += self._since - now
            elif wait > 0:
                self._wake.wait(wait)
            else:
                self._show_one = False
                return True
            self._wake.clear()
        return False

    def _note(self, frame: Frame) -> None:
        self._count += 1
        self.arrived_at = frame.captured_at
        last, self._last = self._last, frame
        if self.camera is None or last is None or not _same_picture(last.image, frame.image):
            self.changed_at = frame.captured_at


def _same_picture(one: np.ndarray, other: np.ndarray) -> bool:
    sample = np.s_[::SAMPLE, ::SAMPLE]
    return (
        one.shape == other.shape
        and np.array_equal(one[sample], other[sample])
        and np.array_equal(one, other)
    )
