"""Distillation: learning the predictions of trained models."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from trainer.card import ModelCard, Preprocessing
from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.labels import EXPRESSIONS
from trainer.losses.distillation import Teachers, distillation_loss
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.model_file import load_model, save_model
from trainer.training.run_dir import with_absolute_paths

SIZES = Preprocessing(crop_size=28, input_size=26)
OPTIONS = {"widths": [16, 32], "blocks": [1, 1]}
TARGETS = torch.eye(7)[:4]
NO_LANDMARKS = torch.full((4, 68, 2), torch.nan)


def teacher(path: Path, seed: int, sizes: Preprocessing = SIZES, **card: object) -> str:
    torch.manual_seed(seed)
    model = create("compact", input_size=sizes.input_size, **OPTIONS)
    made = ModelCard(
        name="t",
        architecture="compact",
        arguments=OPTIONS,
        attribution_layer="stages",
        preprocessing=sizes,
        **card,
    )  # type: ignore[arg-type]
    file = path / f"{seed}.safetensors"
    save_model(file, model.state_dict(), made)
    return str(file)


def test_the_loss_is_the_divergence_from_the_predictions() -> None:
    draw = torch.Generator().manual_seed(0)
    logits, teacher_logits = torch.randn(2, 5, 7, generator=draw, dtype=torch.float64)
    q, p = (teacher_logits / 3).softmax(1), (logits.float() / 3).softmax(1)
    expected = 9 * (q * (q / p).log()).sum(dim=1).mean()
    torch.testing.assert_close(distillation_loss(logits, q.float(), 3.0), expected.float())
    same = distillation_loss(logits, logits.float().softmax(1))
    assert float(same) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("count", "shares"), [(5, {1, 2}), (8, {2, 3}), (2, {0, 1})])
def test_each_teacher_predicts_its_share_of_the_batch(
    tmp_path: Path, count: int, shares: set[int]
) -> None:
    files = [teacher(tmp_path, seed) for seed in (1, 2, 3)]
    teachers = Teachers(files, EXPRESSIONS, SIZES)
    x = torch.randn(count, 1, 26, 26)
    with torch.no_grad():
        predictions = torch.stack([(load_model(Path(file))[0](x) / 2).softmax(1) for file in files])
    used = set()
    for seed in range(20):
        torch.manual_seed(seed)
        combined = teachers(x, 2.0)
        same = (predictions - combined).abs().amax(dim=2) < 1e-5  # (teacher, row)
        assert (same.sum(dim=0) == 1).all()  # exactly one teacher each
        assert set(same.sum(dim=1).tolist()) <= shares
        used |= set(same.int().argmax(dim=0).tolist())
    assert used == {0, 1, 2}


def test_inputs_are_resized_for_a_teacher_with_larger_inputs(tmp_path: Path) -> None:
    file = teacher(tmp_path, 1, Preprocessing(crop_size=56, input_size=52))
    x = torch.randn(4, 1, 26, 26)
    larger = F.interpolate(x, (52, 52), mode="bilinear", antialias=True)
    with torch.no_grad():
        expected = load_model(Path(file))[0](larger).softmax(1)
    predictions = Teachers([file], EXPRESSIONS, SIZES)(x, 1.0)
    torch.testing.assert_close(predictions, expected, atol=1e-5, rtol=1e-4)


def test_the_objective_adds_the_loss_and_does_not_save_teachers(tmp_path: Path) -> None:
    file = teacher(tmp_path, 1)
    torch.manual_seed(0)
    model = create("compact", input_size=26, **OPTIONS).eval()
    batch = Batch(torch.randn(4, 1, 26, 26), NO_LANDMARKS, TARGETS)
    plain = Objective(ObjectiveConfig(), model, TARGETS)(model, batch)
    config = ObjectiveConfig.model_validate({"distill": {"weight": 2, "teachers": [file]}})
    objective = Objective(config, model, TARGETS, preprocessing=SIZES)
    outcome = objective(model, batch)
    assert float(outcome.terms["loss_distill"]) > 0.01
    torch.testing.assert_close(outcome.loss, plain.loss + 2 * outcome.terms["loss_distill"])
    assert not objective.state_dict().keys() - {"class_weights"}  # runs do not save teachers
    assert not any(True for _ in objective.parameters())


def test_unsuitable_teachers_are_refused(tmp_path: Path) -> None:
    classes = EXPRESSIONS
    reordered = teacher(tmp_path, 1, classes=classes[::-1])
    with pytest.raises(UsageError, match="other classes") as caught:
        Teachers([reordered], classes, SIZES)
    assert "distill.weight=0" in str(caught.value.hint)
    closer = teacher(tmp_path, 2, Preprocessing(crop_size=40, input_size=26))
    with pytest.raises(UsageError, match=r"inputs of .* differ"):
        Teachers([closer], classes, SIZES)
    fixed = [
        Preprocessing(crop_size=28, input_size=26, normalisation="fixed", mean=mean)
        for mean in (0.5, 0.45)
    ]
    with pytest.raises(UsageError, match=r"inputs of .* differ"):
        Teachers([teacher(tmp_path, 3, fixed[0])], classes, fixed[1])
    with pytest.raises(UsageError, match=r"needs objective\.distill\.teachers"):
        load_config(None, ["objective.distill.weight=1"])


def test_a_run_stores_absolute_paths_of_its_teachers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher(tmp_path, 1)
    (tmp_path / "default").mkdir()  # not a model file, so the name means the bundled model
    (tmp_path / "weights.pth").touch()
    monkeypatch.chdir(tmp_path)
    config = TrainConfig.model_validate(
        {
            "model": {"init": "weights.pth"},
            "objective": {"distill": {"weight": 1, "teachers": ["1.safetensors", "default"]}},
        }
    )
    stored = with_absolute_paths(config)
    teachers = stored.objective.distill.teachers
    assert teachers == [str(tmp_path / "1.safetensors"), "default"]
    assert stored.model.init == str(tmp_path / "weights.pth")
