"""The model of the grid of samples, and what it says about each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ferapp.overlays import label_text
from ferapp.review.classify_pictures import ReadPicture
from ferapp.review.evaluation import Evaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.ui.widgets.thumbnails import ThumbnailCache
from trainer.data.label_review import NONE, Decision

Index = QModelIndex | QPersistentModelIndex
RowRole = Qt.ItemDataRole.UserRole  # the row of the evaluation


def other_prediction_text(comparison: EvaluationComparison, row: int) -> str:
    """`Other: Sad 63 % (compact)`: what the compared model predicts for a row."""
    prediction = comparison.other_prediction(row)
    text = "no prediction"
    if prediction is not None:
        name, probability = prediction
        text = f"{label_text.class_title(name)} {label_text.percent(probability)}"
    return f"Other: {text} ({comparison.name})"


def decision_text(decision: Decision) -> str:
    """`Sad`, `Dropped`, `Kept`; "" without a decision."""
    if decision.flag:
        return "Dropped"
    return "Kept" if decision.kept else label_text.class_title(decision.label)


class SampleModel(QAbstractTableModel):
    """The shown rows of an evaluation, in order, line by line.

    A table, because its view lays out 30,000 samples at once; a list takes 100 ms and more.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.thumbnails = ThumbnailCache(self)
        self.thumbnails.arrived.connect(self._on_thumbnails)
        self._evaluation: Evaluation | None = None
        self._comparison: EvaluationComparison | None = None
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._position: dict[int, int] = {}  # of each row in the grid
        self._columns = 1
        self._decisions: dict[str, Decision] = {}

    def open(
        self,
        evaluation: Evaluation | None,
        read_picture: ReadPicture | None,
        decisions: dict[str, Decision],
    ) -> None:
        """`decisions` is not copied: later ones are shown too."""
        self.beginResetModel()
        self._evaluation, self._comparison, self._decisions = evaluation, None, decisions
        self._rows, self._position = np.zeros(0, np.int64), {}
        self.thumbnails.read_with(read_picture)
        self.endResetModel()

    def compare_with(self, comparison: EvaluationComparison | None) -> None:
        """Also show the predictions of another model."""
        self._comparison = comparison

    def show_predictions(self, evaluation: Evaluation) -> None:
        """Of another model, for the samples that are open."""
        self._evaluation = evaluation
        if len(self._rows):
            last = self.index(self.rowCount() - 1, self._columns - 1)
            self.dataChanged.emit(self.index(0, 0), last)

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
        """The position of an evaluation's row in the grid; None where it is not shown."""
        return self._position.get(row)

    def index_of(self, position: int) -> QModelIndex:
        return self.index(position // self._columns, position % self._columns)

    def position_at(self, index: Index) -> int:
        """−1 where there is no sample."""
        position = index.row() * self._columns + index.column()
        return position if index.isValid() and position < len(self._rows) else -1

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
        if self._evaluation is None or position < 0:
            return None
        row = int(self._rows[position])
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnails.image(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._caption(row)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._description(row)
        return None

    def label(self, row: int) -> str:
        """The class in the data set, "" for a sample without a label."""
        evaluation = self._evaluation
        assert evaluation is not None
        label = evaluation.label[row]
        return evaluation.classes[label] if label >= 0 else ""

    def predicted(self, row: int) -> str:
        """The predicted class, "" where no face was found."""
        evaluation = self._evaluation
        assert evaluation is not None
        if evaluation.faceless[row]:
            return ""
        return str(evaluation.classes[evaluation.predicted[row]])

    def decision(self, row: int) -> Decision:
        assert self._evaluation is not None
        return self._decisions.get(str(self._evaluation.sample_id[row]), NONE)

    def confidence(self, row: int) -> float:
        assert self._evaluation is not None
        return float(self._evaluation.measures["confidence"][row])

    def _caption(self, row: int) -> str:
        true, predicted = self.label(row), self.predicted(row)
        if not predicted:
            return "no face"
        arrow = f"{true} → {predicted}" if true and true != predicted else predicted
        return f"{arrow} {label_text.percent(self.confidence(row))}"

    def _description(self, row: int) -> str:
        assert self._evaluation is not None
        true, decision = self.label(row), self.decision(row)
        predicted = self.predicted(row)
        lines = [
            f"Sample {self._evaluation.sample_id[row]}",
            f"Labelled {true}" if true else "No label",
            f"Predicted {predicted}, {label_text.percent(self.confidence(row))}"
            if predicted
            else "No face was found",
        ]
        if self._comparison is not None:
            lines.append(other_prediction_text(self._comparison, row))
        if decision.label:
            lines.append(f"Relabelled {decision.label} by you")
        if decision.flag:
            lines.append("Dropped by you: training leaves it out")
        if decision.kept:
            lines.append("Label kept by you")
        return "\n".join(lines)

    def _on_thumbnails(self, rows: list[int]) -> None:
        roles = [Qt.ItemDataRole.DecorationRole]
        for row in rows:
            position = self._position.get(row)
            if position is not None:
                index = self.index_of(position)
                self.dataChanged.emit(index, index, roles)
