"""Plans of a training with corrected labels, and its verdict against numbers made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferapp.review.retraining import (
    Corrections,
    newest_retrained,
    plan_retraining,
    retraining_verdict,
    why_not_retrain,
)
from ferapp.ui.label_doctor.retrain_question import plan_text
from tests.support.runs.diagnoses import opened_training
from tests.support.runs.evaluations import HAPPY, SAD, evaluation, write
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.data.label_review import Decision
from trainer.errors import DataError, UsageError
from trainer.training.run_dir import RunDir, create_run


def made_run(runs: Path, name: str, review: Path | None = None) -> RunDir:
    """A run without a model, which has ended."""
    settings = {"data.review": str(review)} if review else {}
    config = load_config(None, {"optim.epochs": 3, **settings})
    run = create_run(runs, name, config, runs.parent / "faces")
    ended = {"event": "run_ended", "time": 1.0, "reason": "done", "best": {}}
    run.events.write_text(json.dumps(ended) + "\n")
    return run


def predict(run: RunDir, predicted: list[int]) -> None:
    """Its predictions of five happy and five sad validation faces."""
    write(evaluation([HAPPY] * 5 + [SAD] * 5, predicted), run.eval("val"))


def test_a_plan_changes_only_the_labels(tmp_path: Path) -> None:
    former = made_run(tmp_path / "runs", "first")
    opened = opened_training(tmp_path, run=former.path)
    decisions = {
        "train-00000": Decision("sad"),
        "train-00001": Decision("sad", flag=True),
        "train-00002": Decision(kept=True),
        "val-00000": Decision("sad"),  # of another split: training never sees it
    }
    plan = plan_retraining(opened, decisions)
    assert plan.corrections == Corrections(relabelled=1, dropped=1, unused=0)
    assert (plan.name, plan.former) == ("first-corrected", former.path.name)
    assert plan.data == str(tmp_path / "faces")
    assert plan.config.data.review == str(opened.review)
    usual = plan.config.model_copy(
        update={"data": plan.config.data.model_copy(update={"review": ""})}
    )
    assert usual == load_config(None, {"optim.epochs": 3})
    second = made_run(tmp_path / "runs", plan.name, opened.review)
    again = plan_retraining(replace(opened, run=second.path), decisions)
    assert again.name == "first-corrected"


def test_corrections_of_faces_that_the_run_does_not_learn_from_are_not_counted(
    tmp_path: Path,
) -> None:
    former = made_run(tmp_path / "runs", "first")
    learned = frozenset({"train-00000", "train-00003"})
    opened = replace(opened_training(tmp_path, run=former.path), learned=learned)
    decisions = {
        "train-00000": Decision("sad"),
        "train-00001": Decision("sad"),
        "train-00002": Decision(flag=True),
    }
    plan = plan_retraining(opened, decisions)
    assert plan.corrections == Corrections(relabelled=1, dropped=0, unused=2)
    assert plan.corrections.used == 1
    assert "Not used: 2\u00a0corrections of faces that it does not learn from" in plan_text(plan)
    del decisions["train-00000"]
    assert "learns from none of the corrected faces" in why_not_retrain(opened, decisions)


def test_data_without_a_run_is_trained_by_the_default_recipe(tmp_path: Path) -> None:
    opened = opened_training(tmp_path)
    plan = plan_retraining(opened, {"train-00000": Decision("sad")})
    assert (plan.former, plan.name, plan.data) == ("", "default-corrected", opened.source)
    assert plan.config.model.init == "default"


@pytest.mark.parametrize(
    ("split", "splits", "decision", "words"),
    [
        ("val", ("train", "val"), Decision("sad"), "Choose the split Train"),
        ("train", ("train", "val"), Decision(kept=True), "Nothing is corrected yet"),
        ("train", (), Decision("sad"), "Open a run, or a data set"),
    ],
)
def test_a_review_that_cannot_apply_has_no_plan(
    tmp_path: Path, split: str, splits: tuple[str, ...], decision: Decision, words: str
) -> None:
    opened = replace(opened_training(tmp_path, split=split), splits=splits)
    with pytest.raises(UsageError, match=words):
        plan_retraining(opened, {f"{split}-00000": decision})


def test_the_verdict_counts_faces_that_only_one_model_gets_right(tmp_path: Path) -> None:
    former = made_run(tmp_path / "runs", "first")
    review = former.path / "review.jsonl"
    second = made_run(tmp_path / "runs", "second", review)
    predict(former, [HAPPY] * 5 + [HAPPY] * 4 + [SAD])  # 6 of 10
    predict(second, [SAD] + [HAPPY] * 4 + [SAD] * 5)  # 9 of 10: four more, one less
    verdict = retraining_verdict(second.path)
    assert verdict is not None
    assert (verdict.before, verdict.after, verdict.n) == (0.6, 0.9, 10)
    assert (verdict.test.only_first, verdict.test.only_second) == (4, 1)
    assert verdict.test.p == pytest.approx(2 * (1 + 5) / 2**5)
    assert "right on 4 faces that the former one gets wrong, 1 the other way" in verdict.sentence
    assert retraining_verdict(former.path) is None  # it was made from no other


def test_the_newest_training_with_a_review_is_found(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    former = made_run(runs, "first")
    review = former.path / "review.jsonl"
    assert newest_retrained(runs, review) is None
    made_run(runs, "a", review)
    newest = made_run(runs, "b", review)
    made_run(runs, "c", tmp_path / "another" / "review.jsonl")
    found = newest_retrained(runs, review)
    assert found is not None
    assert (found.run.path, found.run.state, found.verdict) == (newest.path, "done", None)


def test_a_former_run_without_a_model_gives_a_reason(tmp_path: Path) -> None:
    former = made_run(tmp_path / "runs", "first")
    second = made_run(tmp_path / "runs", "second", former.path / "review.jsonl")
    predict(second, [HAPPY] * 10)
    with pytest.raises(DataError, match="no model yet"):
        retraining_verdict(second.path)


def test_the_default_configuration_names_no_review() -> None:
    assert TrainConfig().data.review == ""
