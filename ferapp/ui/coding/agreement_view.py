"""Compares coders in the background, and plays the moments at which they disagree."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QBoxLayout

from ferapp.live.status import LiveEngine
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.codes import EXPRESSION
from ferapp.studies.coding.coding_comparison import (
    CoderIntervals,
    Disagreement,
    TrackAgreement,
    compare,
)
from ferapp.ui.coding.agreement_pane import AgreementPane
from ferapp.ui.coding.coding_lane import CodingLane
from ferapp.ui.coding.seen_by_model import SeenByModel, seen_by_model
from ferapp.ui.live.live_page import LivePage

MODEL = "Model"
LEAD_S = 0.4  # that a disagreement is played earlier, and longer
NOBODY = "Nothing to compare yet: code a part of the clip, or let the clip play for the model."

Intervals = tuple[CodedInterval, ...]
Result = tuple[tuple[TrackAgreement, ...], tuple[TrackAgreement, ...], Intervals]


class AgreementView:
    """`model_intervals` has what the model said, by its name, once it was compared.

    `on_result` is called when that is another.
    """

    def __init__(
        self, page: LivePage, engine: LiveEngine, lane: CodingLane, freeze: QAction
    ) -> None:
        self._page, self._engine, self._lane, self._freeze = page, engine, lane, freeze
        self.tasks: TaskQueue | None = None
        self.on_result: Callable[[], None] = lambda: None
        self.model_intervals: dict[str, Intervals] = {}
        self._people: dict[str, Intervals] = {}
        self._pair = ("", "")
        self._compared: object = None
        self._moment: Disagreement | None = None  # that is played
        self._has_arrived = False
        self.pane = AgreementPane()
        layout = page.layout()
        assert isinstance(layout, QBoxLayout)
        layout.addWidget(self.pane)
        self.pane.pair_chosen.connect(self._choose_pair)
        self.pane.shown.connect(self._play)

    def set_on(self, on: bool) -> None:
        self.pane.setVisible(on)
        self._page.panel.setVisible(self._page.panel.isVisible() and not on)
        self._compared = None
        if not on:
            self.model_intervals = {}
            self._moment = None
            self._lane.show_moment(None)

    def show_people(self, people: Mapping[str, Intervals]) -> None:
        """All codings as they are now; compared again while the pane is open."""
        self._people = {name: coded for name, coded in people.items() if coded}
        if self.pane.isHidden():
            return
        names = [*self._people, *([MODEL] if self._page.history.faces else [])]
        first, second = self._pair
        if first not in names or second not in names or first == second:
            first, second = [*names, "", ""][:2]
        self._pair = first, second
        self.pane.show_names(names, first, second)
        self._compare()

    def _choose_pair(self, first: str, second: str) -> None:
        self._pair, self._moment = (first, second), None
        self._lane.show_moment(None)
        self._compare()

    def _compare(self) -> None:
        first, second = self._pair
        subject = self._pair, tuple(self._people.items())
        if self.tasks is None or subject == self._compared:
            return
        self._compared = subject
        if not second or first == second:
            self.pane.show_message(NOBODY if not second else "Choose two different coders.")
            return
        people = dict(self._people)
        seen = seen_by_model(self._page.history) if MODEL in self._pair else None
        self.tasks.submit("compare", lambda: _result(self._pair, people, seen), self._show)

    def _show(self, result: Result | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.pane.show_message(result.message)
            return
        pair, everyone, model = result
        self.model_intervals = {MODEL: model} if model else {}
        self.pane.show_result(pair, everyone)
        self.on_result()

    # --- moments --------------------------------------------------------------------------------

    def _play(self, moment: Disagreement) -> None:
        """From a little before to a little after, and hold it."""
        self._moment, self._has_arrived = moment, False
        self._lane.show_moment((moment.start_s, moment.end_s))
        self._engine.seek(max(moment.start_s - LEAD_S, 0.0))
        self._freeze.setChecked(False)

    def follow(self, cursor_s: float) -> None:
        """The picture is another one: hold it where the moment that plays is over."""
        moment = self._moment
        if moment is None:
            return
        is_inside = moment.start_s - 2 * LEAD_S <= cursor_s <= moment.end_s + LEAD_S
        if self._has_arrived and not is_inside:
            self._moment = None
            self._freeze.setChecked(True)
        self._has_arrived = self._has_arrived or is_inside


def _result(
    pair: tuple[str, str], people: dict[str, Intervals], seen: SeenByModel | None
) -> Result:
    """Of the pair, of everybody where that is more than two, and what the model said.

    Of its action units only those that somebody coded.
    """
    said = seen.intervals() if seen is not None else ()
    coders = [
        CoderIntervals(name, said if name == MODEL else people[name], name == MODEL)
        for name in pair
    ]
    edges = tuple(np.asarray(seen.edges).tolist()) if seen is not None else ()
    everyone = [CoderIntervals(name, coded) for name, coded in people.items()]
    all_people = compare(everyone) if len(everyone) > 2 else ()
    coded = {one.track for intervals in people.values() for one in intervals} | {EXPRESSION}
    shown = tuple(replace(one, coder=MODEL) for one in said if one.track in coded)
    return compare(coders, edges), all_people, shown
