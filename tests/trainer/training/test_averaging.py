"""`fertrain average`: the mean of the weights of several fine-tunings."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.command import Command
from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard
from trainer.data.crops import align_all
from trainer.data.face_data import save
from trainer.errors import UsageError
from trainer.evaluation.metrics import classification_metrics
from trainer.evaluation.predictions import predict
from trainer.labels import EXPRESSIONS
from trainer.models import FerModel, create
from trainer.models.model_file import load_model, save_model
from trainer.training.averaging import average_models, average_weights

SMALL = {"widths": [8, 16], "blocks": [1, 1]}


def model(seed: int, name: str = "one", **arguments: object) -> tuple[FerModel, ModelCard]:
    torch.manual_seed(seed)
    options = {**SMALL, **arguments}
    network = create("compact", **options).eval()
    network.load_state_dict(
        {
            key: value + torch.rand_like(value) if value.is_floating_point() else value
            for key, value in network.state_dict().items()
        }
    )
    return network, ModelCard(
        name=name,
        architecture="compact",
        arguments=options,
        attribution_layer="stages",
        objective=f"of seed {seed}",
    )


def test_each_weight_is_the_mean() -> None:
    models = [model(seed) for seed in range(3)]
    mean = average_weights(models)
    states = [network.state_dict() for network, _ in models]
    for name, value in mean.items():
        if value.is_floating_point():
            expected = (states[0][name] + states[1][name] + states[2][name]) / 3
            torch.testing.assert_close(value, expected)


def test_the_card_has_the_metrics_of_the_mean() -> None:
    validation = drawn_data(5).of_split("val")
    models = [model(0), model(1)]
    for (_, card), count in zip(models, (5, 9), strict=True):
        card.data.update(name=f"of {count}", train_samples=count)
        card.prior.update(dict.fromkeys(card.classes, 1 / 7) | {"happy": count / 7})
    network, card = average_models(models, validation, torch.device("cpu"))
    crops = align_all(validation, card.preprocessing)
    logits = predict(network, card, crops.pixels, torch.device("cpu")).logits
    expected = classification_metrics(logits, validation.label, card.classes)
    assert card.metrics["accuracy"] == expected["accuracy"]
    assert card.data["name"] == "of 9"
    assert card.prior["happy"] == 9 / 7
    assert card.objective == "mean of the weights of 2 models: of seed 0; of seed 1"
    torch.testing.assert_close(network.state_dict(), average_weights([model(0), model(1)]))
    _, again = average_models(
        [(network, card), model(1), model(2)], validation, torch.device("cpu")
    )
    assert again.objective == "mean of the weights of 3 models: of seed 0; of seed 1; of seed 2"


def test_data_with_other_classes_is_refused() -> None:
    classes = ("contempt", *EXPRESSIONS[1:])
    others = replace(drawn_data(2), classes=classes).of_split("val")
    with pytest.raises(UsageError, match=r"one: its classes angry, .* are not those of"):
        average_models([model(0), model(1)], others, torch.device("cpu"))


def test_different_networks_cannot_be_averaged() -> None:
    with pytest.raises(
        UsageError, match=r"one and other cannot be averaged: arguments .*8.* and .*4"
    ):
        average_weights([model(0), model(1, "other", widths=[4, 16])])


def test_the_command(tmp_path: Path, command: Command) -> None:
    files = [tmp_path / f"{seed}.safetensors" for seed in range(2)]
    for seed, file in enumerate(files):
        network, card = model(seed)
        save_model(file, network.state_dict(), card)
    save(drawn_data(5), tmp_path / "data")
    arguments = ["average", *(f"--model={file}" for file in files), "--data=data"]
    done = command("trainer", *arguments, "--out", "mean.safetensors", "--json")
    assert done.returncode == 0, done.stderr
    network, card = load_model(tmp_path / "mean.safetensors")
    assert card.name == "mean"
    assert json.loads(done.stdout.splitlines()[-1])["accuracy"] == card.metrics["accuracy"]
    torch.testing.assert_close(network.state_dict(), average_weights([model(0), model(1)]))
    alone = command("trainer", *arguments[:2], "--data=data", "--out", "mean.safetensors")
    assert alone.returncode == 2
    assert "two models or more" in alone.stderr
