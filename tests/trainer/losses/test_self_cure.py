"""Self-Cure Network: values against the paper's equations; new labels last through the run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch
from trainer.errors import RunStopped, UsageError
from trainer.losses.objective import Objective
from trainer.losses.self_cure import UNCHANGED, important_samples, new_labels, rank_loss
from trainer.models import create
from trainer.training.run_dir import RunDir, create_run
from trainer.training.trainer import Trainer

TARGETS = torch.eye(7)[torch.tensor([0, 3, 3, 6, 1, 2, 4, 5, 0, 1])]
NO_LANDMARKS = torch.full((10, 68, 2), torch.nan)


def test_the_ranks_above_the_share_are_important() -> None:
    importance = torch.tensor([0.1, 0.9, 0.3, 0.8, 0.5, 0.6, 0.7, 0.2, 0.4, 0.55])
    chosen = important_samples(importance, 0.7)
    assert (~chosen).nonzero()[:, 0].tolist() == [0, 2, 7]
    assert important_samples(importance[:2], 0.7).tolist() == [False, True]
    assert important_samples(importance[:1], 0.7).tolist() == [True]


def test_the_rank_loss_is_the_margin_that_is_missing() -> None:
    importance = torch.tensor([0.9, 0.7, 0.6], requires_grad=True)
    important = torch.tensor([True, True, False])
    loss = rank_loss(importance, important, margin=0.25)  # means 0.8 and 0.6
    assert float(loss.detach()) == pytest.approx(0.05, abs=1e-6)
    loss.backward()
    assert importance.grad is not None
    torch.testing.assert_close(importance.grad, torch.tensor([-0.5, -0.5, 1.0]))
    importance = importance.detach()
    assert float(rank_loss(importance, important, margin=0.15)) == 0
    assert float(rank_loss(importance, torch.ones(3, dtype=torch.bool), margin=0.9)) == 0
    assert float(rank_loss(importance, torch.zeros(3, dtype=torch.bool), margin=0.9)) == 0


def test_unimportant_samples_get_the_class_that_is_more_probable_by_the_margin() -> None:
    probabilities = torch.tensor(
        [
            [0.3, 0.6, 0.1],  # 0.3 above the label
            [0.3, 0.6, 0.1],  # the same, but important
            [0.35, 0.5, 0.15],  # 0.15 above
            [0.8, 0.1, 0.1],  # the label itself
        ]
    )
    important = torch.tensor([False, True, False, False])
    labels = torch.zeros(4, dtype=torch.long)
    changed = new_labels(probabilities.log(), labels, important, margin=0.2)
    assert changed.tolist() == [1, UNCHANGED, UNCHANGED, UNCHANGED]


def built(**settings: Any) -> tuple[nn.Module, Objective]:
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1], dropout=0.0).eval()
    scn = {"weight": 1.0, **settings}
    return model, Objective(ObjectiveConfig(label_smoothing=0, scn=scn), model, TARGETS)


def batch() -> Batch:
    x = torch.randn(10, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    return Batch(x, NO_LANDMARKS, TARGETS, rows=torch.arange(10))


def test_the_value_is_that_of_the_formula_and_replaces_the_cross_entropy() -> None:
    model, objective = built(margin=0.3)
    head = objective.scn.linear
    outcome = objective(model, batch())
    embedding = model.embed(batch().x)
    alpha = torch.sigmoid(embedding @ head.weight[0] + head.bias)
    scores = (alpha[:, None] * model.classify(embedding)).exp()
    labels = TARGETS.argmax(dim=1)
    weighted = -(scores[torch.arange(10), labels] / scores.sum(dim=1)).log().mean()
    ranked = alpha.sort(descending=True).values
    rank = (0.3 - (ranked[:7].mean() - ranked[7:].mean())).clamp_min(0)
    assert rank > 0
    torch.testing.assert_close(outcome.loss, weighted + rank)
    assert outcome.terms["loss_scn"] == outcome.loss
    assert outcome.terms["loss_cross_entropy"] != outcome.loss
    outcome.loss.backward()
    assert head.weight.grad.any()


def test_it_relabels_from_an_epoch_on_and_learns_the_new_label_afterwards() -> None:
    model, objective = built(relabel_from=3, relabel_margin=0.0)
    model.classifier.weight.data *= 30
    before = objective(model, batch(), epoch=2)
    objective.after_step()
    assert (objective.scn.labels == UNCHANGED).all()
    third = objective(model, batch(), epoch=3)
    torch.testing.assert_close(third.loss, before.loss)  # it holds from the next step on
    objective.after_step()
    changed = objective.scn.labels != UNCHANGED
    assert 0 < changed.sum() <= 3  # unimportant samples only
    predicted = third.logits.argmax(dim=1).int()
    assert (objective.scn.labels[changed] == predicted[changed]).all()
    after = objective(model, batch(), epoch=3)
    assert after.loss < third.loss
    assert float(after.terms["relabelled"]) == pytest.approx(float(changed.float().mean()))


def test_new_labels_of_all_processes_are_put_together() -> None:
    """Another process may have the sample in the next epoch."""
    model, objective = built(relabel_from=1, relabel_margin=0.0)
    model.classifier.weight.data *= 30
    objective(model, batch())
    other = torch.zeros(10, dtype=torch.int32)
    other[7] = 2 - UNCHANGED
    own: list[torch.Tensor] = []

    def total(change: torch.Tensor) -> torch.Tensor:
        own.append(change.clone())
        return torch.where(other > 0, other, change)

    objective.after_step(total)
    assert objective.scn.labels[7] == 2
    mine = (own[0] > 0) & (other == 0)
    assert (objective.scn.labels[mine] == own[0][mine] + UNCHANGED).all()


def test_a_margin_of_one_never_relabels() -> None:
    model, objective = built(relabel_from=1, relabel_margin=1.0)
    objective(model, batch())
    objective.after_step()
    assert (objective.scn.labels == UNCHANGED).all()


def test_a_blend_of_two_faces_is_refused() -> None:
    with pytest.raises(UsageError, match=r"augment\.mixup must be 0 with objective\.scn"):
        load_config(None, ["objective.scn.weight=1"])


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in one order
    yield
    torch.set_num_threads(before)


def run_config() -> TrainConfig:
    return load_config(
        None,
        [
            "model.options={widths=[8,16],blocks=[1,1]}",
            "objective.scn={weight=1,relabel_from=2,relabel_margin=0.01}",
            "data.flipped_labels=0.3",
            "augment.mixup=0",
            "optim.batch_size=14",
            "optim.epochs=4",
            "run.device=cpu",
            "run.threads=1",
        ],
    )


@pytest.mark.usefixtures("one_thread")
def test_a_resumed_run_has_the_same_labels_and_head(tmp_path: Path) -> None:
    data = drawn_data(6)

    def new_run(name: str) -> RunDir:
        return create_run(tmp_path, name, run_config(), tmp_path)

    whole, parts = new_run("whole"), new_run("parts")
    Trainer(whole, "whole", run_config(), data).fit()

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 2:
            parts.stop.touch()

    with pytest.raises(RunStopped):
        Trainer(parts, "parts", run_config(), data, stop).fit()
    halfway = torch.load(parts.state, weights_only=True)["objective"]["scn.labels"]
    assert (halfway != UNCHANGED).any()
    Trainer(parts, "parts", run_config(), data).fit()
    expected, resumed = (torch.load(run.state, weights_only=True) for run in (whole, parts))
    assert expected["objective"].keys() == {"scn.labels", "scn.linear.weight", "scn.linear.bias"}
    for part in ("objective", "model"):
        for name, value in expected[part].items():
            assert torch.equal(resumed[part][name], value), name
