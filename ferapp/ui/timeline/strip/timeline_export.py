"""The timeline as picture or table, into the clipboard or a file."""

from pathlib import Path

from PySide6.QtGui import QGuiApplication, QPainter

from ferapp.ui.timeline.interval_statistics import interval_statistics, statistics_csv
from ferapp.ui.timeline.session_timeline import SessionTimeline
from ferapp.ui.timeline.strip.strip_painter import paint_session
from ferapp.ui.widgets.figure_export import PICTURE_FILTERS, Figure

FILTERS = {".csv": "Table of the interval (*.csv)", **PICTURE_FILTERS}


def csv_text(timeline: SessionTimeline) -> str:
    """The statistics of the selected interval, else of what is displayed."""
    history = timeline.history
    start, end = timeline.interval or timeline.range
    series, face = history.series(history.selected), history.selected
    found = interval_statistics(series, history.classes, start, end) if series is not None else ()
    return statistics_csv(found, face or 0, start, end, history.origin_s)


def figure(timeline: SessionTimeline) -> Figure:
    return Figure(
        "Session timeline",
        timeline.summary(),
        timeline.size(),
        lambda painter: _paint(painter, timeline),
    )


def _paint(painter: QPainter, timeline: SessionTimeline) -> None:
    layout = timeline.layout_now()
    paint_session(painter, timeline.history, layout, timeline.font())
    timeline.paint_over(painter, layout)


def copy(timeline: SessionTimeline, suffix: str) -> None:
    """Into the clipboard: `.csv` as text, `.png` as picture, `.svg` as drawing and as text."""
    if suffix == ".csv":
        QGuiApplication.clipboard().setText(csv_text(timeline))
    else:
        figure(timeline).copy(suffix)


def save(timeline: SessionTimeline, file: Path) -> None:
    """As what the suffix says, a table without one of FILTERS. Raises OSError."""
    if file.suffix.lower() in PICTURE_FILTERS:
        figure(timeline).save(file)
    else:
        file.write_text(csv_text(timeline), encoding="utf-8")
