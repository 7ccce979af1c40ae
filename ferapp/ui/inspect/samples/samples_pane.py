"""The samples of an evaluation: filters, the grid, and what can be done with those selected."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ferapp.review.opening import OpenedEvaluation
from ferapp.ui.inspect.review_bar import ReviewBar
from ferapp.ui.inspect.samples.sample_files import SampleFiles
from ferapp.ui.inspect.samples.sample_filters import SampleFilters
from ferapp.ui.inspect.samples.sample_grid import SampleGrid
from ferapp.ui.inspect.samples.sample_menu import SampleMenu
from ferapp.ui.inspect.samples.selection_actions import SelectionActions
from ferapp.ui.widgets import theme


class SamplesPane(QWidget):
    """`show_only` has the rows (M,) of the evaluation to which the grid is to be narrowed."""

    show_only = Signal(object)

    def __init__(self, files: SampleFiles, review_bar: ReviewBar) -> None:
        super().__init__()
        self._files, self._review_bar = files, review_bar
        self._opened: OpenedEvaluation | None = None
        self._is_active = True
        self.filters = SampleFilters()
        self.grid = SampleGrid(selects_many=True)
        self.actions_bar = SelectionActions("None selected.", beside_grid=True)
        self.actions_bar.hide()  # until there are several
        self.menu = SampleMenu(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.filters)
        column.addWidget(self.grid, 1)
        column.addWidget(self.actions_bar)
        self._connect()

    def _connect(self) -> None:
        self.grid.selection_changed.connect(lambda _: self._on_selected())
        self.grid.menu_requested.connect(self._show_menu)
        self._files.progressed.connect(lambda _: self._show_selected())
        self.actions_bar.follow(self._files)
        self.actions_bar.relabel.connect(lambda name: self._decide({"label": name}))
        self.actions_bar.drop.connect(lambda: self._decide({"flag": True}))
        self.menu.decided.connect(self._decide)
        self.menu.show_only.connect(lambda: self.show_only.emit(self.selected))
        self.menu.select_all.connect(self.grid.selectAll)
        self.menu.copy_ids.connect(
            lambda: QGuiApplication.clipboard().setText("\n".join(self._selected_ids()))
        )
        for source in (self.actions_bar, self.menu):
            source.tag.connect(lambda word: self._files.tag(self.selected, word))
            source.export.connect(lambda: self._files.ask_where_to_export(self.selected))

    def open(self, opened: OpenedEvaluation) -> None:
        """After the review: the grid shows its decisions."""
        self._opened = opened
        self.actions_bar.show_classes(opened.evaluation.classes)
        self.grid.samples.open(opened.evaluation, opened.read_picture, self._review_bar.decisions)

    def set_active(self, on: bool) -> None:
        """Whether decisions are about the selected samples: not where a view is shown instead."""
        self._is_active = on
        self._on_selected()

    @property
    def selected(self) -> NDArray[np.int64]:
        """(M,) rows of the evaluation."""
        return self.grid.selected_rows()

    def _selected_ids(self) -> list[str]:
        assert self._opened is not None
        return [str(each) for each in self._opened.evaluation.sample_id[self.selected]]

    def _on_selected(self) -> None:
        rows = self.selected
        self._review_bar.select_rows(rows if self._is_active else rows[:0])
        self._show_selected()

    def _show_selected(self) -> None:
        """What can be done with several samples; an export that goes on stays visible."""
        if self._opened is None:
            return
        rows, evaluation = self.selected, self._opened.evaluation
        wrong, has_labels = int(evaluation.wrong[rows].sum()), bool(evaluation.labelled.any())
        self.actions_bar.show_selection(len(rows), wrong, has_labels)
        self.actions_bar.setVisible(len(rows) > 1 or self._files.is_exporting)

    def _show_menu(self, at: QPoint) -> None:
        assert self._opened is not None
        self.menu.fill(self._selected_ids(), self._opened.evaluation.classes, self._files.tags)
        self.menu.popup(at)

    def _decide(self, changes: dict[str, Any]) -> None:
        self._review_bar.decide_rows(self.selected, changes)
