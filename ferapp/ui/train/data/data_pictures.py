"""The pictures behind a number of the data check: those of a class, or those with a flaw."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QWidget

from ferapp.overlays import label_text
from ferapp.ui.inspect.samples.picture_model import Caption, PictureModel
from ferapp.ui.inspect.samples.sample_grid import PictureGrid
from ferapp.ui.text import wording
from ferapp.ui.widgets.dialogs import ModelessDialog
from trainer.data.face_data import FaceData

_SIZE = QSize(820, 560)


class DataPictures(PictureModel):
    """Samples of a data set, with label and split."""

    def __init__(self, data: FaceData) -> None:
        super().__init__()
        self._data = data
        self.thumbnails.read_with(lambda row: np.asarray(data.images[row], np.uint8))

    def caption(self, row: int) -> Caption:
        return Caption(str(self._data.split[row]), label_text.class_title(self._label(row)))

    def caption_text(self, row: int) -> str:
        return f"{self._label(row)}, {self._data.split[row]}"

    def description(self, row: int) -> str:
        votes = self._data.votes[row]
        lines = [f"Sample {self._data.sample_id[row]}", f"Labelled {self._label(row)}"]
        if not np.isnan(votes).any():
            shares = [
                f"{name} {100 * share:.0f}\u00a0%"
                for name, share in zip(self._data.classes, votes.tolist(), strict=True)
                if share
            ]
            lines.append(f"Annotators: {', '.join(shares)}")
        if not self._data.has_landmarks[row]:
            lines.append("No landmarks")
        return "\n".join(lines)

    def _label(self, row: int) -> str:
        return self._data.classes[self._data.label[row]] if self._data.label[row] >= 0 else ""


class PicturesDialog(ModelessDialog):
    """A grid of the `rows` (M,) of a data set, and the name of the current one below it."""

    def __init__(
        self, parent: QWidget, title: str, data: FaceData, rows: NDArray[np.int64]
    ) -> None:
        count = wording.count(len(rows), "picture")
        super().__init__(parent, f"{title}: {count}", _SIZE)
        self.model = DataPictures(data)
        self.grid = PictureGrid(self.model)
        self.grid.setAccessibleName(f"{title}: {count}")
        self.name = QLabel()
        self.name.setProperty("quiet", True)
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.name.setAccessibleName("The selected picture")
        self.name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.column.addWidget(self.grid, 1)
        self.column.addWidget(self.name)
        self.add_buttons()
        self.grid.current_changed.connect(self._show_name)
        self.finished.connect(self.model.thumbnails.close)
        self.grid.show_rows(rows)
        self.grid.setFocus()

    def _show_name(self, row: int) -> None:
        text = self.model.description(row) if row >= 0 else ""
        self.name.setText(text.replace("\n", " · "))
