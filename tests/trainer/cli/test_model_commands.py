"""`fertrain models NAME`, `export` of a network with attention, and weights to start from."""

import json
from pathlib import Path

import pytest
import torch

from trainer.card import ModelCard, Preprocessing
from trainer.config.loading import load_config
from trainer.model_index import read_card
from trainer.models import create
from trainer.models.model_file import load_model, save_model
from trainer.training.state import load_initial_weights, new_train_state

DACL = {"backbone": "compact", "compact": True, "widths": [8, 16, 32]}


@pytest.fixture
def dacl_file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    sizes = Preprocessing(crop_size=36, input_size=32)
    card = ModelCard(
        name="attentive",
        architecture="dacl",
        arguments=DACL,
        attribution_layer="trunk",
        preprocessing=sizes,
    )
    file = tmp_path / "attentive.safetensors"
    save_model(file, create("dacl", input_size=32, **DACL).state_dict(), card)
    return file


def test_layers_of_a_network(command) -> None:
    done = command("trainer", "models", "resnet18", "--size", 64, "--channels", 3, "--json")
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("trunk.layer4"))
    assert "512 × 2 × 2" in row
    table = json.loads(done.stdout.splitlines()[-1])
    assert table["parameters"] == 11_180_103
    assert table["flops"] > 1e8


def test_the_layers_of_dacl_hold_its_attention(command) -> None:
    sets = [word for name, value in DACL.items() for word in ("--set", f"{name}={value!r}".lower())]
    done = command("trainer", "models", "dacl", "--size", 32, *sets, "--json")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("attention ") for line in lines)
    assert "of them to predict; attribution layer trunk" in lines[-2]
    table = json.loads(lines[-1])
    outer = [row["parameters"] for row in table["layers"] if "." not in row["name"]]
    assert sum(outer) == table["parameters"]
    assert table["prediction_flops"] < table["flops"]


def test_an_exported_model_predicts_the_same_without_its_attention(
    command, dacl_file: Path, tmp_path: Path
) -> None:
    done = command("trainer", "export", "--model", dacl_file, "--out", "small.safetensors")
    assert done.returncode == 0, done.stderr
    small, card = load_model(tmp_path / "small.safetensors")
    assert card.arguments["attention"] is False
    assert small.attention is None
    whole, _ = load_model(dacl_file)
    x = torch.randn(3, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(small(x), whole(x), atol=5e-3, rtol=5e-3)  # float16
    done = command(
        "trainer", "export", "--model", dacl_file, "--out", "kept.safetensors", "--keep-attention"
    )
    assert done.returncode == 0, done.stderr
    kept, _ = load_model(tmp_path / "kept.safetensors")
    assert kept.attention is not None


def test_training_starts_from_the_matching_weights_and_reports_them(dacl_file: Path) -> None:
    config = load_config(sets=["data.input_size=32", "augment.mixup=0"])
    card = ModelCard(
        name="next",
        architecture="dacl",
        arguments={**DACL, "attention": False},
        attribution_layer="trunk",
        preprocessing=config.data.preprocessing,
    )
    learner = new_train_state(config, card, torch.eye(7), torch.device("cpu"))
    words = load_initial_weights(learner, str(dacl_file))
    assert "0 missing" in words
    assert "attention.context.1.weight: unknown" in words
    theirs = load_model(dacl_file)[0].state_dict()
    for network in (learner.model, learner.average):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, theirs[name])
    assert read_card(dacl_file).architecture == "dacl"
