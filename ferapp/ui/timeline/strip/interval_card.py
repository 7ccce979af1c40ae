"""A card above the timeline with the statistics of the selected interval."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.overlays.label_text import class_title, percent
from ferapp.ui.timeline.session_timeline import SessionTimeline
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button

_HEADS = (
    ("", "The expression; the one with the highest mean comes first."),
    ("Mean", "The displayed probability, averaged over the frames of the interval."),
    ("Peak", "The highest displayed probability in the interval."),
    ("at", "When the probability is highest."),
    ("Onset", "The first moment in the interval at which this expression leads."),
    ("Leads for", "Total time in which this expression is the most probable; gaps do not count."),
)
_NEVER = "–"


class IntervalCard(QFrame):
    """Shown while `timeline` has an interval; `copy_pressed` and `save_pressed` are its buttons."""

    copy_pressed = Signal()
    save_pressed = Signal()

    def __init__(self, parent: QWidget, timeline: SessionTimeline) -> None:
        super().__init__(parent)
        self._timeline, self._room = timeline, parent
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Statistics of the interval")
        self.title = QLabel()
        small = theme.sized(self.font(), 0.9)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(1)
        for column, (head, tip) in enumerate(_HEADS):
            label = QLabel(head)
            label.setProperty("quiet", True)
            label.setFont(small)
            label.setToolTip(tip)
            grid.addWidget(label, 0, column, _side(column))
        self.cells: list[list[QLabel]] = []
        self._grid, self._small = grid, small
        copy = push_button("Copy table", "Copy these numbers as CSV.")
        copy.clicked.connect(self.copy_pressed)
        save = push_button(
            "Save…", "Save the numbers (CSV), or the timeline as picture (PNG, SVG)."
        )
        save.clicked.connect(self.save_pressed)
        close = push_button("×", "Clear the interval.")
        close.setAccessibleName("Clear the interval")
        close.setFixedWidth(30)
        close.setStyleSheet("padding: 2px;")
        close.clicked.connect(lambda: timeline.select_interval(None))
        head_row = QHBoxLayout()
        head_row.addWidget(self.title, 1)
        for button in (copy, save, close):
            head_row.addWidget(button)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(12, 8, 8, 10)
        column_layout.setSpacing(6)
        column_layout.addLayout(head_row)
        column_layout.addLayout(grid)
        timeline.measured.connect(self.follow)
        self.hide()

    def follow(self) -> None:
        """Show the statistics of the timeline's interval, or hide."""
        timeline, interval = self._timeline, self._timeline.interval
        if interval is None:
            self.hide()
            return
        start, end = interval
        found = sorted(timeline.statistics(), key=lambda one: -one.mean)
        face = f"  ·  face {timeline.history.selected}" if len(timeline.history.faces) > 1 else ""
        span = f"{timeline.time_text(start, 1)} – {timeline.time_text(end, 1)}"
        self.title.setText(
            f"{span}  ·  {end - start:.1f}\u00a0s{face}" + ("" if found else "  ·  no face")
        )
        rows = [
            (
                class_title(one.expression),
                percent(one.mean),
                percent(one.peak),
                timeline.time_text(one.peak_s, 1),
                _NEVER if one.onset_s is None else timeline.time_text(one.onset_s, 1),
                f"{one.duration_s:.1f}\u00a0s" if one.onset_s is not None else _NEVER,
            )
            for one in found
        ]
        self._show_rows(rows)
        self.setAccessibleDescription(". ".join(", ".join(row) for row in rows))
        self.adjustSize()
        self.place()
        self.show()
        self.raise_()

    def _show_rows(self, rows: Sequence[tuple[str, ...]]) -> None:
        while len(self.cells) < len(rows):
            labels = [QLabel() for _ in _HEADS]
            for column, label in enumerate(labels):
                label.setFont(self._small)
                label.setToolTip(_HEADS[column][1])
                self._grid.addWidget(label, len(self.cells) + 1, column, _side(column))
            self.cells.append(labels)
        for number, labels in enumerate(self.cells):
            texts = rows[number] if number < len(rows) else ("",) * len(_HEADS)
            for label, text in zip(labels, texts, strict=True):
                label.setText(text)
                label.setVisible(number < len(rows))

    def place(self) -> None:
        """Above the middle of the interval, inside the parent."""
        timeline, interval = self._timeline, self._timeline.interval
        if interval is None:
            return
        x = timeline.layout_now().x_of(sum(interval) / 2) - self.width() / 2
        above = timeline.mapTo(self._room, QPoint(round(x), 0))
        room = self._room.width() - self.width() - 4
        top = above.y() - self.height() - 34
        self.move(min(max(above.x(), 4), max(room, 4)), max(top, 4))


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
