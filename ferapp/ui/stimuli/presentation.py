"""Shows the stimuli of a plan one after the other, and tells when each was on the screen."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ferapp.studies.stimuli.shown_stimuli import COMPLETED, FIXATION, STIMULUS, STOPPED
from ferapp.studies.stimuli.stimulus_list import Stimulus
from ferapp.studies.stimuli.stimulus_plan import StimulusPlan
from ferapp.ui.stimuli.stimulus_frames import StimulusFrames
from ferapp.ui.stimuli.stimulus_screen import (
    Paint,
    StimulusScreen,
    paint_cross,
    paint_image,
    paint_nothing,
    paint_text,
)

THANKS = "That was the last one. Thank you!"
SOON_S = 0.004  # until a picture that is not decoded yet is asked for again
DRAW_LIMIT_MS = 5000  # in which the screen must have drawn what it was given
NOT_DRAWN = "The screen drew nothing: it may be locked, or switched off."


class Presentation(QObject):
    """`happened` has the kind of an event, its note, and time.perf_counter(); see `shown_stimuli`.

    `progressed` has the number of the stimulus that is next or on the screen, from 0. `ended` has
    "" when the last one was shown to its end, else why not.
    """

    happened = Signal(str, str, float)
    progressed = Signal(int)
    ended = Signal(str)

    def __init__(self, plan: StimulusPlan, screen: StimulusScreen) -> None:
        super().__init__()
        self._plan, self._screen = plan, screen
        self._number = 0
        self._frames = self._load(0)  # of this stimulus
        self._next_frames: StimulusFrames | None = None
        self._awaited = 0  # number of the content whose onset is wanted
        self._on_drawn: Callable[[float], None] = lambda at: None
        self._onset = 0.0  # perf_counter() of the stimulus that is on the screen
        self.is_running = False
        self._step: Callable[[], None] = lambda: None
        self._step_timer = self._timer(lambda: self._step())
        self._video_timer = self._timer(self._play)
        self._watchdog = self._timer(lambda: self.stop(NOT_DRAWN))
        screen.drawn.connect(self._drawn)

    def _timer(self, step: Callable[[], None]) -> QTimer:
        timer = QTimer(self, singleShot=True)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(step)
        return timer

    @property
    def stimulus(self) -> Stimulus:
        return self._plan.stimuli[min(self._number, len(self._plan.stimuli) - 1)]

    def start(self) -> None:
        self.is_running = True
        self._begin_trial()

    def stop(self, reason: str) -> None:
        """End before the last one; `reason` is for a person. Does nothing when it has ended."""
        if not self.is_running:
            return
        place = f"at {self._number + 1} of {len(self._plan.stimuli)}, {self.stimulus.file}"
        self.happened.emit(STOPPED, f"{place}: {reason}", time.perf_counter())
        self._screen.show_content(paint_nothing)
        self._end(reason)

    def close(self) -> None:
        """Free the files, also before it has begun."""
        self.is_running = False
        for timer in (self._step_timer, self._video_timer, self._watchdog):
            timer.stop()
        self._frames.close()
        if self._next_frames is not None:
            self._next_frames.close()

    def _end(self, reason: str) -> None:
        self.close()
        self.ended.emit(reason)

    # --- one trial ------------------------------------------------------------------------------

    def _begin_trial(self) -> None:
        if self._number == len(self._plan.stimuli):
            self._show(paint_text(THANKS), self._complete)
            return
        self.progressed.emit(self._number)
        if self.stimulus.fixation > 0:
            self._show(paint_cross, self._fixate)
        else:
            self._show_stimulus()

    def _fixate(self, at: float) -> None:
        self.happened.emit(FIXATION, self.stimulus.file, at)
        self._after(at + self.stimulus.fixation, self._show_stimulus)

    def _show_stimulus(self) -> None:
        if not self._frames.is_ready:
            self._after(time.perf_counter() + SOON_S, self._show_stimulus)
            return
        image = self._frames.take(0.0)
        if image is None:
            self.stop(self._frames.failure or f"{self.stimulus.file}: there is no picture in it")
            return
        self._show(paint_image(image), self._begin_stimulus)

    def _begin_stimulus(self, at: float) -> None:
        self._onset = at
        self.happened.emit(STIMULUS, self.stimulus.file, at)
        self._after(at + self.stimulus.seconds, self._end_stimulus)
        if self._number + 1 < len(self._plan.stimuli):
            self._next_frames = self._load(self._number + 1)
        if self.stimulus.is_video:
            self._play()

    def _play(self) -> None:
        """Show the frame of a video that is due, and wait for the next one."""
        if self._frames.is_over:
            return  # the last frame stays
        image = self._frames.take(time.perf_counter() - self._onset)
        if image is not None:
            self._screen.show_content(paint_image(image))
        next_s = self._frames.next_s()
        wait_s = SOON_S if next_s is None else self._onset + next_s - time.perf_counter()
        self._video_timer.start(max(1, round(1000 * wait_s)))

    def _end_stimulus(self) -> None:
        self._video_timer.stop()
        self._frames.close()
        self._number += 1
        if self._next_frames is not None:
            self._frames, self._next_frames = self._next_frames, None
        self._begin_trial()

    def _complete(self, at: float) -> None:
        count = len(self._plan.stimuli)
        self.happened.emit(COMPLETED, f"{count} of {count}", at)
        self._end("")

    # --- the screen and the clock ---------------------------------------------------------------

    def _load(self, number: int) -> StimulusFrames:
        path = self._plan.stimuli[number].path
        return StimulusFrames(path, self._screen.pixels, self._screen.ratio)

    def _show(self, content: Paint, on_drawn: Callable[[float], None]) -> None:
        """Draw, and call `on_drawn` with the time at which that was on the screen."""
        self._on_drawn = on_drawn
        self._awaited = self._screen.show_content(content)
        self._watchdog.start(DRAW_LIMIT_MS)

    def _drawn(self, number: int, at: float) -> None:
        if number != self._awaited or not self.is_running:
            return
        self._awaited = 0
        self._watchdog.stop()
        self._on_drawn(at)

    def _after(self, due: float, step: Callable[[], None]) -> None:
        """Call `step` at that perf_counter()."""
        self._step = step
        self._step_timer.start(max(0, round(1000 * (due - time.perf_counter()))))
