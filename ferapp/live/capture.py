"""The capture thread: opens sources, paces them, and puts the newest frame into a slot."""

import threading
import time
from dataclasses import replace

from ferapp.live.meters import RateMeter
from ferapp.live.slot import LatestSlot
from ferapp.sources.frame import Frame, FrameSource, SourceError

DEMO, CAMERA = "demo", "camera"
STILL_S = 0.1  # a still image is delivered again so often, so that changed settings show
LATE_S = 0.5  # a clip further behind than this is not hurried through


class Capture:
    """Runs one source at a time in its own thread; files are paced and play in a loop.

    `first` None means a camera if there is one. A source that cannot be opened leaves the running
    one alone; one that fails while it runs is replaced by the demo clip. `notice` says why.
    `fps` paces every file at that rate instead of its own.
    """

    def __init__(self, first: str | None, fps: float | None = None) -> None:
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.rate = RateMeter()
        self.name = ""
        self.notice = ""
        self._first = first
        self._fps = fps
        self._wanted: LatestSlot[str] = LatestSlot()
        self._closing = threading.Event()
        self._source: FrameSource | None = None
        self._spec = ""
        self._began = 0.0  # perf_counter() of the source's time 0
        self._passed = 0.0  # seconds of the rounds that a looping file has played
        self._last = 0.0  # time of the newest frame in this source
        self._count = 0
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def open(self, spec: str) -> None:
        self._wanted.put(spec)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._open_first()
            while not self._closing.is_set():
                wanted = self._wanted.take(timeout=0.0 if self._source else 0.1)
                if wanted is not None:
                    self._switch(wanted)
                if self._source is not None:
                    self._play_one(self._source)
        finally:
            if self._source is not None:
                self._source.close()

    def _open_first(self) -> None:
        self._switch(self._first or CAMERA)
        if self._source is not None:
            return
        reason = self.notice if self._first else "No camera was found."
        self._switch(DEMO)
        self.notice = f"{reason} Playing the demo clip." if self._source else reason

    def _switch(self, spec: str) -> None:
        from ferapp.sources.opening import open_source  # brings OpenCV: not before the window

        try:
            source = open_source(spec)
        except SourceError as error:
            self.notice = str(error)
            return
        if self._source is not None:
            self._source.close()
        self._source, self._spec = source, spec
        self.name, self.notice = source.name, ""
        self._began, self._passed, self._count = time.perf_counter(), 0.0, 0

    def _play_one(self, source: FrameSource) -> None:
        try:
            frame = source.read()
            if frame is None:
                self._play_again(source)
                return
        except SourceError as error:
            self._fall_back(str(error))
            return
        if source.kind != "camera":
            frame = self._paced(frame)
        self._last = frame.time_s
        self._count += 1
        self.frames.put(frame)
        self.rate.tick()

    def _paced(self, frame: Frame) -> Frame:
        """The frame when it is due, numbered and timed through all rounds."""
        time_s = self._count / self._fps if self._fps else self._passed + frame.time_s
        wait = self._began + time_s - time.perf_counter()
        if wait < -LATE_S:
            self._began -= wait
        self._closing.wait(max(0.0, wait))
        return replace(frame, index=self._count, time_s=time_s, captured_at=time.perf_counter())

    def _play_again(self, source: FrameSource) -> None:
        from ferapp.sources.opening import open_source

        self._passed = self._last + (STILL_S if source.kind == "image" else 0.04)
        source.close()
        self._source = open_source(self._spec)

    def _fall_back(self, reason: str) -> None:
        if self._source is not None:
            self._source.close()
        failed, self._source = self._spec, None
        if failed != DEMO:
            self._switch(DEMO)
        self.notice = f"{reason}\nPlaying the demo clip." if self._source else reason
