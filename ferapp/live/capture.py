"""Capture: the source that plays, the one that opens, and what is wrong with them."""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ferapp.live.capture_timeouts import CaptureTimeouts
from ferapp.live.mailbox import LatestMailbox
from ferapp.live.meters import RateMeter
from ferapp.live.player import OpenSource, Player
from ferapp.live.status import Playback
from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.camera_info import CAMERA, DEMO, Mode, parse_camera_uri
from ferapp.sources.faults import RETRIED, Fault, FaultKind, camera_fault_text, stream_fault_text
from ferapp.sources.recorded import Replay
from ferapp.sources.stream_address import without_password

log = logging.getLogger(__name__)

MAX_NAMES = 3  # of skipped files in a notice


class Capture:
    """Plays one source at a time into `frames`, a mailbox for the newest frame.

    `first` None means a camera if there is one. A requested source takes over with its first
    frame: until then, and if it fails, the previous one goes on. The demo clip is the fallback
    while nothing has played yet; a source that fails later is `waiting`, and nothing takes its
    place. A camera or stream that is gone is tried again every few seconds and takes over when it
    is back. `fault` says what is wrong, and `on_lost` is called with it when the frames end.
    Frames get their source here; segments are numbered through all players. `wants_frames` is
    asked for each frame, see `Player`.
    """

    def __init__(
        self,
        first: str | None,
        fps: float | None,
        open_source: OpenSource,
        timeouts: CaptureTimeouts | None = None,
        wants_frames: Callable[[], bool] = lambda: True,
        on_lost: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.frames: LatestMailbox[Frame] = LatestMailbox()
        self.rate = RateMeter()
        self.source = ""  # the URI that opens what plays, this very camera for example
        self.name = ""
        self.requested_mode: Mode | None = None
        self.delivered_mode: Mode | None = None  # measured size, and the rate the source states
        self._fault: Fault | None = None
        self._first = first or CAMERA
        self._fps = fps
        self._open_source = open_source
        self._timeouts = timeouts or CaptureTimeouts()
        self._wants_frames = wants_frames
        self._on_lost = on_lost
        self._segments = itertools.count(1)
        self._lock = threading.Lock()  # held for moments only: the window calls `open`
        self._playing: Player | None = None
        self._opening: Player | None = None
        self._stopped: list[Player] = []  # asked to stop; some may still run
        self._retry_at = 0.0
        self._check_at = 0.0  # when to check next whether a silent device is still there
        self._notice_ends = 0.0
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
            log.info("The fault of the source is over")

    @property
    def opening(self) -> str:
        """The source that a person requested and that is being opened; "" when none is."""
        player = self._opening
        if player is None or player.is_fallback or self._is_retry(player):
            return ""
        return without_password(player.uri)

    @property
    def notice(self) -> str:
        """What is wrong and what to try, for a person; "" when all is well."""
        fault = self.fault
        if fault is None:
            return ""
        if self.waiting:
            return f"{fault}\nThis is the last picture."
        if not self.plays_fallback:
            return str(fault)
        until = " until then" if fault.retried else ""
        return f"{fault}\nPlaying the demo clip{until}."

    @property
    def plays_fallback(self) -> bool:
        """Whether the demo clip plays until the requested source does."""
        return self._playing is not None and self._playing.is_fallback

    @property
    def waiting(self) -> bool:
        """Whether the frames of what played last have ended, and its last picture stays."""
        player, fault = self._playing, self.fault
        if fault is None or not self.name:
            return False
        return player is None or (fault.kind is FaultKind.STALLED and _is_silent(player, fault))

    @property
    def playback(self) -> Playback | None:
        """Of what plays, if it can pause and seek."""
        player = self._seekable
        if player is None or player.source is None:
            return None
        return Playback(
            player.source.duration_s,
            player.paused,
            player.loops,
            player.speed,
            player.ended,
            player.source.pictures,
        )

    @property
    def replay(self) -> Replay | None:
        """The recording or table that plays, if what plays is one."""
        player = self._playing
        return player.source.recorded if player is not None and player.source else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is special about the pictures of what plays."""
        player = self._playing
        return player.source.notes if player is not None and player.source else ()

    def start(self) -> None:
        self.open(self._first)
        self._thread.start()

    def open(self, uri: str) -> None:
        """Play `uri` from now on; returns at once. A faulty source that plays is opened anew."""
        with self._lock:
            playing = self._playing
            is_healthy = playing is not None and not _is_silent(playing, self.fault)
            self._drop_opening()
            self.fault = None
            if not (playing is not None and is_healthy and _plays(playing, uri)):
                self._start_player(uri)

    def pause(self, on: bool) -> None:
        """Hold what plays, where it can seek, or let it go on."""
        player = self._seekable
        if player is not None:
            player.pause(on)

    def seek(self, time_s: float) -> None:
        """Go on at another time of what plays."""
        player = self._seekable
        if player is not None:
            player.seek(time_s)

    def step(self, frames: int) -> None:
        """Pause, and show the next frame (1) or the one before (-1)."""
        player = self._seekable
        if player is not None:
            player.step(frames)

    def set_speed(self, speed: float) -> None:
        player = self._seekable
        if player is not None:
            player.set_speed(speed)

    def set_loop(self, on: bool) -> None:
        player = self._seekable
        if player is not None:
            player.set_loop(on)

    def close(self) -> None:
        """Takes up to about twice the `close` timeout: drivers may hang while they list or read."""
        self._closing.set()
        with self._lock:
            self._drop_opening()
            if self._playing is not None:
                self._stop(self._playing)
            stopped = list(self._stopped)
        if self._thread.is_alive():
            self._thread.join(self._timeouts.close)
        ends = time.perf_counter() + self._timeouts.close
        for player in stopped:
            player.join(max(0.0, ends - time.perf_counter()))

    @property
    def _seekable(self) -> Player | None:
        """The player, if its source can seek and is not the fallback."""
        player = self._playing
        if player is None or player.source is None or player.is_fallback:
            return None
        return player if player.source.can_seek else None

    # --- with the lock held ---------------------------------------------------------------------

    def _start_player(self, uri: str, *, is_fallback: bool = False) -> None:
        if self._closing.is_set():
            return
        if self._playing is not None and self._playing.holds(uri):
            self._stop(self._playing)  # a camera cannot be opened twice
            self._playing = None
        self._opening = Player(
            uri,
            self._open_source,
            self._receive,
            self._on_end,
            self._segments.__next__,
            self._wants_frames,
            fps=self._fps,
            loops=uri == DEMO or self._fps is not None,
            is_fallback=is_fallback,
            after=[player for player in self._stopped if player.is_alive and player.holds(uri)],
        )
        self._opening.start()

    def _stop(self, player: Player) -> None:
        player.stop()
        self._stopped = [*(other for other in self._stopped if other.is_alive), player]

    def _drop_opening(self) -> None:
        if self._opening is not None:
            self._stop(self._opening)
            self._opening = None

    def _take_over(self, player: Player, source: FrameSource) -> None:
        if self._playing is not None:
            self._stop(self._playing)
        self._playing, self._opening = player, None
        if not player.is_fallback:
            self.fault = None
        self.source = player.reopen_uri
        self.name, self.requested_mode = source.name, source.requested_mode
        self.delivered_mode = None
        log.info("Playing %s (%s)", self.name, without_password(self.source))
        self.rate = RateMeter()

    def _handle_failure(self, player: Player, error: SourceError) -> None:
        """Report why `player` ended, let something play, and set the time of the next attempt."""
        is_retry = self._is_retry(player)
        if not player.is_fallback and not (is_retry and error.fault is FaultKind.ABSENT):
            # a retry that finds the camera still absent is no news
            message = str(error.args[0])
            retried = error.fault in RETRIED
            self.fault = Fault(error.fault, player.reopen_uri, message, error.hint, retried)
        self._retry_at = time.perf_counter() + self._timeouts.retry
        is_first = not self.name and self._opening is None
        if self._playing is None and is_first and player.uri != DEMO:
            self._start_player(DEMO, is_fallback=True)

    def _is_retry(self, player: Player) -> bool:
        return self.fault is not None and self.fault.retried and self.fault.source == player.uri

    def _report(self, kind: FaultKind, player: Player, message: str, hint: str = "") -> None:
        """A fault of a player that goes on; one that is being retried matters more."""
        if self.fault is None or not self.fault.retried:
            self.fault = Fault(kind, player.reopen_uri, message, hint)

    def _report_silence(self, player: Player) -> None:
        was_waiting = self.waiting
        self._report(FaultKind.STALLED, player, *_stalled_text(player))
        if self.waiting and not was_waiting:
            self._on_lost(_stalled_text(player)[0])

    def _notify(self, kind: FaultKind, player: Player, message: str) -> None:
        """Something to know that asks for nothing; every other fault matters more."""
        if self.fault is None or self.fault.kind is kind:
            self.fault = Fault(kind, player.reopen_uri, message)

    def _check_frame(self, player: Player, source: FrameSource, frame: Frame) -> None:
        """Update mode and fault by a frame that arrived."""
        height, width = frame.image.shape[:2]
        mode = Mode(width, height, source.fps)
        before, self.delivered_mode = self.delivered_mode, mode
        fault = self.fault
        kind = fault.kind if fault is not None and fault.source == player.reopen_uri else None
        repeats = frame.captured_at - player.changed_at > self._timeouts.repeating
        if kind is FaultKind.STALLED or (kind is FaultKind.REPEATING and not repeats):
            self.fault = None
        if repeats and kind is not FaultKind.REPEATING:
            text = camera_fault_text(FaultKind.REPEATING, source.name)
            self._report(FaultKind.REPEATING, player, *text)
        if player.is_live and before is not None and before != mode:
            message = f"{source.name} now delivers {width} × {height} pixels"
            self._notify(FaultKind.RESIZED, player, message)
            self._notice_ends = frame.captured_at + self._timeouts.notice
        missing = source.recorded.missing if source.recorded is not None else None
        if missing is not None:
            self._report(FaultKind.MISSING, player, missing.message, missing.hint)
        if source.skipped:
            self._notify(FaultKind.SKIPPED, player, _skipped_text(source.skipped))

    # --- called by the threads ------------------------------------------------------------------

    def _receive(self, player: Player, frame: Frame) -> None:
        """A frame of `player`, in its thread."""
        source = player.source
        with self._lock:
            if source is None or self._closing.is_set():
                return
            if player is self._opening:
                self._take_over(player, source)
            if player is self._playing:
                self._check_frame(player, source, frame)
                uri = "" if player.is_fallback else player.reopen_uri
                self.frames.put(replace(frame, source=uri))
                self.rate.tick()

    def _on_end(self, player: Player, error: SourceError | None) -> None:
        """`player` has ended and its source is closed, in its thread."""
        with self._lock:
            if player is self._opening:
                self._opening = None
            elif player is self._playing:
                self._playing = None
                log.info("%s ended", self.name)
                if error is not None and not self._closing.is_set():
                    self._on_lost(str(error.args[0]))
            else:
                return  # it was replaced: its error is out of date
            if error is not None and not self._closing.is_set():
                self._handle_failure(player, error)

    def _watch(self) -> None:
        while not self._closing.wait(self._timeouts.tick):
            with self._lock:
                silent = self._supervise(time.perf_counter())
            # may take long, so without the lock
            if silent is not None and silent.source and not silent.source.is_connected():
                self._give_up(silent)

    def _supervise(self, now: float) -> Player | None:
        """Report missing frames, retry what is gone; the player whose device must be checked."""
        fault = self.fault
        if fault is not None and fault.kind is FaultKind.RESIZED and now > self._notice_ends:
            self.fault = fault = None
        if fault is not None and fault.retried and self._opening is None and now > self._retry_at:
            self._start_player(fault.source)
        for player in (self._opening, self._playing):
            if player is None or not player.is_live:
                continue
            if now - player.arrived_at > self._timeouts.stalled:
                self._report_silence(player)
            if _is_silent(player, self.fault) and now > self._check_at:
                self._check_at = now + self._timeouts.retry
                return player
        return None

    def _give_up(self, player: Player) -> None:
        """The device of `player` is gone although its driver goes on, or hangs."""
        with self._lock:
            if self._closing.is_set():
                return
            text = camera_fault_text(FaultKind.LOST, player.name)
            if player is self._playing:
                self._playing = None
                self._on_lost(text[0])
            elif player is self._opening:
                self._opening = None
            else:
                return
            self._stop(player)
            self._handle_failure(player, SourceError(*text, FaultKind.LOST))


def _plays(player: Player, uri: str) -> bool:
    """Whether `player` has the camera or stream of `uri`, in the mode that `uri` requests."""
    requested = parse_camera_uri(uri)
    mode = player.source.requested_mode if player.source else None
    return player.holds(uri) and (requested is None or requested[1] == mode)


def _is_silent(player: Player, fault: Fault | None) -> bool:
    """Whether `fault` is that `player`, which goes on, delivers nothing or nothing new."""
    return (
        fault is not None
        and not fault.retried
        and fault.kind in (FaultKind.STALLED, FaultKind.REPEATING)
        and fault.source == player.reopen_uri
    )


def _stalled_text(player: Player) -> tuple[str, str]:
    fault_text = camera_fault_text if player.camera else stream_fault_text
    return fault_text(FaultKind.STALLED, player.name)


def _skipped_text(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:MAX_NAMES])
    more = len(names) - MAX_NAMES
    return f"Skipped, could not be read: {shown}" + (f" and {more} more" if more > 0 else "")
