"""The grid's samples of an evaluation, and what it says about each."""

from PySide6.QtCore import QObject

from ferapp.overlays import label_text
from ferapp.review.classify_pictures import ReadPicture
from ferapp.review.evaluation import Evaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.ui.inspect.samples.picture_model import Caption, PictureModel
from trainer.data.label_review import NONE, Decision


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


class SampleModel(PictureModel):
    """The shown rows of an evaluation, in order, line by line."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self._comparison: EvaluationComparison | None = None
        self._decisions: dict[str, Decision] = {}

    def open(
        self,
        evaluation: Evaluation | None,
        read_picture: ReadPicture | None,
        decisions: dict[str, Decision],
    ) -> None:
        """`decisions` is not copied: later ones are shown too."""
        self._evaluation, self._comparison, self._decisions = evaluation, None, decisions
        self.thumbnails.read_with(read_picture)
        self.show_rows(self._rows[:0])

    def compare_with(self, comparison: EvaluationComparison | None) -> None:
        """Also show the predictions of another model."""
        self._comparison = comparison

    def show_predictions(self, evaluation: Evaluation) -> None:
        """Of another model, for the samples that are open."""
        self._evaluation = evaluation
        if len(self._rows):
            last = self.index(self.rowCount() - 1, self._columns - 1)
            self.dataChanged.emit(self.index(0, 0), last)

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

    def caption(self, row: int) -> Caption:
        """The label above the prediction."""
        true, predicted = self.label(row), self.predicted(row)
        if not predicted:
            return Caption("No face")
        return Caption(
            label_text.class_title(true) if true else "No label",
            label_text.class_title(predicted),
            label_text.percent(self.confidence(row)),
            true != predicted if true else None,
        )

    def caption_text(self, row: int) -> str:
        true, predicted = self.label(row), self.predicted(row)
        if not predicted:
            return "no face"
        arrow = f"{true} → {predicted}" if true and true != predicted else predicted
        return f"{arrow} {label_text.percent(self.confidence(row))}"

    def description(self, row: int) -> str:
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
