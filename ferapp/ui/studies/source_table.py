"""The sources of a study with their states, as a table that follows them."""

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from ferapp.runs.study_reader import SourceSnapshot
from ferapp.ui.studies.result_table import COLOUR_ROLE, SHARE_ROLE
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme

Index = QModelIndex | QPersistentModelIndex
SORT_ROLE = Qt.ItemDataRole.UserRole + 3
_ORDER = ("failed", "running", "waiting", "done", "unchanged")  # what needs attention comes first
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def state_text(source: SourceSnapshot) -> str:
    """`42 %`, `Done`, `Failed: could not be read`."""
    if source.state == "running":
        return f"{source.share:.0%}".replace("%", "\u00a0%") if source.total else "Running"
    if source.state == "failed":
        first = source.reason.splitlines()[0] if source.reason else ""
        return f"Failed: {first}" if first else "Failed"
    return {"waiting": "Waiting", "done": "Done", "unchanged": "Unchanged"}[source.state]


def _state_key(source: SourceSnapshot) -> float:
    return _ORDER.index(source.state) - 0.5 * source.share * (source.state == "running")


def _frames_text(source: SourceSnapshot) -> str:
    if source.state == "running" and source.total:
        return f"{source.frames:,} of {source.total:,}"
    return f"{source.frames:,}" if source.frames else ""


def _speed_text(source: SourceSnapshot) -> str:
    return f"{source.ms_per_frame:.1f}" if source.ms_per_frame else ""


def _left_text(source: SourceSnapshot) -> str:
    return "" if math.isnan(source.left_s) else wording.duration(math.ceil(source.left_s))


def _last_if_nan(value: float) -> float:
    return math.inf if math.isnan(value) else value


# title, tip, text, sort key, alignment
_COLUMNS: tuple[
    tuple[str, str, Callable[[SourceSnapshot], str], Callable[[SourceSnapshot], Any], Any], ...
] = (
    ("Source", "Its name in the study.", lambda s: s.name, lambda s: s.name.casefold(), _LEFT),
    ("State", "How far it is.", state_text, _state_key, _LEFT),
    ("Frames", "Analysed so far.", _frames_text, lambda s: s.frames, _RIGHT),
    ("ms a frame", "Mean time for a frame.", _speed_text, lambda s: s.ms_per_frame, _RIGHT),
    (
        "Time left",
        "Estimated from the speed so far.",
        _left_text,
        lambda s: _last_if_nan(s.left_s),
        _RIGHT,
    ),
)
STATE_COLUMN = 1


class SourceTableModel(QAbstractTableModel):
    """Only rows that changed are announced, so that selection and scrolling stay."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.sources: tuple[SourceSnapshot, ...] = ()

    def show_sources(self, sources: tuple[SourceSnapshot, ...]) -> None:
        before = self.sources
        if [source.name for source in sources] != [source.name for source in before]:
            self.beginResetModel()
            self.sources = sources
            self.endResetModel()
            return
        self.sources = sources
        # NaN is not equal to itself, so texts are compared
        changed = [
            row
            for row, pair in enumerate(zip(before, sources, strict=True))
            if pair[0] is not pair[1] and _texts(pair[0]) != _texts(pair[1])
        ]
        for row in changed:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(_COLUMNS) - 1))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.sources)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical:
            return None
        title, tip, _, _, alignment = _COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip
        return alignment if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.sources):
            return None
        source = self.sources[index.row()]
        _, _, text, sort_key, alignment = _COLUMNS[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return text(source)
        if role == SORT_ROLE:
            return sort_key(source)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(source)
        if index.column() == STATE_COLUMN:
            if role == SHARE_ROLE and source.state == "running":
                return source.share
            if role == COLOUR_ROLE:
                return _state_colour(source)
        return None


def _texts(source: SourceSnapshot) -> list[str]:
    return [text(source) for _, _, text, _, _ in _COLUMNS]


def _state_colour(source: SourceSnapshot) -> str:
    colours = theme.current()
    if source.state == "failed":
        return colours.warning
    if source.state == "running":
        return colours.accent
    return colours.text if source.state == "done" else colours.muted


def _tip(source: SourceSnapshot) -> str:
    if source.state == "failed":
        return f"{source.source}\n{source.reason}"
    if source.state in ("done", "unchanged"):
        return f"{source.source}\nDouble-click: play it with these results."
    return source.source


class SortedSources(QSortFilterProxyModel):
    """Sorted by what a column means; rows move while their values change."""

    def __init__(self, sources: SourceTableModel) -> None:
        super().__init__(sources)
        self.setSourceModel(sources)
        self.setSortRole(SORT_ROLE)

    def source_of(self, index: Index) -> SourceSnapshot:
        model = self.sourceModel()
        assert isinstance(model, SourceTableModel)
        return model.sources[self.mapToSource(index).row()]
