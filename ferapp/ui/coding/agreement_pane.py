"""The page beside the picture that says how far two coders agree, and where they do not."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QListWidget, QVBoxLayout

from ferapp.overlays.label_text import class_title
from ferapp.studies.coding.coder_agreement import Estimate
from ferapp.studies.coding.codes import EXPRESSION
from ferapp.studies.coding.coding_comparison import Disagreement, TrackAgreement
from ferapp.studies.coding.coding_comparison_text import UNDEFINED, estimate_text, method_text
from ferapp.ui.timeline.strip.time_ticks import time_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard, push_button
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.figure_row import FigureRow
from ferapp.ui.widgets.picker import Picker
from ferapp.ui.widgets.text_size import scaled

WIDTH = 352  # px
_MATRIX = QSize(320, 190)
_KAPPA = (
    "Cohen's κ: how much more often both say the same than by chance, from 1 (always) over 0\n"
    "(by chance) to −1 (Cohen 1960)."
)
_FIGURES = (
    ("second", "κ per second", f"{_KAPPA} In each second counts what holds longest in it."),
    ("frame", "κ per frame", f"{_KAPPA} In every frame."),
    (
        "alpha",
        "α per second",
        "Krippendorff's α (nominal), which allows for missing data and any number of coders\n"
        "(Krippendorff 2011). Of these two, and with more people of all of them.",
    ),
    ("share", "same", "Share of the seconds that both coded in which they say the same."),
)


class AgreementPane(QFrame):
    """`pair_chosen` carries two names; `shown` a Disagreement to play."""

    pair_chosen = Signal(str, str)
    shown = Signal(object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Agreement")
        self.setFixedWidth(scaled(WIDTH))
        self._tracks: tuple[TrackAgreement, ...] = ()
        self._everyone: dict[str, Estimate] = {}
        self._moments: tuple[Disagreement, ...] = ()
        self.first = Picker("First coder", "Whose codes are the rows.")
        self.second = Picker("Second coder", "Whose codes are the columns.")
        self.track = Picker("Codes", "Expressions, or one action unit.")
        self.figures = FigureRow(_FIGURES)
        self.matrix = ConfusionMatrix(has_titles=False)
        self.matrix.set_selectable(False)
        self.matrix.setFixedHeight(scaled(_MATRIX.height()))
        self.f1, self.method, self.count = QLabel(), QLabel(), QLabel()
        self.f1.setToolTip("F1 of each class, per second: the same whoever is the first.")
        self.moments = QListWidget()
        self.moments.setAccessibleName("Disagreements")
        self.moments.setToolTip("Enter or a click plays that moment; Enter again the next one.")
        self.moments.setFrameShape(QFrame.Shape.NoFrame)
        self.moments.itemClicked.connect(lambda _: self.show_moment(self.moments.currentRow()))
        self.moments.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        for label in (self.f1, self.method):
            label.setWordWrap(True)
            label.setFont(theme.sized(label.font(), 0.9))
        self.method.setProperty("quiet", True)
        self._lay_out()
        for picker in (self.first, self.second):
            picker.activated.connect(lambda _: self._choose_pair())
        self.track.activated.connect(lambda _: self._show_track())
        self.hide()

    def _lay_out(self) -> None:
        title = QLabel("Agreement")
        title.setFont(theme.sized(title.font(), 1.1))
        close = push_button("×", "Close the agreement, and code blind again if you did.")
        close.setAccessibleName("Close the agreement")
        close.setFixedWidth(30)
        close.setStyleSheet("padding: 2px;")
        close.clicked.connect(self.closed)
        enable_keyboard(close)
        head, pair = QHBoxLayout(), QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        pair.addWidget(self.first, 1)
        pair.addWidget(QLabel("and"))
        pair.addWidget(self.second, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, 10, theme.MARGIN, 10)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addLayout(pair)
        column.addWidget(self.track)
        column.addLayout(self.figures)
        for widget in (self.matrix, self.f1, self.count):
            column.addWidget(widget)
        column.addWidget(self.moments, 1)
        column.addWidget(self.method)

    # --- what is compared -----------------------------------------------------------------------

    def show_names(self, names: Sequence[str], first: str, second: str) -> None:
        """Who can be compared, and who is."""
        for picker, chosen in ((self.first, first), (self.second, second)):
            picker.clear()
            picker.addItems(list(names))
            picker.setCurrentText(chosen)

    def _choose_pair(self) -> None:
        self.pair_chosen.emit(self.first.currentText(), self.second.currentText())

    def show_result(
        self, tracks: Sequence[TrackAgreement], everyone: Sequence[TrackAgreement] = ()
    ) -> None:
        """Of the two; and of `everyone`, where more people coded."""
        before = self.track.currentText()
        self._tracks = tuple(tracks)
        self._everyone = {each.track: each.per_second.alpha for each in everyone}
        self.track.clear()
        self.track.addItems([_track_title(each.track) for each in tracks])
        self.track.setVisible(len(tracks) > 1)
        self.track.setCurrentIndex(max(self.track.findText(before), 0))
        self._show_track()

    def show_message(self, text: str) -> None:
        """Why there is nothing to compare."""
        self._tracks, self._moments = (), ()
        self.moments.clear()
        self.track.hide()
        for figure in self.figures.figures.values():
            figure.show_value("–")
        self.matrix.hide()
        self.f1.setText("")
        self.count.setText("")
        self.method.setText(text)

    def _show_track(self) -> None:
        index = max(self.track.currentIndex(), 0)
        if index >= len(self._tracks):
            return
        track = self._tracks[index]
        pair, figures = track.per_second.pairs[0], self.figures.figures
        everyone = self._everyone.get(track.track)
        for key, estimate in (
            ("second", pair.kappa),
            ("frame", track.per_frame.pairs[0].kappa),
            ("alpha", track.per_second.alpha),
        ):
            tip = f"All people: {estimate_text(everyone)}" if everyone and key == "alpha" else ""
            low, high = (_score(bound) for bound in estimate.interval)
            margin = f"{low} to {high}" if UNDEFINED not in (low, high) else ""
            figures[key].show_value(_score(estimate.value), margin, tip)
        figures["share"].show_value(f"{100 * pair.share:.0f}\u00a0%", f"n = {pair.n}")
        self.matrix.show_counts(track.classes, pair.confusion)
        self.matrix.show()
        scores = (
            f"{class_title(name)} {_score(one.value)}"
            for name, one in zip(track.classes, pair.f1, strict=True)
            if not math.isnan(one.value)
        )
        self.f1.setText(f"F1: {', '.join(scores)}")
        self.method.setText(method_text(track))
        self._show_moments(track.disagreements[0])

    def _show_moments(self, moments: tuple[Disagreement, ...]) -> None:
        self._moments = moments
        self.moments.clear()
        for one in moments:
            span = f"{time_text(one.start_s, 1)} – {time_text(one.end_s, 1)}"
            words = f"{class_title(one.first)} / {class_title(one.second)}"
            self.moments.addItem(f"{span}   {words}")
        plural = "disagreement" if len(moments) == 1 else "disagreements"
        step = ". Enter plays the next one" if moments else ""
        self.count.setText(f"{len(moments)} {plural}{step}")

    # --- stepping -------------------------------------------------------------------------------

    def step(self, by: int) -> None:
        """To the next disagreement (1) or the one before (-1), around at the ends."""
        if self._moments:
            row = self.moments.currentRow()
            first = 0 if by > 0 else len(self._moments) - 1
            self.show_moment(first if row < 0 else (row + by) % len(self._moments))

    def show_moment(self, row: int) -> None:
        self.moments.setCurrentRow(row)
        self.moments.scrollToItem(self.moments.item(row))
        self.shown.emit(self._moments[row])


def _score(value: float) -> str:
    return UNDEFINED if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def _track_title(track: str) -> str:
    return "Expressions" if track == EXPRESSION else track
