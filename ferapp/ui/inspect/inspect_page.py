"""The Inspect page: an evaluation as a whole, its samples, and one of them, side by side."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ferapp.review.evaluation import Evaluation
from ferapp.review.opened import Examined, Inspected
from ferapp.review.selection import Compared, Selection, compare, counts, select
from ferapp.runs.task_queue import Cancelled, Failure
from ferapp.ui.inspect.inspect_columns import Columns
from ferapp.ui.inspect.inspect_tools import Tools
from ferapp.ui.inspect.open_menu import EvaluationMenu
from ferapp.ui.inspect.opening_progress import ProgressVeil
from ferapp.ui.inspect.overview import Overview
from ferapp.ui.inspect.review_bar import Reviewing
from ferapp.ui.inspect.sample_detail import Detail
from ferapp.ui.inspect.sample_filters import Filters
from ferapp.ui.inspect.sample_grid import SampleGrid, other_answer
from ferapp.ui.shell.page import Page
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import MenuButton
from trainer.errors import FerError

SETTLE_MS = 60  # a sample that is only passed by is not examined
WORDS_MS = 100


class InspectPage(Page):
    def __init__(self, tools: Tools, source: str = "") -> None:
        super().__init__("inspect")
        self._tools = tools
        self._wanted = source or tools.first  # opened when the page is first seen
        self._said = ""  # by the desk's thread while something is opened
        self._asked = 0  # how often something was to be opened
        self._unnoised = Selection()  # what was shown before the view of label noise
        self.opened: Inspected | None = None
        self._compared: Compared | None = None
        self.overview = Overview()
        self.filters = Filters()
        self.grid = SampleGrid()
        self.detail = Detail()
        self.reviewing = Reviewing()
        self.open_menu = EvaluationMenu("Open", tools, self.open, self, pictures=True)
        self.other_menu = EvaluationMenu(
            "Compare with", tools, self.compare_with, self, model_chosen=self.compare_with_model
        )
        self.open_button = MenuButton(
            "Open", self.open_menu, "A run, an evaluation, or pictures of your own."
        )
        self.other_button = MenuButton(
            "Compare with",
            self.other_menu,
            "Another model on the same samples: what only one of the two has right.",
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        bar = QHBoxLayout(top)
        bar.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, 0)
        bar.addWidget(self.open_button)
        bar.addWidget(self.other_button)
        bar.addStretch(1)
        self.comparing = QLabel()  # how far it is
        self.comparing.setWordWrap(True)
        self.comparing.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, 0)
        self.comparing.setAccessibleName("Comparison")
        self.comparing.hide()
        columns = Columns(
            (top, self.comparing, self.overview),
            (self.filters, self.grid),
            (self.detail, self.reviewing),
        )
        columns.enlarged.connect(lambda by: self.detail.enlarge(by // 3))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(columns)
        self.veil = ProgressVeil(self, top, columns.covered)

    def _connect(self) -> None:
        self.overview.matrix.chosen_changed.connect(self._take_cells)
        self.overview.noise_turned.connect(self._turn_noise)
        self.overview.predicted.chosen_changed.connect(self._take_predicted)
        self.filters.changed.connect(self._take_filters)
        self.grid.current_changed.connect(self._show_sample)
        self.grid.key.connect(self._take_key)
        self.detail.method_changed.connect(self._examine)
        self.reviewing.decided.connect(self._take_decided)
        self.reviewing.undone.connect(self._take_undone)
        self.reviewing.told.connect(self.toast.tell)
        self._settle = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(self._examine)
        self._words = QTimer(self, interval=WORDS_MS)
        self._words.timeout.connect(self._tell_progress)

    # --- opening --------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._wanted:
            self.open(self._wanted)
        self.grid.setFocus()

    def open(self, source: str) -> None:
        """A run, a folder of an evaluation, or pictures."""
        self._wanted, self._said, self._asked = "", "", self._asked + 1
        number = self._asked
        self._settle.stop()
        self.desk.forget("examine")
        self.veil.begin(f"Opening {Path(source).name} …")
        self._words.start()
        self.desk.ask("open", lambda: self._opened(source, number), self._take_opened)

    def _opened(self, source: str, number: int) -> Inspected:
        """In the desk's thread; so are the numbers that take a moment with 30,000 samples.

        It ends at its next word once something else is to be opened.
        """

        def say(words: str) -> None:
            if number != self._asked:
                raise Cancelled
            self._said = words

        opened = self._tools.open(source, say)
        found = opened.evaluation
        _ = (
            found.measures,
            found.suspects,
            found.confusion_with_unlabelled,
            found.calibration,
            found.faceless,
        )
        return opened

    def _say(self, words: str) -> None:
        """Called in the desk's thread."""
        self._said = words

    def _tell_progress(self) -> None:
        self.veil.tell(self._said)
        self.comparing.setText(self._said)

    def _take_opened(self, outcome: Inspected | Failure) -> None:
        self.veil.end()
        self._rest()
        if self.isVisible():
            self.grid.setFocus()
        if isinstance(outcome, Failure):
            if self.opened is None:
                self.overview.show_nothing("Nothing is open")
            self.toast.tell(outcome.words)
            self._settle.start()  # what was shown stays
            return
        found = outcome.evaluation
        self.reviewing.open(found, outcome.review)
        self._end_comparing()  # what was asked for is of the evaluation before
        self.opened, self._compared = outcome, None
        self.other_button.show_value("")
        self.detail.show_other("")
        self.grid.samples.open(found, outcome.picture, self.reviewing.decisions)
        self.overview.show_inspected(outcome, None)
        self._show(
            only="wrong" if found.wrong.any() else "all",
            cells=frozenset(),
            order="loss" if found.labelled.any() else "confidence",
        )
        if self.overview.noise_shown:
            self._turn_noise(True)

    def compare_with(self, source: str) -> None:
        """Another evaluation of the same samples; "" is none."""
        if source:
            words = f"Opening {Path(source).name} …"
            self._compare(words, lambda _: self._tools.open(source, self._say).evaluation)
        elif self.opened is not None:
            self._take_compared(None)

    def compare_with_model(self, name: str) -> None:
        """Another model, which classifies the samples that are open."""
        self._compare(
            f"Classifying with {name} …",
            lambda opened: self._tools.classify(opened, name, self._say),
        )

    def _compare(self, words: str, other: Callable[[Inspected], Evaluation]) -> None:
        opened = self.opened
        if opened is None:
            return
        self._said = words
        self.comparing.setText(words)
        self.comparing.show()
        self._words.start()
        self.desk.ask(
            "compare", lambda: compare(opened.evaluation, other(opened)), self._take_compared
        )

    def _end_comparing(self) -> None:
        self.desk.forget("compare")
        self.comparing.hide()
        self._rest()

    def _rest(self) -> None:
        """No words about progress where there is none."""
        if self.veil.isHidden() and self.comparing.isHidden():
            self._words.stop()

    def _take_compared(self, outcome: Compared | Failure | None) -> None:
        assert self.opened is not None
        self._end_comparing()
        if isinstance(outcome, Failure):
            self.toast.tell(outcome.words)
            outcome = None
        self._compared = outcome
        self.other_button.show_value(outcome.name if outcome else "")
        self.grid.samples.compare(outcome)
        if outcome is not None:
            found = self.opened.evaluation
            mine = found.name
            if self.opened.classified_by and outcome.name in self._tools.models:
                mine = self.opened.classified_by
            self.filters.show_compared(mine, outcome.name)
        self.overview.show_inspected(self.opened, outcome)
        self._show_other(self.row)
        if outcome is not None:
            self._show(only="fixed" if len(outcome.fixed) else "all", cells=frozenset())
        elif self.filters.selection.only in ("fixed", "broken"):
            self._show(only="wrong")

    # --- which samples --------------------------------------------------------------------------

    def _take_cells(self) -> None:
        cells = self.overview.matrix.chosen
        if cells != self.filters.selection.cells:
            only = self.filters.selection.only
            right = any(true == predicted for true, predicted in cells)
            # a cell of the diagonal has right ones only
            self._show(cells=cells, only="all" if right and only == "wrong" else only)

    def _take_predicted(self, chosen: int | None) -> None:
        """A class of samples without labels; None is all of them."""
        if self.opened is not None:
            row = len(self.opened.evaluation.classes)
            cells = frozenset() if chosen is None else frozenset({(row, chosen)})
            self._show(cells=cells, only="all")

    def _turn_noise(self, on: bool) -> None:
        """The view of label noise has all suspects in the grid, as long as it is there."""
        now = self.filters.selection
        if on:
            self._unnoised = now
            self._show(only="suspects", cells=frozenset())
        elif now.only == "suspects":
            self._show(only=self._unnoised.only, cells=self._unnoised.cells)

    def _take_filters(self) -> None:
        wanted = self.filters.selection
        self._show(only=wanted.only, cells=wanted.cells, order=wanted.order, rising=wanted.rising)

    def _show(self, **changes: Any) -> None:
        """Other samples from now on; `changes` are fields of `Selection`."""
        if self.opened is None:
            return
        now, found = self.filters.selection, self.opened.evaluation
        values = {
            "only": now.only,
            "cells": now.cells,
            "order": now.order,
            "rising": now.rising,
            **changes,
        }
        wanted = Selection(**values)
        rows = select(found, wanted, self._compared, self.reviewing.decisions)
        self._show_filters(wanted)
        self.overview.matrix.choose(wanted.cells)
        (chosen,) = wanted.cells if len(wanted.cells) == 1 else [(0, None)]
        self.overview.predicted.choose(chosen[1])
        self.filters.show_count(len(rows))
        self.grid.show_rows(rows)

    def _show_filters(self, wanted: Selection) -> None:
        assert self.opened is not None
        found = self.opened.evaluation
        numbers = counts(found, self._compared, self.reviewing.decisions)
        self.filters.show_selection(wanted, found.classes, numbers)

    # --- one sample -----------------------------------------------------------------------------

    @property
    def row(self) -> int:
        """The sample that is shown; −1 is none."""
        return self.grid.current_row()

    def _show_sample(self, row: int) -> None:
        found = self.opened.evaluation if self.opened else None
        self.desk.forget("examine")
        picture = None
        if self.opened is not None and row >= 0:
            try:
                picture = self.opened.picture(row)
            except (OSError, ValueError):
                self.toast.tell("The pictures cannot be read any more.")
        self.detail.show_sample(found, row, picture)
        self._show_other(row)
        self.reviewing.show_sample(row)
        if row >= 0:
            self._settle.start()

    def _show_other(self, row: int) -> None:
        compared = self._compared
        self.detail.show_other(other_answer(compared, row) if compared and row >= 0 else "")

    def _examine(self) -> None:
        opened, row = self.opened, self.row
        if opened is None or row < 0:
            return
        if opened.evaluation.faceless[row]:
            self.detail.show_waiting("No face was found in this picture: there is no answer.")
            return
        if opened.model is None:
            self.detail.show_waiting("Without the model there are no attributions.")
            return
        model, found, method = opened.model, opened.evaluation, self.detail.asked_method

        def work() -> Examined:
            picture = opened.picture(row)
            if picture is None:
                raise FerError("Without the picture there are no attributions.")
            label, predicted = int(found.label[row]), int(found.predicted[row])
            points = found.landmarks[row]
            return self._tools.examine(model, picture, points, label, predicted, method)

        self.detail.show_waiting("Looking …")
        self.desk.ask("examine", work, self.detail.show_examined)

    # --- review ---------------------------------------------------------------------------------

    def _take_key(self, key: str) -> None:
        row = self.row
        if self.reviewing.take_key(key) and key.isdecimal():
            place = self.grid.samples.place_of(row)
            if key != "0" and place is not None and place + 1 < len(self.grid.samples.rows):
                self.grid.go_to(place + 1)

    def _take_undone(self, row: int) -> None:
        place = self.grid.samples.place_of(row)
        if place is not None:
            self.grid.go_to(place)

    def _take_decided(self, row: int) -> None:
        self.grid.samples.changed(row)
        self._show_filters(self.filters.selection)

    def stop(self) -> None:
        self._settle.stop()
        self._words.stop()
        self.grid.samples.thumbnails.close()
        super().stop()
