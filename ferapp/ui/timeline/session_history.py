"""What was measured in a session, face by face and by time, for every plot over time. No Qt.

The time of a file that can seek is the place in it: what was measured stays when one seeks back,
and what is measured anew replaces it. Elsewhere it is the time of capture, and the last ten minutes
stay.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ferapp.sources.base import Frame
from ferapp.sources.recorded import Mark
from ferapp.sources.stream_address import without_password
from ferapp.studies.stimuli.shown_stimuli import FIXATION, STIMULUS
from ferapp.ui.timeline.time_series import SAME_S, Rows, TimeSeries
from ferapp.vision.signals import SIGNALS
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis, Face, QualityKind
from trainer.labels import EXPRESSIONS

LIVE_S = 600.0  # how much stays of a source that cannot seek
MAX_ROWS = 8 * 3600 * 30  # eight faces for an hour, 30 times a second: about 120 MB
MAX_EVENTS = 1000
NEXT_S = 0.25  # in a file, a frame so soon after one that was analysed before continues it
KINDS = tuple(QualityKind)

EventKind = Literal["mark", "hidden", "stimulus", "source", "model"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at a moment; `text` is for a person."""

    time_s: float
    kind: EventKind
    text: str = ""


@dataclass(slots=True)
class FaceHistory:
    """The rows of one face, and what the newest one continues."""

    series: TimeSeries
    subject: Hashable = None
    stretch: int = 0
    frame: int = -1  # number of the analysed frame with the newest row
    colour: int | None = None  # as `Face.colour`; None for that of its number
    kinds: dict[int, Hashable] = field(default_factory=dict)  # what the rows of a stretch are of


