"""The Inspect page: an evaluation as a whole on the left, samples in the middle, one at the right.

What opens evaluations, and what examines a sample, is injected: both load torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ferapp.runs.desk import Failure
from ferapp.runs.inspected import Examined, Inspected
from ferapp.runs.review import Review
from ferapp.runs.selection import Compared, Only, Selection, compare, select
from ferapp.ui import theme
from ferapp.ui.buttons import MenuButton
from ferapp.ui.inspect.detail import Detail
from ferapp.ui.inspect.filters import Filters
from ferapp.ui.inspect.grid import SampleGrid
from ferapp.ui.inspect.menus import EvaluationMenu
from ferapp.ui.inspect.overview import Overview
from ferapp.ui.inspect.reviewing import Reviewing
from ferapp.ui.page import Page
from trainer.data.review import Decision
from trainer.errors import FerError

LEFT, RIGHT = 372, 384  # px; the left column gives way where there is little room
LEAST = 296  # px, of the left column
SETTLE_MS = 60  # a sample that is only passed by is not examined
WORDS_MS = 100
_EMPTY = np.zeros(0, np.int64)


class Examine(Protocol):
    def __call__(
        self,
        model: Path,
        picture: NDArray[np.uint8],
        landmarks: NDArray[np.float32],
        label: int,
        predicted: int,
        method: str,
    ) -> Examined: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What works in the desk's thread."""

    open: Callable[[str, Callable[[str], None]], Inspected]
    examine: Examine
    first: str  # what is opened when nothing was asked for
    runs: Path  # the folder of runs


