"""The Inspect page: an evaluation as a whole, its samples, and one of them, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import (
    ConfusionCell,
    SampleKind,
    Selection,
    count_kinds,
    select_rows,
)
from ferapp.runs.task_queue import ReportProgress, TaskCancelled, TaskFailure
from ferapp.ui.inspect.comparing import Comparing
from ferapp.ui.inspect.explaining import Explaining
from ferapp.ui.inspect.figures.overview import Overview
from ferapp.ui.inspect.inspect_columns import InspectColumns
from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.inspect.inspect_views import InspectView, ViewSwitch
from ferapp.ui.inspect.open_menu import EvaluationMenu
from ferapp.ui.inspect.opening_progress import OpeningProgress
from ferapp.ui.inspect.review_bar import ReviewBar
from ferapp.ui.inspect.sample_detail import SampleDetail
from ferapp.ui.inspect.samples.sample_files import SampleFiles
from ferapp.ui.inspect.samples.sample_model import other_prediction_text
from ferapp.ui.inspect.samples.samples_pane import SamplesPane
from ferapp.ui.inspect.split_switch import SplitSwitch, split_name
from ferapp.ui.shell.page import Page
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import MenuButton
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea
from trainer.evaluation.intervals import Interval

SETTLE_MS = 60  # a sample that is only passed by is not explained
PROGRESS_MS = 100


class InspectPage(Page):
    def __init__(
        self, tools: InspectTools, source: str = "", views: Sequence[InspectView] = ()
    ) -> None:
        super().__init__("inspect")
        self._tools, self.views = tools, tuple(views)
        self._row = -1
        self._first_source = source or tools.first  # opened when the page is first shown
        self._progress = ""  # written by the task queue's thread while something is opened
        self._first_cells = frozenset[ConfusionCell]()  # selected once it is open
        self._openings = 0  # counts calls of `open`, so that only the latest one goes on
        self.opened: OpenedEvaluation | None = None
        self._measured: Evaluation | None = None  # whose intervals are computed
        self.overview = Overview()
        self.detail = SampleDetail()
        self.review_bar = ReviewBar()
        self.files = SampleFiles(self)
        self.samples = SamplesPane(self.files, self.review_bar)
        self.filters, self.grid = self.samples.filters, self.samples.grid
        self.comparing = Comparing(tools, self.tasks, self)
        self._explaining = Explaining(tools, self.tasks, self.detail)
        self.open_menu = EvaluationMenu("Open", tools, self.open, self, for_opening=True)
        self.splits = SplitSwitch()
        self.open_button = MenuButton(
            "Open", self.open_menu, "Open a run, an evaluation, or your own pictures."
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        bar = QHBoxLayout(top)
        bar.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, 0)
        bar.addWidget(self.open_button)
        bar.addWidget(self.comparing.button)
        bar.addStretch(1)
        overview = VerticalScrollArea()
        overview.setWidget(self.overview)
        self.switch = ViewSwitch(overview, self.samples)
        columns = InspectColumns(
            (top, self.splits, self.comparing.status, self.switch.left),
            (self.switch, self.switch.middle),
            (self.detail, self.review_bar),
        )
        self.switch.setVisible(bool(self.views))  # else there is no choice
        columns.extra_width_changed.connect(lambda px: self.detail.set_extra_side(px // 3))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(columns)
        for view in self.views:  # the switch shows itself: without a parent, as a window
            self.switch.add(view.title, view.tip, view.left, view.middle)
        self.opening = OpeningProgress(self, top, columns.below_first)

    def _connect(self) -> None:
        self.overview.matrix.selection_changed.connect(self._on_cells_selected)
        self.overview.predicted.class_chosen.connect(self._on_class_chosen)
        self.splits.chosen.connect(self.open_split)
        self.filters.changed.connect(lambda: self._select(self.filters.selection))
        self.switch.changed.connect(self._on_view_changed)
        for view in self.views:
            view.sample_chosen.connect(self._show_sample)
            view.rows_chosen.connect(self.show_rows)
            view.rows_decided.connect(self.review_bar.decide_rows)
            view.key_typed.connect(self.review_bar.handle_key)
            view.use_files(self.files)
        self.grid.current_changed.connect(self._show_sample)
        self.grid.key_typed.connect(self._on_key)
        self.comparing.changed.connect(self._on_compared)
        self.comparing.failed.connect(self.toast.show_message)
        self.detail.method_changed.connect(self._explain)
        self.files.tags_changed.connect(self._on_tags_changed)
        self.files.message.connect(self.toast.show_message)
        self.samples.show_only.connect(self.show_rows)
        self.review_bar.decided.connect(self._on_decided)
        self.review_bar.undone.connect(self._go_to_row)
        self.review_bar.message.connect(self.toast.show_message)
        self._settle = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(self._explain)
        self._settle.timeout.connect(self._measure)
        self._progress_timer = QTimer(self, interval=PROGRESS_MS)
        self._progress_timer.timeout.connect(lambda: self.opening.show_message(self._progress))

    # --- opening --------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._first_source:
            self.open(self._first_source)
        self.grid.setFocus()

    def open(self, source: str, cells: frozenset[ConfusionCell] = frozenset()) -> None:
        """Open a run, a folder of an evaluation, or pictures, and select cells of the matrix."""
        self._first_cells = cells
        self._open(f"Opening {Path(source).name}…", lambda report: self._tools.open(source, report))

    def open_split(self, split: str) -> None:
        """Show another split of what is open; "" is all of them."""
        opened, self._first_cells = self.opened, frozenset()
        if opened is not None:
            self._open(
                f"Opening the {split_name(split)}…",
                lambda report: self._tools.open_split(opened, split, report),
            )

    def _open(self, title: str, work: Callable[[ReportProgress], OpenedEvaluation]) -> None:
        self._first_source, self._progress, self._openings = "", "", self._openings + 1
        number = self._openings
        self._settle.stop()
        self.tasks.cancel("explain")
        self.opening.begin(title)
        self._progress_timer.start()
        self.tasks.submit("open", lambda: self._open_in_thread(work, number), self._on_opened)

    def _open_in_thread(
        self, work: Callable[[ReportProgress], OpenedEvaluation], number: int
    ) -> OpenedEvaluation:
        """Open it, and compute what takes a moment for 30,000 samples.

        Ends at its next progress report when something else is opened.
        """

        def report(message: str) -> None:
            if number != self._openings:
                raise TaskCancelled
            self._progress = message

        opened = work(report)
        evaluation = opened.evaluation
        _ = evaluation.measures, evaluation.suspects, evaluation.confusion_with_unlabelled
        _ = evaluation.calibration, evaluation.raw_calibration, evaluation.faceless
        _ = evaluation.row_of, evaluation.threshold_curves
        return opened

    def _on_opened(self, result: OpenedEvaluation | TaskFailure) -> None:
        self.opening.end()
        self._progress_timer.stop()
        if self.isVisible():
            self.grid.setFocus()
        if isinstance(result, TaskFailure):
            if self.opened is None:
                self.overview.show_empty("Nothing is open", result.message)
            else:
                self.splits.show_splits(self.opened.splits, self.opened.split)
            self.toast.show_message(result.message)
            self._settle.start()  # the page still shows what was open before
            return
        evaluation = result.evaluation
        self.review_bar.open(evaluation, result.review)
        self.opened = result
        self.comparing.open(result)
        self.files.open(result)
        self.detail.show_other("")
        self.samples.open(result)
        self.overview.show_opened(result, None)
        self.splits.show_splits(result.splits, result.split)
        cells = self._first_cells
        self._change_selection(
            kind=_kind_with(cells, "wrong") if evaluation.wrong.any() else "all",
            cells=cells,
            text="",
            tag="",
            sort_key="loss" if evaluation.labelled.any() else "confidence",
        )
        self._show_in_view()

    # --- views ----------------------------------------------------------------------------------

    @property
    def view(self) -> InspectView | None:
        """The one in place of the samples; None while they are shown."""
        return self.views[self.switch.index - 1] if self.switch.index else None

    def show_view(self, view: InspectView) -> None:
        """Show one of the `views`."""
        self.switch.show_view(1 + self.views.index(view))

    def show_samples(self) -> None:
        """Show the overview and the grid."""
        self.switch.show_view(0)

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        """Show these samples, in the grid."""
        self._change_selection(kind="chosen", cells=frozenset(), chosen=tuple(rows.tolist()))
        self.show_samples()

    def _on_view_changed(self, _: int) -> None:
        self.samples.set_active(self.view is None)
        self._show_sample(-1 if self.view else self.grid.current_row())
        self._show_in_view()

    def _show_in_view(self) -> None:
        if self.view is not None:
            self.view.decisions = self.review_bar.decisions
            self.view.show_opened(self.opened, self.comparing.comparison)

    def _on_compared(self) -> None:
        """There is another comparison, or none any more."""
        assert self.opened is not None
        comparison = self.comparing.comparison
        self.grid.samples.compare_with(comparison)
        if comparison is not None:
            self.filters.show_comparison(*comparison.short_names)
        self.overview.show_opened(self.opened, comparison)
        self._show_other(self.row)
        if comparison is not None:
            kind = "fixed" if len(comparison.fixed) else "all"
            self._change_selection(kind=kind, cells=frozenset())
        elif self.filters.selection.kind in ("fixed", "broken"):
            self._change_selection(kind="wrong")
        if self.row >= 0:
            self._settle.start()  # its maps are now of both models, or of one
        self._show_in_view()

    # --- which samples --------------------------------------------------------------------------

    def _on_cells_selected(self) -> None:
        cells, before = self.overview.matrix.selected, self.filters.selection
        if cells != before.cells:
            self._change_selection(cells=cells, kind=_kind_with(cells, before.kind))

    def _on_class_chosen(self, chosen: int | None) -> None:
        """Show a predicted class of samples without labels; None is all of them."""
        if self.opened is not None:
            no_label = len(self.opened.evaluation.classes)
            cells = frozenset() if chosen is None else frozenset({(no_label, chosen)})
            self._change_selection(cells=cells, kind="all")

    def _change_selection(self, **changes: Any) -> None:
        """Show other samples; `changes` are fields of `Selection`."""
        self._select(replace(self.filters.selection, **changes))

    def _select(self, selection: Selection) -> None:
        if self.opened is None:
            return
        decisions = self.review_bar.decisions
        evaluation, comparison = self.opened.evaluation, self.comparing.comparison
        rows = select_rows(evaluation, selection, comparison, decisions, self.files.tags)
        self._show_filters(selection)
        self.overview.matrix.select(selection.cells)
        cells = list(selection.cells)
        self.overview.predicted.choose(cells[0][1] if len(cells) == 1 else None)
        self.filters.show_count(len(rows))
        self.grid.show_rows(rows)

    def _on_tags_changed(self) -> None:
        tags, selection = self.files.tags, self.filters.selection
        self.filters.show_tags({word: len(ids) for word, ids in tags.items()})
        if selection.tag:
            self._change_selection(tag=selection.tag if selection.tag in tags else "")

    def _show_filters(self, selection: Selection) -> None:
        assert self.opened is not None
        evaluation = self.opened.evaluation
        counts = count_kinds(evaluation, self.comparing.comparison, self.review_bar.decisions)
        self.filters.show_selection(selection, evaluation.classes, counts)

    # --- one sample -----------------------------------------------------------------------------

    @property
    def row(self) -> int:
        """The evaluation's row of the shown sample; −1 is none."""
        return self._row

    def _show_sample(self, row: int) -> None:
        self._row = row
        evaluation = self.opened.evaluation if self.opened else None
        self.tasks.cancel("explain")
        picture = None
        if self.opened is not None and row >= 0:
            try:
                picture = self.opened.read_picture(row)
            except (OSError, ValueError):
                self.toast.show_message("The pictures can no longer be read.")
        self.detail.show_sample(evaluation, row, picture)
        self._show_other(row)
        self.review_bar.show_sample(row)
        if row >= 0:
            self._settle.start()

    def _show_other(self, row: int) -> None:
        comparison = self.comparing.comparison
        text = other_prediction_text(comparison, row) if comparison and row >= 0 else ""
        self.detail.show_other(text)

    def _explain(self) -> None:
        if self.opened is not None and self.row >= 0:
            self._explaining.explain(self.opened, self.comparing.comparison, self.row)

    def _measure(self) -> None:
        """The intervals of the figures, once the first sample has been explained."""
        if self.opened is None or self.opened.evaluation is self._measured:
            return
        self._measured = evaluation = self.opened.evaluation
        self.tasks.submit(
            "intervals",
            lambda: evaluation.intervals,
            lambda result: self._on_measured(evaluation, result),
        )

    def _on_measured(
        self, evaluation: Evaluation, result: dict[str, Interval] | TaskFailure
    ) -> None:
        is_open = self.opened is not None and self.opened.evaluation is evaluation
        if is_open and not isinstance(result, TaskFailure):
            self.overview.show_figures(evaluation, result)

    # --- review ---------------------------------------------------------------------------------

    def _on_key(self, key: str) -> None:
        row, is_one = self.row, not self.review_bar.decides_many
        if self.review_bar.handle_key(key) and key.isdecimal() and is_one:
            position = self.grid.samples.position_of(row)
            is_last = position == len(self.grid.samples.rows) - 1
            if key != "0" and position is not None and not is_last:
                self.grid.go_to(position + 1)

    def _go_to_row(self, row: int) -> None:
        position = self.grid.samples.position_of(row)
        if position is not None:
            self.grid.go_to(position)

    def _on_decided(self, row: int) -> None:
        self.grid.viewport().update()  # one decision may be about many samples
        self._show_filters(self.filters.selection)
        if self.view is not None:
            self.view.show_decision(row)

    def stop(self) -> None:
        self._settle.stop()
        self._progress_timer.stop()
        self.grid.samples.thumbnails.close()
        self.files.stop()
        self.review_bar.stop()
        self.comparing.stop()
        for view in self.views:
            view.stop()
        super().stop()


def _kind_with(cells: frozenset[ConfusionCell], kind: SampleKind) -> SampleKind:
    """Cells of the diagonal contain no wrong samples."""
    has_correct = any(true == predicted for true, predicted in cells)
    return "all" if has_correct and kind == "wrong" else kind
