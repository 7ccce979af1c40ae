"""Draws, changes and deletes the intervals of the coder in the lane, by mouse and by key."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.codes import EXPRESSION, is_unit
from ferapp.studies.coding.coding_edits import LEAST_S, CodingEdits
from ferapp.ui.coding.coding_bar import CodingBar
from ferapp.ui.coding.coding_lane import CodingLane, lane_rows
from ferapp.ui.coding.held_code import HeldCode
from ferapp.ui.timeline.session_history import SessionHistory

FIRST_CODER = "Coder 1"
FRAME_S = LEAST_S  # by which keys move an interval


class IntervalEditor(QObject):
    """`edits` are of the coder, `others` the intervals of the other coders by name.

    `changed` is emitted after every change of `edits`, `held` when a key begins or ends to draw.
    `further` gives what else is shown while others are revealed.
    """

    changed = Signal()
    held = Signal(bool)
    sought = Signal(float)

    def __init__(
        self,
        lane: CodingLane,
        bar: CodingBar,
        history: SessionHistory,
        further: Callable[[], dict[str, tuple[CodedInterval, ...]]],
    ) -> None:
        super().__init__()
        self._lane, self._bar, self._history, self._further = lane, bar, history, further
        self.edits = CodingEdits("")
        self.others: dict[str, tuple[CodedInterval, ...]] = {}
        self._current = ""  # the code that a drag draws
        self._held = HeldCode()
        self._segment = 0  # of the displayed picture
        lane.drawn.connect(self._draw)
        lane.reshaped.connect(self._reshape)
        lane.chosen.connect(self.select)
        lane.sought.connect(self.sought)
        bar.code_chosen.connect(self._choose_code)

    # --- coders and codes -----------------------------------------------------------------------

    def show_stored(self, intervals: Sequence[CodedInterval], coder: str) -> None:
        """What is in the file of a clip, for `coder` to go on with."""
        names = dict.fromkeys(one.coder for one in intervals)
        self.others = {n: tuple(i for i in intervals if i.coder == n) for n in names}
        self.edits = CodingEdits("")
        self.use_coder(coder)

    def use_coder(self, name: str) -> None:
        self.end_hold()
        if name != self.edits.coder:
            if self.edits.intervals:
                self.others[self.edits.coder] = self.edits.intervals
            self.edits = CodingEdits(name, self.others.pop(name, ()))
        self._lane.select(None)
        self._bar.show_coders(tuple(self.others), name)
        self.show()

    @property
    def everyone(self) -> dict[str, tuple[CodedInterval, ...]]:
        """All intervals by coder, the present one first."""
        return {self.edits.coder: self.edits.intervals} | self.others

    def use_codes(self, codes: tuple[str, ...]) -> None:
        """Those with keys."""
        self._current = self._current if self._current in codes else codes[0]
        self._bar.show_codes(codes, self._current)
        self.show()

    def _choose_code(self, code: str) -> None:
        """What a drag draws; the selected interval gets it too."""
        one, self._current = self._lane.selected, code
        if one is not None:
            self._put(one.start_s, one.end_s, code, one)
        self.show()

    # --- held keys ------------------------------------------------------------------------------

    def begin_hold(self, number: int) -> None:
        """The key of the code with this index was pressed."""
        cursor = self._history.cursor_s
        if number < len(self._bar.codes) and cursor is not None:
            self.end_hold()
            self._held.begin(str(number + 1), self._bar.codes[number], cursor, self._segment)
            self.held.emit(True)

    def release(self, key: str) -> None:
        if key == self._held.key:
            self.end_hold()

    def end_hold(self) -> None:
        """What the key drew is put; pressed briefly, it chooses the code."""
        span, code = self._held.end()
        if not code:
            return
        self.held.emit(False)
        self._lane.show_preview(None)
        if span is None:
            self._choose_code(code)
            return
        self._current = code
        self._put(*span, code)

    def follow(self, time_s: float, segment: int) -> None:
        """The picture is another one: what is drawn grows; a jump ends it."""
        self._segment = segment
        if self._held.code and not self._held.grow(time_s, segment):
            self.end_hold()
        elif self._held.code:
            span = self._held.start_s, self._held.end_s
            self._lane.show_preview(CodedInterval(*span, self._held.code, self.edits.coder))

    def intervals_now(self) -> tuple[CodedInterval, ...]:
        """Those of the coder, with what a held key has drawn so far."""
        now, span = CodingEdits(self.edits.coder, self.edits.intervals), self._held.span
        if span is not None:
            now.put(*span, self._held.code)
        return now.intervals

    # --- changes --------------------------------------------------------------------------------

    def _draw(self, start_s: float, end_s: float, track: str) -> None:
        expressions = [code for code in (self._current, *self._bar.codes) if not is_unit(code)]
        self._put(start_s, end_s, expressions[0] if track == EXPRESSION else track)

    def _put(
        self, start_s: float, end_s: float, code: str, instead_of: CodedInterval | None = None
    ) -> None:
        """Only what was selected before stays so: the next code chosen is for the next interval."""
        put = self.edits.put(start_s, end_s, code, instead_of)
        self._lane.selected = None if instead_of is None else put or instead_of
        self._finish()

    def _reshape(self, one: CodedInterval, start_s: float, end_s: float) -> None:
        self._put(start_s, end_s, one.code, one)

    def nudge(self, edge: str, frames: int) -> None:
        """The `start`, the `end` or both of the selected interval."""
        one = self._lane.selected
        if one is not None:
            by_s = max(frames * FRAME_S, -one.start_s)
            start_s = one.start_s + by_s * (edge != "end")
            self._put(start_s, one.end_s + by_s * (edge != "start"), one.code, one)

    def delete(self) -> None:
        if self._lane.selected is not None:
            self.edits.remove(self._lane.selected)
            self._finish()

    def undo(self) -> None:
        self.edits.undo()
        self._finish()

    def redo(self) -> None:
        self.edits.redo()
        self._finish()

    def _finish(self) -> None:
        if self._lane.selected not in self.edits.intervals:
            self._lane.selected = None
        self.show()
        self.changed.emit()

    # --- selection ------------------------------------------------------------------------------

    def select(self, one: CodedInterval | None) -> None:
        self._lane.select(one)
        self._show_buttons()

    def select_next(self, by: int) -> None:
        """The next (1) or previous (-1) interval, from the selected one or the cursor."""
        intervals, cursor = self.edits.intervals, self._history.cursor_s or 0.0
        if self._lane.selected in intervals:
            place = intervals.index(self._lane.selected) + by
        else:
            place = sum(one.start_s < cursor for one in intervals) - (by < 0)
        if 0 <= place < len(intervals):
            self.select(intervals[place])
            self.sought.emit(intervals[place].start_s)

    def show(self) -> None:
        rows = lane_rows(self.edits.intervals, self.edits.coder, self._bar.codes)
        if self._bar.reveal.isChecked():
            for name, intervals in (self.others | self._further()).items():
                rows += lane_rows(intervals, name)
        self._lane.show_rows(rows)
        self._bar.show_codes(self._bar.codes, self._current)
        self._show_buttons()

    def _show_buttons(self) -> None:
        self._bar.undo.setEnabled(self.edits.can_undo)
        self._bar.redo.setEnabled(self.edits.can_redo)
        self._bar.delete.setEnabled(self._lane.selected is not None)
