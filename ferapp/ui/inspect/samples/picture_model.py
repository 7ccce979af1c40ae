"""A table of pictures, line by line, whatever they are pictures of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ferapp.ui.widgets.thumbnails import ThumbnailCache
from trainer.data.label_review import NONE, Decision

Index = QModelIndex | QPersistentModelIndex
RowRole = Qt.ItemDataRole.UserRole  # the row of the data


@dataclass(frozen=True, slots=True)
class Caption:
    """Two lines below a picture: the first is quiet; `is_wrong` puts a mark at its end."""

    first: str
    second: str = ""
    share: str = ""  # at the end of the second line
    is_wrong: bool | None = None


class PictureModel(QAbstractTableModel):
    """The shown rows of some data, in order; subclasses say what they are.

    A table, because its view lays out 30,000 pictures at once; a list takes 100 ms and more.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.thumbnails = ThumbnailCache(self)
        self.thumbnails.arrived.connect(self._on_thumbnails)
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._position: dict[int, int] = {}  # of each row in the grid
        self._columns = 1

    # --- what the pictures are ------------------------------------------------------------------

    def caption(self, row: int) -> Caption:
        raise NotImplementedError

    def caption_text(self, row: int) -> str:
        """The caption as one line."""
        raise NotImplementedError

    def description(self, row: int) -> str:
        """What is shown on hover."""
        raise NotImplementedError

    def decision(self, row: int) -> Decision:
        """The user's, which is marked on the picture."""
        return NONE

    # --- which are shown ------------------------------------------------------------------------

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        self.beginResetModel()
        self._rows = rows
        self._position = dict(zip(rows.tolist(), range(len(rows)), strict=True))
        self.endResetModel()

    @property
    def rows(self) -> NDArray[np.int64]:
        return self._rows

    def set_columns(self, count: int) -> None:
        if count != self._columns:
            self.beginResetModel()
            self._columns = count
            self.endResetModel()

    def position_of(self, row: int) -> int | None:
        """The position of a row of the data in the grid; None where it is not shown."""
        return self._position.get(row)

    def index_of(self, position: int) -> QModelIndex:
        return self.index(position // self._columns, position % self._columns)

    def position_at(self, index: Index) -> int:
        """−1 where there is no picture."""
        position = index.row() * self._columns + index.column()
        return position if index.isValid() and position < len(self._rows) else -1

    # --- as Qt asks -----------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        has_parent = parent is not None and parent.isValid()
        return 0 if has_parent else -(-len(self._rows) // self._columns)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._columns

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.position_at(index) < 0:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        position = self.position_at(index)
        if position < 0:
            return None
        row = int(self._rows[position])
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnails.image(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return self.caption_text(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.description(row)
        return None

    def _on_thumbnails(self, rows: list[int]) -> None:
        roles = [Qt.ItemDataRole.DecorationRole]
        for row in rows:
            position = self._position.get(row)
            if position is not None:
                index = self.index_of(position)
                self.dataChanged.emit(index, index, roles)