class InspectPage(Page):
    def __init__(self, tools: Tools, source: str = "") -> None:
        super().__init__("inspect")
        self._tools = tools
        self._wanted = source or tools.first  # opened when the page is first seen
        self._said = ""  # by the desk's thread while something is opened
        self.opened: Inspected | None = None
        self.review: Review | None = None
        self._compared: Compared | None = None
        self.overview = Overview()
        self.filters = Filters()
        self.grid = SampleGrid()
        self.detail = Detail()
        self.reviewing = Reviewing()
        self.open_menu = EvaluationMenu("Open", tools, self.open, self, pictures=True)
        self.other_menu = EvaluationMenu("Compare with", tools, self.compare_with, self)
        self.open_button = MenuButton(
            "Open", self.open_menu, "A run, an evaluation, or pictures of your own."
        )
        self.other_button = MenuButton(
            "Compare with",
            self.other_menu,
            "Another model on the same samples: what this one fixed, and what it broke.",
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
        left = QWidget()
        left.setMinimumWidth(LEAST)
        left.setMaximumWidth(LEFT)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(self.overview, 1)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(theme.MARGIN, 12, 6, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.filters)
        column.addWidget(self.grid, 1)
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(theme.MARGIN - 4)
        column.addWidget(self.detail)
        column.addWidget(self.reviewing)
        column.addStretch(1)
        right = QScrollArea()
        right.setObjectName("column")
        right.setFixedWidth(RIGHT)
        right.setFrameShape(QFrame.Shape.NoFrame)
        right.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        right.setWidgetResizable(True)
        right.setWidget(inner)
        right.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(left, 3)
        layout.addWidget(middle, 2)
        layout.addWidget(right)

    def _connect(self) -> None:
        self.overview.matrix.chosen_changed.connect(self._take_cells)
        self.overview.suspects_wanted.connect(lambda: self._show(only="suspects"))
        self.filters.changed.connect(self._take_filters)
        self.grid.current_changed.connect(self._show_sample)
        self.grid.key.connect(self._take_key)
        self.detail.method_changed.connect(self._examine)
        self.reviewing.decided.connect(self._decide)
        self.reviewing.undo.connect(self._undo)
        self.reviewing.export.connect(self._export)
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
        self._wanted = ""
        self._said = f"Opening {Path(source).name} …"
        self._words.start()
        self.desk.ask("open", lambda: self._opened(source), self._take_opened)

    def _opened(self, source: str) -> Inspected:
        """In the desk's thread; so are the numbers that take a moment with 30,000 samples."""
        opened = self._tools.open(source, self._say)
        found = opened.evaluation
        _ = found.measures, found.suspects, found.matrix, found.calibration
        return opened

    def _say(self, words: str) -> None:
        """Called in the desk's thread."""
        self._said = words

    def _tell_progress(self) -> None:
        self.open_button.show_value(self._said, quiet=True)

    def _take_opened(self, outcome: Inspected | Failure) -> None:
        self._words.stop()
        self.open_button.show_value("")
        if isinstance(outcome, Failure):
            if self.opened is None:
                self.overview.show_nothing("Nothing is open")
            self.toast.tell(outcome.words)
            return
        try:
            self.review = Review(outcome.review)
        except FerError as error:
            self.review = None
            self.toast.tell(str(error))
        self.desk.forget("compare")  # what was asked for is of the evaluation before
        self.opened, self._compared = outcome, None
        self.other_button.show_value("")
        found = outcome.evaluation
        self.reviewing.show_classes(found.classes)
        decisions = self.review.decisions if self.review else {}
        self.grid.samples.open(found, outcome.picture, decisions)
        self.overview.show_evaluation(found, outcome.note, None)
        self._show(only="wrong" if found.wrong.any() else "all", cells=frozenset(), order="loss")

    def compare_with(self, source: str) -> None:
        """Another evaluation of the same samples; "" is none."""
        if self.opened is None:
            return
        if not source:
            self.desk.forget("compare")
            self._take_compared(None)
            return
        found = self.opened.evaluation
        self._said = f"Opening {Path(source).name} …"
        self.other_button.show_value(self._said, quiet=True)
        self.desk.ask(
            "compare",
            lambda: compare(found, self._tools.open(source, self._say).evaluation),
            self._take_compared,
        )

    def _take_compared(self, outcome: Compared | Failure | None) -> None:
        assert self.opened is not None
        self.other_button.show_value("")
        if isinstance(outcome, Failure):
            self.toast.tell(outcome.words)
            outcome = None
        self._compared = outcome
        if outcome is not None:
            self.other_button.show_value(outcome.name)
        self.overview.show_evaluation(self.opened.evaluation, self.opened.note, outcome)
        if outcome is not None:
            self._show(only="fixed", cells=frozenset())
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
        decisions = self.review.decisions if self.review else {}
        rows = select(found, wanted, self._compared, decisions)
        self.filters.show_selection(wanted, found.classes, self._counts())
        self.overview.matrix.choose(wanted.cells)
        self.filters.show_count(len(rows))
        self.grid.show_rows(rows)

    def _counts(self) -> dict[Only, int]:
        """Of the kinds, whatever cells are chosen."""
        assert self.opened is not None
        found, compared = self.opened.evaluation, self._compared
        wrong, labelled = int(found.wrong.sum()), int(found.labelled.sum())
        decisions = self.review.decisions.values() if self.review else ()
        return {
            "all": len(found),
            "wrong": wrong,
            "right": labelled - wrong,
            "suspects": len(found.suspects),
            "fixed": len(compared.fixed) if compared else 0,
            "broken": len(compared.broken) if compared else 0,
            "relabelled": sum(bool(each.label) for each in decisions),
            "flagged": sum(each.flag for each in decisions),
        }

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
        self._show_decision(row)
        if row >= 0:
            self._settle.start()

    def _examine(self) -> None:
        opened, row = self.opened, self.row
        if opened is None or row < 0:
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

    def _show_decision(self, row: int) -> None:
        there = self.review is not None and row >= 0
        if self.review is None or row < 0:
            self.reviewing.show_decision("", Decision(), 0, there=there)
            return
        samples = self.grid.samples
        count = len(self.review.decisions)
        self.reviewing.show_decision(samples.label(row), samples.decision(row), count, there=there)

    def _take_key(self, key: str) -> None:
        row = self.row
        if (
            row >= 0
            and self.review is not None
            and self.reviewing.take_key(key)
            and key.isdecimal()
        ):
            place = self.grid.samples.place_of(row)
            if key != "0" and place is not None and place + 1 < len(self.grid.samples.rows):
                self.grid.go_to(place + 1)

    def _decide(self, decision: Decision) -> None:
        opened, row = self.opened, self.row
        if opened is None or self.review is None or row < 0:
            return
        try:
            self.review.decide(str(opened.evaluation.sample_id[row]), decision)
        except FerError as error:
            self.toast.tell(str(error))
        self._after_decision(row)

    def _undo(self) -> None:
        if self.review is None or self.opened is None:
            return
        try:
            sample = self.review.undo()
        except FerError as error:
            self.toast.tell(str(error))
            return
        if sample is None:
            self.toast.tell("There is nothing to undo.")
            return
        row = int(np.flatnonzero(self.opened.evaluation.sample_id == sample)[0])
        place = self.grid.samples.place_of(row)
        if place is not None:
            self.grid.go_to(place)
        self._after_decision(row)

    def _after_decision(self, row: int) -> None:
        assert self.opened is not None
        self.grid.samples.changed(row)
        self._show_decision(self.row)
        found = self.opened.evaluation
        self.filters.show_selection(self.filters.selection, found.classes, self._counts())

    def _export(self) -> None:
        if self.review is None or self.opened is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, "Export the review", "review.csv", "Table (*.csv)"
        )
        if not path:
            return
        found = self.opened.evaluation
        labels = {
            str(sample): found.classes[label] if label >= 0 else ""
            for sample, label in zip(found.sample_id, found.label.tolist(), strict=True)
        }
        try:
            count = self.review.export(Path(path), labels)
        except FerError as error:
            self.toast.tell(str(error))
        else:
            self.toast.tell(f"{count} decisions are saved in {Path(path).name}.")

    def stop(self) -> None:
        self._settle.stop()
        self._words.stop()
        self.grid.samples.thumbnails.close()
        super().stop()
