"""Training again with the corrections of a review, and whether that helped."""

import json
from dataclasses import dataclass
from pathlib import Path

from ferapp.review.decisions import REVIEW_FILE
from ferapp.review.evaluation import Evaluation, common_rows, read_evaluation
from ferapp.review.opening import OpenedEvaluation, evaluate_run
from ferapp.review.selection import Decisions
from ferapp.runs.run_reader import RunReader, RunSnapshot
from ferapp.runs.task_queue import ReportProgress
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.evaluation.intervals import McNemar, mcnemar
from trainer.labels import EXPRESSIONS
from trainer.model_index import read_card
from trainer.recipes import RECIPES
from trainer.reports.run_records import read_run_header
from trainer.training.run_dir import RunDir

SUFFIX = "-corrected"  # of the new run's name
DEFAULT_RECIPE = "default"  # for data that was opened without a run
VALIDATION = "val"
_NO_CORRECTIONS = (
    "Nothing is corrected yet: accept a suggestion, choose another label, or drop a face."
)
_NONE_USED = (
    "The run learns from none of the corrected faces: they lie outside data.limit, or also appear "
    "in another split."
)
_OTHER_SPLIT = (
    "Training learns only from the training split. Choose the split Train above, and correct "
    "labels there."
)


@dataclass(frozen=True, slots=True)
class Corrections:
    """Training samples that are shown and corrected: those that a run learns from, by kind, and
    the `unused` ones, which lie outside its limit or also appear in another split.
    """

    relabelled: int
    dropped: int
    unused: int

    @property
    def used(self) -> int:
        return self.relabelled + self.dropped


@dataclass(frozen=True, slots=True)
class RetrainingPlan:
    """A new run as the `former` one was, but with the review's labels.

    `former` is "" where data was opened without a run. `name` is the new run's; `config` names the
    review, of whose decisions `corrections` says which ones count.
    """

    former: str
    name: str
    data: str
    config: TrainConfig
    corrections: Corrections


def count_corrections(opened: OpenedEvaluation, decisions: Decisions) -> Corrections:
    """How many shown training samples are corrected, and what a training makes of that."""
    shown, learned = opened.evaluation, opened.learned
    training = {
        sample: decision
        for sample, decision in decisions.items()
        if decision.changes_training
        and (row := shown.row_of.get(sample)) is not None
        and shown.split[row] == "train"
    }
    used = [each for sample, each in training.items() if learned is None or sample in learned]
    dropped = sum(decision.flag for decision in used)
    return Corrections(len(used) - dropped, dropped, len(training) - len(used))


def why_not_retrain(opened: OpenedEvaluation, decisions: Decisions) -> str:
    """Why a training with this review would be refused; "" where it would not."""
    if opened.run is None and not opened.splits:
        return "Open a run, or a data set with a training and a validation split."
    if "train" not in opened.evaluation.split:
        return _OTHER_SPLIT
    corrections = count_corrections(opened, decisions)
    if corrections.used:
        return ""
    return _NONE_USED if corrections.unused else _NO_CORRECTIONS


def plan_retraining(opened: OpenedEvaluation, decisions: Decisions) -> RetrainingPlan:
    """Raises UsageError where the review cannot be trained with, DataError for a damaged run."""
    reason = why_not_retrain(opened, decisions)
    if reason:
        raise UsageError(reason)
    corrections = count_corrections(opened, decisions)
    if opened.run is not None:
        title, data, config = read_run_header(RunDir(opened.run))
        former = opened.run.name
    else:
        title, data, former = DEFAULT_RECIPE, opened.source, ""
        config = load_config(None, (), **RECIPES[DEFAULT_RECIPE].values)
    reviewed = config.data.model_copy(update={"review": str(opened.review)})
    return RetrainingPlan(
        former,
        title.removesuffix(SUFFIX) + SUFFIX,
        data,
        config.model_copy(update={"data": reviewed}),
        corrections,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run with corrected labels against its former one, on the same `n` validation samples.

    `after` and `before` are the accuracies (0–1) of the new and of the former run.
    """

    former: str
    after: float
    before: float
    n: int
    test: McNemar

    @property
    def sentence(self) -> str:
        return self.test.verdict("The retrained model", "the former one")


def retraining_verdict(run: Path, report: ReportProgress = lambda _: None) -> Verdict | None:
    """Whether the corrections of a run helped; None for a run that was not made from another.

    Evaluates both on val where they were not. Slow: run it in a task queue. Raises DataError.
    """
    review = read_run_header(RunDir(run))[2].data.review
    former = RunDir(Path(review).parent)
    is_made_from = Path(review).name == REVIEW_FILE and former.config.is_file()
    if not review or not is_made_from:
        return None
    after, before = (_validation_of(each, report) for each in (RunDir(run), former))
    after_rows, before_rows = common_rows(after, before)
    after_right = ~after.wrong[after_rows]
    before_right = ~before.wrong[before_rows]
    return Verdict(
        former.path.name,
        float(after_right.mean()),
        float(before_right.mean()),
        len(after_rows),
        mcnemar(after_right, before_right),
    )


def _validation_of(run: RunDir, report: ReportProgress) -> Evaluation:
    """A run's best model on val; classified anew where the model is newer than the evaluation."""
    file = run.eval(VALIDATION) / "predictions.npz"
    is_current = file.is_file() and (
        not run.best.is_file() or file.stat().st_mtime >= run.best.stat().st_mtime
    )
    if not is_current:
        evaluate_run(run, VALIDATION, lambda text: report(f"{run.path.name}: {text}"))
    classes = read_card(run.best).classes if run.best.is_file() else EXPRESSIONS
    return read_evaluation(file, run.path.name, classes)


@dataclass(frozen=True, slots=True)
class RetrainedRun:
    """The newest run that a review was trained into; its verdict once it has ended."""

    run: RunSnapshot
    verdict: Verdict | None = None


def newest_retrained(
    runs: Path, review: Path, report: ReportProgress = lambda _: None
) -> RetrainedRun | None:
    """The newest run in the folder that learned from this review; None without any."""
    for config in sorted(runs.glob("*/config.json"), reverse=True):
        if _learned_from(config, review):
            run = RunReader(config.parent).read(curves=False)
            is_final = run.has_model and not run.is_active
            return RetrainedRun(run, retraining_verdict(run.path, report) if is_final else None)
    return None


def _learned_from(config: Path, review: Path) -> bool:
    try:
        named = json.loads(config.read_text(encoding="utf-8"))["config"]["data"]["review"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False
    return bool(named) and Path(str(named)).resolve() == review.resolve()
