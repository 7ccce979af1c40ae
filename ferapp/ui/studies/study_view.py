"""One study: how far it is, its sources, its summary, what failed, and what to do with it."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.study_reader import StudySnapshot
from ferapp.runs.text_table import TextTable
from ferapp.ui.studies.result_table import ResultTable, TextTableModel
from ferapp.ui.studies.source_table import STATE_COLUMN, SortedSources, SourceTableModel
from ferapp.ui.studies.summary_view import SummaryView, summary_file
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.text_size import scaled
from ferapp.ui.widgets.thin_progress import ProgressLine

SOURCES, SUMMARY, FAILED = "Sources", "Summary", "Failed"
FAILED_COLUMNS = ("source", "reason")
NO_SUMMARY_YET = "The summary appears when all sources are done."
_METRICS = (
    ("sources", "Sources", "Analysed, of all; failed ones included."),
    ("failed", "Failed", "Sources that could not be analysed. The others are not affected."),
    ("frames", "Frames", "Analysed so far, in all sources."),
    ("speed", "ms a frame", "Mean time for a frame of one source. Several run at once."),
    ("jobs", "At once", "How many sources are analysed at the same time, in a process each."),
    ("left", "Time left", "Estimated from the speed so far."),
)


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """Which results of a study exist already."""

    summary: bool = False
    report: bool = False
    methods: bool = False


def state_text(study: StudySnapshot) -> str:
    """`Running: 12 of 40 sources done`."""
    done = f"{study.count('done', 'unchanged')} of {wording.count(len(study.sources), 'source')}"
    if study.state == "finished":
        failed = study.count("failed")
        return f"Finished: {done} analysed" + (f", {failed} failed" if failed else "")
    if study.state == "running":
        waits = all(s.state in ("done", "unchanged", "failed") for s in study.sources)
        return "Writing summary and report…" if waits else f"Running: {done} analysed"
    return f"{study.state.capitalize()}: {done} analysed"


class StudyView(QWidget):
    """The signals are of its buttons; `source_opened` has the name of a finished source."""

    back_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    report_requested = Signal()
    folder_requested = Signal()
    methods_requested = Signal()
    source_opened = Signal(str)
    message = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._study: StudySnapshot | None = None
        self.headline = ElidedLabel()
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.state = QLabel()
        self.progress = ProgressLine()
        self.notice = QLabel()
        self.notice.setProperty("notice", True)
        self.notice.setWordWrap(True)
        self.notice.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.metrics = {key: QLabel("–") for key, _, _ in _METRICS}
        self._captions: dict[str, QLabel] = {}
        self._make_buttons()
        self.source_model = SourceTableModel(self)
        self.sorted_sources = SortedSources(self.source_model)
        self.sources = ResultTable(SOURCES, self.sorted_sources)
        self.sources.doubleClicked.connect(self._open_source)
        self.summary = SummaryView()
        self.failed_model = TextTableModel(self)
        self.failed = ResultTable(FAILED, self.failed_model)
        self.no_failures = QLabel("No source has failed.")
        self.no_failures.setProperty("quiet", True)
        self.no_failures.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._make_segments()
        self._lay_out()

    def _make_buttons(self) -> None:
        self.back = push_button("‹ Studies", "All studies. This one goes on.")
        self.pause = push_button(
            "Pause", "End its processes in order. Finished tables stay; go on whenever you like."
        )
        self.resume = push_button("Go on", "Analyse the sources that are not finished.")
        self.report = push_button("Open report", "Open report.html in the browser.")
        self.folder = push_button("Open folder", "Show the folder with all tables.")
        self.methods = push_button(
            "Copy methods",
            "Copy the paragraph for a paper and the exact record: versions, model, counts.",
        )
        for button, signal in (
            (self.back, self.back_requested),
            (self.pause, self.pause_requested),
            (self.resume, self.resume_requested),
            (self.report, self.report_requested),
            (self.folder, self.folder_requested),
            (self.methods, self.methods_requested),
        ):
            button.clicked.connect(signal)
        self.copy = push_button("Copy", "Copy the selected rows, or all of them, with tabs.")
        self.export = push_button("Export CSV…", "Save this table as a file of its own.")
        self.copy.clicked.connect(self._copy)
        self.export.clicked.connect(self._export)

    def _make_segments(self) -> None:
        self.segments = {
            SOURCES: Chip(SOURCES, "Every source and how far it is."),
            SUMMARY: Chip(SUMMARY, "A row for each source and face."),
            FAILED: Chip(FAILED, "What could not be analysed, and why."),
        }
        failures = QWidget()
        column = QVBoxLayout(failures)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.failed)
        column.addWidget(self.no_failures)
        group = QButtonGroup(self)
        for index, (widget, chip) in enumerate(
            zip((self.sources, self.summary, failures), self.segments.values(), strict=True)
        ):
            self._stack.addWidget(widget)
            group.addButton(chip)
            chip.toggled.connect(lambda on, index=index: self._show_segment(index) if on else None)
        self.segments[SOURCES].setChecked(True)

    def _lay_out(self) -> None:
        self._stack.setObjectName("inner")
        buttons = FlowLayout(gap=6)
        for button in (self.pause, self.resume, self.report, self.folder, self.methods):
            buttons.addWidget(button)
        top = QHBoxLayout()
        top.setSpacing(12)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.headline)
        names.addWidget(self.state)
        top.addWidget(self.back, 0, Qt.AlignmentFlag.AlignVCenter)
        top.addLayout(names, 1)
        segments = QHBoxLayout()
        for chip in self.segments.values():
            segments.addWidget(chip)
        segments.addStretch(1)
        segments.addWidget(self.copy)
        segments.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addWidget(self.progress)
        layout.addWidget(self.notice)
        layout.addLayout(buttons)
        layout.addLayout(self._metrics_grid())
        layout.addLayout(segments)
        layout.addWidget(self._stack, 1)

    def _metrics_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(22)
        grid.setVerticalSpacing(0)
        for column, (key, name, tip) in enumerate(_METRICS):
            value, caption = self.metrics[key], QLabel(name)
            self._captions[key] = caption
            value.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
            value.setAccessibleName(name)
            caption.setProperty("quiet", True)
            for label in (value, caption):
                label.setToolTip(tip)
            grid.addWidget(value, 0, column)
            grid.addWidget(caption, 1, column)
        grid.setColumnStretch(len(_METRICS), 1)
        return grid

    # --- content --------------------------------------------------------------------------------

    def show_starting(self, name: str) -> None:
        """A process was started that has not written its plan yet."""
        self._study = None
        self.headline.setText(name)
        self.state.setText("Starting…")
        self.notice.hide()
        self.progress.show_share(0.0)
        for label in self.metrics.values():
            label.setText("–")
        self.source_model.show_sources(())
        self.failed_model.show_table(TextTable())
        self.summary.show_message(NO_SUMMARY_YET)
        self.segments[SOURCES].setChecked(True)
        self.pause.show()
        for button in (self.resume, self.report, self.folder, self.methods):
            button.hide()

    def show_study(
        self,
        study: StudySnapshot,
        files: StudyFiles,
        *,
        can_pause: bool,
        is_stopping: bool = False,
        notice: str = "",
    ) -> None:
        """`can_pause`: a process of this window runs it. `notice` is why the last one failed."""
        is_other = self._study is None or self._study.out != study.out
        self._study = study
        self.headline.setText(study.out.name)
        self.headline.setToolTip(str(study.out))
        self.state.setText("Pausing…" if is_stopping else state_text(study))
        self.state.setProperty("quiet", study.state != "running")
        self.progress.show_share(study.share)
        self._show_notice(study, notice, can_pause=can_pause)
        self._show_buttons(study, files, can_pause=can_pause, is_stopping=is_stopping)
        self._show_metrics(study)
        self.source_model.show_sources(study.sources)
        failed = tuple((source.name, source.reason) for source in study.failed)
        self.failed_model.show_table(TextTable.of(FAILED_COLUMNS, failed))
        count = len(failed)
        self.segments[FAILED].setText(f"{FAILED} {count}" if count else FAILED)
        self.segments[FAILED].updateGeometry()
        self.no_failures.setVisible(not failed)
        self.failed.setVisible(bool(failed))
        if not files.summary:
            self.summary.show_message(NO_SUMMARY_YET)
        if is_other:
            self.segments[SOURCES].setChecked(True)
            self._fit_columns()
        self._enable_table_buttons()

    def _fit_columns(self) -> None:
        self.sources.fit_columns()
        self.failed.fit_columns()
        for column, width in ((2, 130), (3, 100), (4, 90)):
            self.sources.setColumnWidth(column, scaled(width))
        stretch = QHeaderView.ResizeMode.Stretch
        self.sources.horizontalHeader().setSectionResizeMode(STATE_COLUMN, stretch)
        self.failed.horizontalHeader().setStretchLastSection(True)

    def show_summary(self, table: TextTable) -> None:
        self.summary.show_table(table)
        self._enable_table_buttons()

    def _show_notice(self, study: StudySnapshot, notice: str, *, can_pause: bool) -> None:
        if study.state == "running" and not can_pause:
            notice = (
                "Another process runs this study; the page follows it. "
                "To pause it, press Ctrl+C in its terminal."
            )
        elif study.state == "interrupted" and not notice:
            notice = (
                "Its process ended unexpectedly. Finished tables are complete; "
                "“Go on” analyses the other sources."
            )
        self.notice.setText(notice)
        self.notice.setVisible(bool(notice))

    def _show_buttons(
        self, study: StudySnapshot, files: StudyFiles, *, can_pause: bool, is_stopping: bool
    ) -> None:
        is_running = study.state == "running"
        self.pause.setVisible(is_running and can_pause)
        self.pause.setEnabled(not is_stopping)
        is_retry = study.state == "finished"
        self.resume.setText("Try failed again" if is_retry else "Go on")
        self.resume.setVisible(not is_running and (not is_retry or bool(study.failed)))
        self.report.setVisible(files.report)
        self.methods.setVisible(files.methods)
        self.folder.show()

    def _show_metrics(self, study: StudySnapshot) -> None:
        ended = study.count("done", "unchanged", "failed")
        speeds = [(s.frames, s.ms_per_frame) for s in study.sources if s.ms_per_frame and s.frames]
        frames = sum(count for count, _ in speeds)
        mean = sum(count * ms for count, ms in speeds) / frames if frames else math.nan
        left = study.left_s
        texts = {
            "sources": f"{ended:,} of {len(study.sources):,}",
            "failed": f"{len(study.failed):,}",
            "frames": f"{study.frames:,}",
            "speed": "–" if math.isnan(mean) else f"{mean:.1f}",
            "jobs": str(study.record.jobs),
            "left": "–" if math.isnan(left) else wording.duration(math.ceil(left)),
        }
        for key, text in texts.items():
            self.metrics[key].setText(text)
        for key in ("jobs", "left"):  # of the present, not of the results
            for label in (self.metrics[key], self._captions[key]):
                label.setVisible(study.state == "running")

    # --- tables ---------------------------------------------------------------------------------

    def _show_segment(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._enable_table_buttons()

    @property
    def shown_table(self) -> ResultTable:
        tables = (self.sources, self.summary.table, self.failed)
        return tables[self._stack.currentIndex()]

    def _enable_table_buttons(self) -> None:
        has_rows = self.shown_table.model().rowCount() > 0
        for button in (self.copy, self.export):
            button.setEnabled(has_rows)

    def _copy(self) -> None:
        rows = self.shown_table.copy()
        self.message.emit(f"{wording.count(rows, 'row')} copied.")

    def _export(self) -> None:
        if self._study is None:
            return
        name = self.shown_table.accessibleName().lower()
        path, _ = QFileDialog.getSaveFileName(
            self, "Export the table", str(self._study.out / f"{name}-export.csv"), "CSV (*.csv)"
        )
        if not path:
            return
        try:
            with open(path, "w", encoding="utf-8", newline="") as stream:
                stream.write(self.shown_table.text(","))
        except OSError as error:
            self.message.emit(f"The table could not be saved: {error.strerror}")

    def _open_source(self, index: QModelIndex) -> None:
        source = self.sorted_sources.source_of(index)
        if source.state in ("done", "unchanged"):
            self.source_opened.emit(source.name)


def files_of(study: StudySnapshot) -> StudyFiles:
    """Looks at the disk."""
    return StudyFiles(
        summary_file(study.out).is_file(),
        (study.out / "report.html").is_file(),
        (study.out / "methods.md").is_file(),
    )
