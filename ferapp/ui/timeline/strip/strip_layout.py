"""Where everything of the timeline lies, in px, and which time is where."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSizeF

from ferapp.ui.widgets.text_size import scaled

# px at the usual size of text: beside the curves, for scales and for the names of the curves
LEFT, RIGHT = 46, 74
FLAGS = 12  # px of the row with marks and changes
RIBBON, ROW = 16, 7  # px, of the selected face and of the others
SPACE = 4  # px between ribbons
BETWEEN = 12  # px between curves, so that their scales do not touch
AXIS = 18  # px of the times, at the usual size of text
CURVES, LANE = 84, 52  # px, at least, of the probabilities and of each further lane


@dataclass(frozen=True, slots=True)
class StripLayout:
    """`rows` are the ribbons of the other faces, `lanes` the further curves, by name.

    `start` and `end` are the times at the left and right edge of the curves.
    """

    start: float
    end: float
    flags: QRectF
    ribbon: QRectF
    rows: dict[int, QRectF]
    curves: QRectF
    lanes: dict[str, QRectF]
    axis: QRectF

    def x_of(self, time_s: float) -> float:
        span = self.end - self.start
        return self.ribbon.left() + (time_s - self.start) / span * self.ribbon.width()

    def time_at(self, x: float) -> float:
        share = (x - self.ribbon.left()) / self.ribbon.width()
        return self.start + share * (self.end - self.start)

    def row_at(self, y: float) -> int | None:
        """The other face whose ribbon is there."""
        half = SPACE / 2
        return next(
            (f for f, row in self.rows.items() if row.top() - half <= y < row.bottom() + half), None
        )


def least_height(others: int, lanes: int) -> int:
    """Height in px that shows everything."""
    rows = others * (ROW + SPACE)
    return FLAGS + RIBBON + rows + SPACE + CURVES + lanes * (LANE + BETWEEN) + scaled(AXIS)


def lay_out(
    size: QSizeF, start: float, end: float, others: Sequence[int], lanes: Sequence[str]
) -> StripLayout:
    """What is left after ribbons and axis is shared by the curves and the lanes."""
    left, height = scaled(LEFT), scaled(AXIS)
    width = max(size.width() - left - scaled(RIGHT), 20.0)
    top = float(FLAGS)
    ribbon = QRectF(left, top, width, RIBBON)
    top += RIBBON + SPACE
    rows: dict[int, QRectF] = {}
    for face in others:
        rows[face] = QRectF(left, top, width, ROW)
        top += ROW + SPACE
    room = max(size.height() - height - top - BETWEEN * len(lanes), 20.0)
    share = room / (CURVES + LANE * len(lanes))
    curves = QRectF(left, top, width, CURVES * share)
    top += CURVES * share + BETWEEN
    placed: dict[str, QRectF] = {}
    for name in lanes:
        placed[name] = QRectF(left, top, width, LANE * share)
        top += LANE * share + BETWEEN
    axis = QRectF(left, size.height() - height, width, height)
    flags = QRectF(left, 0, width, FLAGS)
    return StripLayout(start, end, flags, ribbon, rows, curves, placed, axis)