@dataclass(slots=True)
class SessionHistory:
    """Faces by their number in the window (of a table: by their id); see `add`.

    `frames` has a row for every analysed frame. `cursor_s` is the time of the displayed picture,
    `selected` the face that plots show. `revision` changes with everything that is drawn, `changes`
    only with what is not a further frame: marks, another face, other values of the same frame.
    """

    classes: tuple[str, ...] = EXPRESSIONS
    source: str | None = None
    has_positions: bool = False  # times are places in a file
    duration_s: float = 0.0  # of the file
    origin_s: float = 0.0  # is displayed as 0:00
    faces: dict[int, FaceHistory] = field(default_factory=dict)
    frames: TimeSeries = field(default_factory=lambda: TimeSeries(0, 0))
    events: list[Event] = field(default_factory=list)
    cursor_s: float | None = None
    hold_s: float = SAME_S  # how long a row may be the newest one before the cursor
    selected: int | None = None
    revision: int = 0
    changes: int = 0
    stretches: int = 0  # the highest number of one
    _has_table: bool = False  # all stored results of the source
    _frame_count: int = 0
    _segment: int = 0
    _segment_stretch: int = 0
    _is_interrupted: bool = True
    _begins_segment: bool = True
    _before_s: float = 0.0  # time of the frame before, in the same segment

    def clear(self) -> None:
        """Forget everything but the classes."""
        revision, changes = self.revision + 1, self.changes + 1
        SessionHistory.__init__(self, classes=self.classes, revision=revision, changes=changes)

    @property
    def is_empty(self) -> bool:
        return not len(self.frames) and not self.faces

    @property
    def span(self) -> tuple[float, float]:
        """From when to when there is something; a file from its beginning to its end."""
        times = [
            time_s
            for series in (self.frames, *(face.series for face in self.faces.values()))
            for time_s in (series.first_s, series.last_s)
            if time_s is not None
        ]
        if self.has_positions:
            return 0.0, max([self.duration_s, *times])
        return min(times, default=0.0), max(times, default=0.0)

    def series(self, face: int | None) -> TimeSeries | None:
        history = self.faces.get(face) if face is not None else None
        return history.series if history is not None else None

    def interrupt(self) -> None:
        """The next frame begins after a gap: some in between were not analysed."""
        self._is_interrupted = True

    def add(self, analysis: Analysis) -> None:
        """Add what was measured on a frame, and move the cursor there.

        Older results that the frame and the one before it enclose are replaced. Stored results are
        in the table already.
        """
        frame = analysis.frame
        time_s = frame.captured_at if frame.position_s is None else frame.position_s
        if frame.is_repeat and frame.position_s is None:
            return  # analysed before, at another time
        self._follow_source(frame, time_s)
        if analysis.is_recorded and self._has_table:
            self._follow_table(analysis, time_s)
            return
        if analysis.classes and analysis.classes != self.classes:
            self.classes = analysis.classes
            self.faces.clear()
        if frame.is_repeat:
            self.changes += 1
        follows = not self._is_interrupted and frame.segment == self._segment
        after = min(self._before_s, time_s) if follows else time_s
        self._begin_frame(frame, time_s, follows)
        for history in self.faces.values():
            history.series.erase(after, time_s)
        present = {face_number(face.face_id): face for face in analysis.faces}
        for number, face in present.items():
            self._add_face(number, face, analysis, time_s)
        for number, history in self.faces.items():
            if number not in present:
                history.series.erase(time_s - 2 * SAME_S, time_s + 2 * SAME_S)
        self._limit(time_s)
        self.cursor_s = self._before_s = time_s
        self.select(analysis)

    def _follow_table(self, analysis: Analysis, time_s: float) -> None:
        self.interrupt()
        for face in analysis.faces:
            if face_number(face.face_id) in self.faces:
                self.faces[face_number(face.face_id)].colour = face.colour
        self.cursor_s = time_s
        self.select(analysis)

    def select(self, analysis: Analysis) -> None:
        """Plots show the face that `analysis` selects; out of sight, the last one."""
        face = analysis.selected_face
        chosen = analysis.selected_id if face is None else face.face_id
        before = self.selected
        self.selected = before if chosen is None else face_number(chosen)
        self.changes += self.selected != before
        self.revision += 1

    def _follow_source(self, frame: Frame, time_s: float) -> None:
        has_positions = frame.position_s is not None
        if frame.source == self.source and has_positions == self.has_positions:
            return
        continues = self.source is not None and not has_positions and not self.has_positions
        if not continues:
            self.clear()
            self.has_positions, self.origin_s = has_positions, 0.0 if has_positions else time_s
        self.source = frame.source
        self.interrupt()
        if continues:
            self.add_event(Event(time_s, "source", without_password(frame.source) or "demo"))

    def _begin_frame(self, frame: Frame, time_s: float, follows: bool) -> None:
        self._frame_count += 1 if follows else 2  # no face follows over a gap
        if not follows:
            self.stretches += 1
            self._segment_stretch = self.stretches
        else:
            self.frames.erase(self._before_s, time_s)
        self._segment, self._is_interrupted = frame.segment, False
        self._begins_segment = not follows
        empty = np.empty(0, np.float32)
        self.frames.put(time_s, self._segment_stretch, empty, empty, empty)

    def _add_face(self, number: int, face: Face, analysis: Analysis, time_s: float) -> None:
        history = self._history(number)
        subject = analysis.frame.segment, face.face_id, analysis.hidden
        if history.subject != subject or history.frame != self._frame_count - 1:
            history.stretch = self._stretch_of(history, (face.face_id, analysis.hidden), time_s)
        history.subject, history.frame = subject, self._frame_count
        history.colour = face.colour
        prediction, unknown = face.prediction, np.full(len(self.classes), np.nan, np.float32)
        history.series.put(
            time_s,
            history.stretch,
            prediction.smoothed if prediction is not None else unknown,
            prediction.probabilities if prediction is not None else unknown,
            face.signals,
            doubt_bits(issue.kind for issue in face.issues()),
        )

    def _stretch_of(self, history: FaceHistory, kind: Hashable, time_s: float) -> int:
        """A new one; where a file goes on after a pause, a step or a seek, that of the row before.

        It must be of the same `kind`, the face and what is hidden of it, and of the frame before.
        """
        if self.has_positions and self._begins_segment:
            before = history.series.rows(time_s - NEXT_S, time_s - 2 * SAME_S)
            stretch = int(before.stretch[-1]) if len(before) else -1
            is_next = len(before) and not self.frames.count(
                float(before.times[-1]) + 2 * SAME_S, time_s - 2 * SAME_S
            )
            if is_next and history.kinds.get(stretch) == kind:
                return stretch
        self.stretches += 1
        history.kinds[self.stretches] = kind
        return self.stretches

    def adopt(self, table: "SessionHistory") -> None:
        """Take over the faces of a table of this very source."""
        self.classes, self.faces, self.frames = table.classes, table.faces, table.frames
        self.hold_s, self._has_table = table.hold_s, True
        self.stretches = table.stretches
        self.interrupt()
        self.revision += 1
        self.changes += 1

    def _history(self, face: int) -> FaceHistory:
        if face not in self.faces:
            self.faces[face] = FaceHistory(TimeSeries(len(self.classes), len(SIGNALS)))
        return self.faces[face]

    def _limit(self, now: float) -> None:
        every = [self.frames, *(history.series for history in self.faces.values())]
        if not self.has_positions:
            for series in every:
                series.drop_before(now - LIVE_S)
            self.events = [event for event in self.events if event.time_s >= now - LIVE_S]
        while sum(len(series) for series in every[1:]) > MAX_ROWS:
            max(every[1:], key=len).drop_first_chunk()

    def add_event(self, event: Event) -> None:
        self.events = [*self.events, event][-MAX_EVENTS:]
        self.revision += 1
        self.changes += 1

    def add_mark(self) -> None:
        """Mark the moment of the displayed picture."""
        if self.cursor_s is not None:
            self.add_event(Event(self.cursor_s, "mark"))

    def note_last_mark(self, text: str) -> None:
        for index in reversed(range(len(self.events))):
            if self.events[index].kind == "mark":
                self.events[index] = replace(self.events[index], text=text)
                self.revision += 1
                self.changes += 1
                return

    def show_recorded_marks(self, marks: tuple[Mark, ...]) -> None:
        """Those of the recording that plays."""
        kinds: dict[str, EventKind] = {"hidden": "hidden", STIMULUS: "stimulus"}
        recorded = [
            Event(mark.time_s, kinds.get(mark.kind, "mark"), mark.note)
            for mark in marks
            if mark.kind != FIXATION
        ]
        self.events = [*recorded, *(e for e in self.events if e.kind in ("source", "model"))]
        self.revision += 1
        self.changes += 1

    def last(self, seconds: float) -> Rows:
        """The rows of the selected face up to the cursor, with times relative to it, ≤ 0.

        Rows of NaN are gaps; one at the end where the face is out of sight.
        """
        series = self.series(self.selected)
        now = self.cursor_s
        if series is None or now is None:
            return TimeSeries(len(self.classes), len(SIGNALS)).rows(0, 0)
        rows = series.rows(now - seconds, now + SAME_S)
        if not len(rows):
            return rows
        gaps = np.flatnonzero(np.diff(rows.stretch)) + 1
        if now - rows.times[-1] > self.hold_s:
            gaps = np.append(gaps, len(rows))
        times = np.insert(rows.times, gaps, np.append(rows.times, now)[gaps]) - now
        return Rows(
            times,
            np.insert(rows.stretch, gaps, -1),
            np.insert(rows.smoothed, gaps, np.nan, axis=0),
            np.insert(rows.raw, gaps, np.nan, axis=0),
            np.insert(rows.signals, gaps, np.nan, axis=0),
            np.insert(rows.doubts, gaps, 0),
        )


def doubt_bits(kinds: Iterable[QualityKind]) -> int:
    return sum(1 << KINDS.index(kind) for kind in set(kinds))


def doubt_kinds(bits: int) -> tuple[QualityKind, ...]:
    return tuple(kind for i, kind in enumerate(KINDS) if bits >> i & 1)
