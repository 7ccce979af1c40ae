"""Model files: what fits loads with the same outputs, what does not is refused with the reason."""

import json
import pickle
import struct
from pathlib import Path

import pytest
import torch

from trainer.card import ModelCard, Preprocessing
from trainer.errors import ModelFileError, UsageError
from trainer.model_index import find_model, read_card
from trainer.models import create
from trainer.models.fuse_bn import fuse_bn
from trainer.models.model_file import load_model, save_model

SMALL = {"widths": [8, 16], "blocks": [1, 1]}


def small_card(**changes: object) -> ModelCard:
    values = {
        "name": "small",
        "architecture": "compact",
        "arguments": SMALL,
        "attribution_layer": "stages",
        **changes,
    }
    return ModelCard(**values)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "small.safetensors"
    save_model(path, create("compact", **SMALL).state_dict(), small_card())
    return path


@pytest.mark.parametrize(("name", "parameters"), [("default", 3e6), ("accurate", 8e6)])
def test_the_bundled_networks_are_small(name: str, parameters: float) -> None:
    model, _ = load_model(find_model(name))
    assert sum(p.numel() for p in model.parameters()) <= parameters
    assert find_model(name).stat().st_size <= 16e6


def test_unknown_models_and_options_are_named_in_the_error() -> None:
    with pytest.raises(UsageError, match="Did you mean compact"):
        create("compakt")
    with pytest.raises(UsageError, match="depth"):
        create("compact", depth=3)
    with pytest.raises(UsageError, match="45 px"):
        create("compact", input_size=45)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_save_and_load_give_the_same_logits(file: Path, dtype: torch.dtype) -> None:
    model, card = load_model(file)
    x = torch.randn(2, 1, 44, 44)
    again = file.with_name("again.safetensors")
    save_model(again, model.state_dict(), card, dtype)
    loaded, same_card = load_model(again)
    assert same_card == card
    tolerance = 0 if dtype is torch.float32 else 0.02
    assert torch.allclose(loaded(x), model(x), atol=tolerance)
    assert next(loaded.parameters()).dtype is torch.float32


def test_fusing_batch_norm_keeps_the_outputs(file: Path) -> None:
    model, _ = load_model(file)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    x = torch.randn(3, 1, 44, 44)
    light = fuse_bn(model, x)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in light.modules())
    assert torch.allclose(light(x), model(x), atol=1e-4)


def rewrite(file: Path, **changes: object) -> None:
    """Replace fields of the card inside the file, and leave the checksum out."""
    content = file.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    card = json.loads(header["__metadata__"]["card"])
    card.update(changes)
    header["__metadata__"] = {"card": json.dumps(card)}
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def test_a_pickle_is_never_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "exploded"
    file = tmp_path / "evil.safetensors"
    file.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ModelFileError, match=r"evil\.safetensors"):
        load_model(file)
    torch.save({"x": Bomb(trace)}, file)
    with pytest.raises(ModelFileError, match=r"evil\.safetensors"):
        load_model(file)
    assert not trace.exists()


def test_refusals_name_the_file_and_the_reason(file: Path) -> None:
    good = file.read_bytes()

    def refused(reason: str) -> None:
        with pytest.raises(ModelFileError, match=reason) as caught:
            load_model(file)
        assert str(file) in str(caught.value)

    for length in (0, 5, 100, len(good) // 2, len(good) - 1):
        file.write_bytes(good[:length])
        refused("not a model file|damaged|truncated")
    file.write_bytes(struct.pack("<Q", 2 << 30) + good[8:])
    refused("not a model file")
    file.write_bytes(good)
    rewrite(file, architecture="vgg99")
    refused("vgg99")
    rewrite(file, architecture="compact", arguments={"widths": [8, 24], "blocks": [1, 1]})
    refused("shape")
    rewrite(file, arguments={"widths": [8, 16], "blocks": [1, 2]})
    refused("missing")
    rewrite(file, arguments=SMALL, temperature=0)
    refused("temperature")
    rewrite(file, temperature=1.0, format=99)
    refused("format 99")
    rewrite(file, format=1, attribution_layer="nowhere")
    refused("nowhere")
    rewrite(file, attribution_layer="stages", temperature="hot")
    refused("temperature")


def test_values_that_are_not_finite_are_refused(file: Path) -> None:
    model, card = load_model(file)
    state = dict(model.state_dict())
    state["classifier.bias"] = torch.full((7,), float("nan"))
    save_model(file, state, card)
    with pytest.raises(ModelFileError, match=r"classifier\.bias.*NaN"):
        load_model(file)


def test_a_safetensors_file_without_a_card_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(3)}, str(file))
    with pytest.raises(ModelFileError, match="no model card"):
        read_card(file)


def test_models_are_found_by_name_or_path(file: Path) -> None:
    assert find_model(str(file)) == file
    assert find_model("default").name == "default.safetensors"
    with pytest.raises(ModelFileError, match=r"Bundled: .*default"):
        find_model("defualt")
    with pytest.raises(ModelFileError, match="no such file"):
        find_model("gone.safetensors")


def test_a_saved_card_is_read_back(file: Path) -> None:
    card = small_card(preprocessing=Preprocessing(normalisation="fixed", mean=0.4))
    model, _ = load_model(file)
    save_model(file, model.state_dict(), card)
    assert read_card(file) == card
