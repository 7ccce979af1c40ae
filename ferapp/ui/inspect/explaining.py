"""Asks for the maps of a sample: by the model that is open, and by the one compared with it."""

from pathlib import Path

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.sample_explainer import SampleExplanation
from ferapp.review.selection import EvaluationComparison
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.inspect.sample_detail import SampleDetail
from trainer.errors import FerError

NO_PICTURE = "The picture is missing, so there are no attributions."
Explanations = tuple[SampleExplanation, SampleExplanation | None]  # of both models


class Explaining:
    """Shows them in `detail` once they are computed."""

    def __init__(self, tools: InspectTools, tasks: TaskQueue, detail: SampleDetail) -> None:
        self._tools, self._tasks, self._detail = tools, tasks, detail

    def explain(
        self, opened: OpenedEvaluation, comparison: EvaluationComparison | None, row: int
    ) -> None:
        if opened.evaluation.faceless[row]:
            self._detail.show_note("No face was found in this picture, so it was not classified.")
            return
        if opened.model is None:
            self._detail.show_note("The model is missing, so there are no attributions.")
            return
        model, method = opened.model, self._detail.chosen_method

        def explain() -> Explanations:
            own = self._explanation(model, opened, opened.evaluation, row, row, method)
            other_row = comparison.other_rows.get(row) if comparison is not None else None
            if comparison is None or comparison.other_model is None or other_row is None:
                return own, None
            other = comparison.other_model, opened, comparison.other
            return own, self._explanation(*other, row, other_row, method)

        self._detail.show_note("Explaining…")
        self._tasks.submit("explain", explain, lambda result: self._show(result, comparison))

    def _explanation(
        self,
        model: Path,
        opened: OpenedEvaluation,
        evaluation: Evaluation,
        row: int,
        evaluated_row: int,
        method: str,
    ) -> SampleExplanation:
        """Of the picture of a `row`, which is `evaluated_row` in the model's evaluation."""
        picture = opened.read_picture(row)
        if picture is None:
            raise FerError(NO_PICTURE)
        label, predicted = (
            int(values[evaluated_row]) for values in (evaluation.label, evaluation.predicted)
        )
        landmarks = opened.evaluation.landmarks[row]
        return self._tools.explain(model, picture, landmarks, label, predicted, method)

    def _show(
        self, result: Explanations | TaskFailure, comparison: EvaluationComparison | None
    ) -> None:
        if isinstance(result, TaskFailure):
            self._detail.show_note(result.message)
            return
        own, other = result
        if comparison is None:
            self._detail.show_explanation(own)
        else:
            self._detail.show_both(own, other, comparison.short_names)
