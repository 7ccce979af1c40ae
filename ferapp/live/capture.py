"""Capture: the source that plays, the one that opens, and what is wrong with them."""

import logging
import threading
import time
from dataclasses import dataclass, replace

from ferapp.live.mailbox import LatestSlot
from ferapp.live.meters import RateMeter
from ferapp.live.player import Feed, OpenSource
from ferapp.live.status import Playback
from ferapp.recording.session import Replay, Replayed
from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.camera_info import CAMERA, DEMO, Mode, camera_text
from ferapp.sources.faults import RETRIED, Fault, FaultKind, camera_words, stream_words
from ferapp.sources.stream_address import without_password

log = logging.getLogger(__name__)

SHOWN = 3  # names of skipped files in a notice


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds after which a live source is looked after."""

    stalled: float = 3.0  # without a picture
    repeating: float = 1.0  # with one and the same picture
    retry: float = 2.0  # between two attempts to open, and two looks whether it is still there
    remark: float = 6.0  # how long a remark that needs nothing done is shown
    close: float = 2.0  # a driver that hangs longer is left to the end of the process
    tick: float = 0.1


class Capture:
    """Plays one source at a time into `frames`, where the newest picture wins.

    `first` None means a camera if there is one. A source asked for takes over with its first
    picture: until then, and if it fails, the running one goes on. One that fails while it runs is
    replaced by the demo clip. A camera or stream that is gone is tried again every few seconds and
    takes over when it is back, never another one in its place. `fault` says what is wrong.
    """

    def __init__(
        self,
        first: str | None,
        fps: float | None,
        open_source: OpenSource,
        limits: Limits | None = None,
    ) -> None:
        self.frames: LatestSlot[Frame] = LatestSlot()
        self.rate = RateMeter()
        self.source = ""  # the text that opens what plays, this very camera for example
        self.name = ""
        self.asked: Mode | None = None
        self.delivered: Mode | None = None  # the size that comes, at the rate the source states
        self._fault: Fault | None = None
        self._first = first or CAMERA
        self._fps = fps
        self._open_source = open_source
        self._limits = limits or Limits()
        self._lock = threading.Lock()  # held for moments only: the window calls `open`
        self._playing: Feed | None = None
        self._opening: Feed | None = None
        self._stopped: list[Feed] = []  # told to stop, perhaps not yet done
        self._retry_at = 0.0
        self._look_at = 0.0  # when to look next whether a silent device is still there
        self._remark_ends = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="capture", daemon=True)

    @property
    def fault(self) -> Fault | None:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        before, self._fault = self._fault, fault
        if fault is not None and fault != before:
            log.warning("Source %s: %s", fault.kind, fault)
        elif fault is None and before is not None:
            log.info("No fault of a source any more")

    @property
    def opening(self) -> str:
        """What is being opened because a person asked for it; "" when nothing is."""
        feed = self._opening
        if feed is None or feed.meanwhile or self._is_retry(feed):
            return ""
        return without_password(feed.spec)

    @property
    def notice(self) -> str:
        """What is wrong and what to try, for a person; "" when all is well."""
        fault, playing = self.fault, self._playing
        if fault is None:
            return ""
        if playing is None or not playing.meanwhile:
            return str(fault)
        until = " until then" if fault.retried else ""
        return f"{fault}\nPlaying the demo clip{until}."

    @property
    def is_meanwhile(self) -> bool:
        """Whether what plays only fills the time until the source asked for does."""
        return self._playing is not None and self._playing.meanwhile

    def start(self) -> None:
        self.open(self._first)
        self._thread.start()

    def open(self, spec: str) -> None:
        """Play `spec` from now on; returns at once. Opens the running one anew if it is faulty."""
        with self._lock:
            playing = self._playing
            well = playing is not None and not _is_ill(playing, self.fault)
            self._drop_opening()
            self.fault = None
            if not (playing is not None and well and _plays(playing, spec)):
                self._start(spec)

    @property
    def playback(self) -> Playback | None:
        """Of what plays, if one can pause and seek in it."""
        feed = self._seekable
        if feed is None or feed.source is None:
            return None
        return Playback(feed.source.seconds, feed.paused)

    @property
    def replay(self) -> Replay | None:
        """The recording that plays, if what plays is one."""
        feed = self._playing
        if feed is None or not isinstance(feed.source, Replayed):
            return None
        source = feed.source
        session = source.session
        return Replay(
            name=source.name,
            model=session.model,
            marks=session.marks,
            burnt=source.burnt,
            ended=session.ended,
        )

    def pause(self, on: bool) -> None:
        """Hold what plays, where one can seek in it, or let it go on."""
        feed = self._seekable
        if feed is not None:
            feed.pause(on)

    def seek(self, time_s: float) -> None:
        """Go on at another time of what plays."""
        feed = self._seekable
        if feed is not None:
            feed.seek(time_s)

    @property
    def _seekable(self) -> Feed | None:
        """What plays, if one can seek in it; not what only fills the time."""
        feed = self._playing
        if feed is None or feed.source is None or feed.meanwhile:
            return None
        return feed if feed.source.seconds else None

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            self._drop_opening()
            if self._playing is not None:
                self._stop(self._playing)
            stopped = list(self._stopped)
        ends = time.perf_counter() + self._limits.close
        if self._thread.is_alive():  # it may hang in a driver that lists cameras
            self._thread.join(self._limits.close)
        for feed in stopped:
            feed.join(max(0.0, ends - time.perf_counter()))

    # --- with the lock held ---------------------------------------------------------------------

    def _start(self, spec: str, *, meanwhile: bool = False) -> None:
        if self._closing.is_set():
            return
        if self._playing is not None and self._playing.holds(spec):
            self._stop(self._playing)  # a camera cannot be opened twice
            self._playing = None
        self._opening = Feed(
            spec,
            self._open_source,
            self._take,
            self._ended,
            fps=self._fps,
            meanwhile=meanwhile,
            after=[feed for feed in self._stopped if feed.alive and feed.holds(spec)],
        )
        self._opening.start()

    def _stop(self, feed: Feed) -> None:
        feed.stop()
        self._stopped = [*(other for other in self._stopped if other.alive), feed]

    def _drop_opening(self) -> None:
        if self._opening is not None:
            self._stop(self._opening)
            self._opening = None

    def _take_over(self, feed: Feed, source: FrameSource) -> None:
        if self._playing is not None:
            self._stop(self._playing)
        self._playing, self._opening = feed, None
        if not feed.meanwhile:
            self.fault = None
        self.source = feed.same_again
        self.name, self.asked, self.delivered = source.name, source.asked, None
        log.info("Playing %s (%s)", self.name, without_password(self.source))
        self.rate = RateMeter()

    def _blame(self, feed: Feed, error: SourceError) -> None:
        """Say why `feed` ended, see to it that something plays, and when to try again."""
        retry = self._is_retry(feed)
        if not feed.meanwhile and not (retry and error.fault is FaultKind.ABSENT):
            # an attempt in vain that finds the camera absent tells nothing new
            message = str(error.args[0])
            retried = error.fault in RETRIED
            self.fault = Fault(error.fault, feed.same_again, message, error.hint, retried)
        self._retry_at = time.perf_counter() + self._limits.retry
        if self._playing is None and self._opening is None and feed.spec != DEMO:
            self._start(DEMO, meanwhile=True)

    def _is_retry(self, feed: Feed) -> bool:
        return self.fault is not None and self.fault.retried and self.fault.source == feed.spec

    def _say(self, kind: FaultKind, feed: Feed, message: str, hint: str = "") -> None:
        """A fault of a feed that goes on; what is waited for matters more."""
        if self.fault is None or not self.fault.retried:
            self.fault = Fault(kind, feed.same_again, message, hint)

    def _remark(self, kind: FaultKind, feed: Feed, message: str) -> None:
        if self.fault is None or self.fault.kind is kind:
            self.fault = Fault(kind, feed.same_again, message)

    def _look_at_frame(self, feed: Feed, source: FrameSource, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        mode = Mode(width, height, source.fps)
        before, self.delivered = self.delivered, mode
        own = self.fault is not None and self.fault.source == feed.same_again
        kind = self.fault.kind if self.fault is not None and own else None
        repeats = frame.captured_at - feed.changed_at > self._limits.repeating
        if kind is FaultKind.STALLED or (kind is FaultKind.REPEATING and not repeats):
            self.fault = None
        if repeats and kind is not FaultKind.REPEATING:
            self._say(FaultKind.REPEATING, feed, *camera_words(FaultKind.REPEATING, source.name))
        if feed.live and before is not None and before != mode:
            self._remark(
                FaultKind.RESIZED, feed, f"{source.name} now delivers {width} × {height} pixels"
            )
            self._remark_ends = frame.captured_at + self._limits.remark
        if source.skipped:
            self._remark(FaultKind.SKIPPED, feed, _skipped_words(source.skipped))

    # --- called by the threads ------------------------------------------------------------------

    def _take(self, feed: Feed, frame: Frame) -> None:
        """A picture of `feed`, in its thread."""
        source = feed.source
        with self._lock:
            if source is None or self._closing.is_set():
                return
            if feed is self._opening:
                self._take_over(feed, source)
            if feed is self._playing:
                self._look_at_frame(feed, source, frame)
                tag = "" if feed.meanwhile else feed.same_again
                self.frames.put(replace(frame, source=tag))
                self.rate.tick()

    def _ended(self, feed: Feed, error: SourceError | None) -> None:
        """`feed` has ended and its source is closed, in its thread."""
        with self._lock:
            if feed is self._opening:
                self._opening = None
            elif feed is self._playing:
                self._playing = None
                log.info("%s ended", self.name)
            else:
                return  # it was replaced: what it says is of yesterday
            if error is not None and not self._closing.is_set():
                self._blame(feed, error)

    def _watch(self) -> None:
        while not self._closing.wait(self._limits.tick):
            now = time.perf_counter()
            with self._lock:
                silent = self._look_after(now)
            if silent is not None and silent.source is not None and not silent.source.connected():
                self._give_up(silent)

    def _look_after(self, now: float) -> Feed | None:
        """Notice what does not come, try again what is gone; the feed whose device to look at."""
        fault = self.fault
        if fault is not None and fault.kind is FaultKind.RESIZED and now > self._remark_ends:
            self.fault = fault = None
        if fault is not None and fault.retried and self._opening is None and now > self._retry_at:
            self._start(fault.source)
        for feed in (self._opening, self._playing):
            if feed is None or not feed.live:
                continue
            if now - feed.arrived_at > self._limits.stalled:
                self._say(FaultKind.STALLED, feed, *_stalled_words(feed))
            if _is_ill(feed, self.fault) and now > self._look_at:
                self._look_at = now + self._limits.retry
                return feed
        return None

    def _give_up(self, feed: Feed) -> None:
        """The device of `feed` is gone though its driver goes on, or hangs."""
        with self._lock:
            if feed is self._playing:
                self._playing = None
            elif feed is self._opening:
                self._opening = None
            else:
                return
            self._stop(feed)
            words = camera_words(FaultKind.LOST, feed.source.name if feed.source else feed.spec)
            self._blame(feed, SourceError(*words, FaultKind.LOST))


def _plays(feed: Feed, spec: str) -> bool:
    """Whether `feed` is a camera or stream as `spec` asks for it."""
    asked = camera_text(spec)
    mode = feed.source.asked if feed.source else None
    return feed.holds(spec) and (asked is None or asked[1] == mode)


def _is_ill(feed: Feed, fault: Fault | None) -> bool:
    """Whether `fault` is that `feed`, which goes on, sends nothing or nothing new."""
    return (
        fault is not None
        and not fault.retried
        and fault.kind in (FaultKind.STALLED, FaultKind.REPEATING)
        and fault.source == feed.same_again
    )


def _stalled_words(feed: Feed) -> tuple[str, str]:
    name = feed.source.name if feed.source else feed.spec
    words = camera_words if feed.camera else stream_words
    return words(FaultKind.STALLED, name)


def _skipped_words(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" * (len(names) > SHOWN))
    return f"Pictures that cannot be read are skipped: {shown}"
