"""Weights published elsewhere: dlib's face recognition in TensorFlow.js files."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from trainer.errors import ModelFileError, UsageError
from trainer.models import FerModel, create
from trainer.models.import_weights import import_weights, read_weights
from trainer.models.networks.face_resnet import FaceResNet, ScaledConv


def published(folder: Path, model: FerModel) -> Path:
    """Files in the published format for every layer of `model`: some quantised, over colours."""
    draw = np.random.default_rng(0)
    entries, content = [], b""
    for name, module in model.named_modules():
        if not isinstance(module, ScaledConv):
            continue
        out, _, side, _ = module.conv.weight.shape
        colours = 3 if name == "conv32_down" else module.conv.in_channels
        prefix = name.removeprefix("stages.").replace(".", "/")
        deviation = (2 / (side * side * colours)) ** 0.5
        parts = {
            "conv/filters": draw.normal(0, deviation, (side, side, colours, out)),
            "scale/weights": draw.uniform(0.5, 1.5, out),
            "scale/biases": draw.normal(0, 0.2, out),
        }
        for part, values in parts.items():
            entry = {"name": f"{prefix}/{part}", "shape": list(values.shape), "dtype": "float32"}
            if part == "conv/filters" and "32" in prefix:
                low, scale = float(values.min()), float(np.ptp(values)) / 255
                packed = np.round((values - low) / scale).astype(np.uint8)
                entry["quantization"] = {"dtype": "uint8", "scale": scale, "min": low}
                content += packed.tobytes()
            else:
                content += values.astype(np.float32).tobytes()
            entries.append(entry)
    half = len(content) // 2
    (folder / "part1.bin").write_bytes(content[:half])
    (folder / "part2.bin").write_bytes(content[half:])
    manifest = folder / "weights_manifest.json"
    manifest.write_text(json.dumps([{"paths": ["part1.bin", "part2.bin"], "weights": entries}]))
    return manifest


def build() -> FaceResNet:
    torch.manual_seed(0)
    model = create("face_resnet")
    assert isinstance(model, FaceResNet)
    return model.eval()


@pytest.fixture
def example() -> Tensor:
    return torch.randn(8, 1, 44, 44, generator=torch.Generator().manual_seed(1))


def test_norms_without_statistics_get_those_of_the_example(tmp_path: Path, example: Tensor) -> None:
    """The outputs are those of the published scales; in training mode they stay about the same."""
    weights = read_weights(published(tmp_path, build()))
    model = build()
    import_weights(model, weights, example)
    plain = build()  # as published: scale and shift, no statistics
    state = plain.state_dict()
    for name, value in weights.items():
        place = name if name in state else f"stages.{name}"
        grey = value.sum(dim=1, keepdim=True) if name == "conv32_down.conv.weight" else value
        state[place] = grey
    plain.load_state_dict(state)
    for module in plain.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_var is not None
            module.running_var.fill_(1 - module.eps)
    with torch.no_grad():
        expected, result = plain.embed(example), model.embed(example)
        torch.testing.assert_close(result, expected, rtol=1e-3, atol=1e-3)
        assert expected.std() > 0.01
        in_training = model.train().embed(example)
    torch.testing.assert_close(in_training, expected, rtol=0.05, atol=0.05 * float(expected.max()))


def test_norms_without_statistics_need_an_example(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need pictures"):
        import_weights(build(), read_weights(published(tmp_path, build())))


def test_quantised_kernels_are_decoded_and_transposed(tmp_path: Path) -> None:
    file = tmp_path / "w.json"
    values = np.arange(2 * 1 * 3 * 4, dtype=np.uint8).reshape(2, 1, 3, 4)  # h, w, in, out
    (tmp_path / "w.bin").write_bytes(values.tobytes())
    entry = {
        "name": "a/filters",
        "shape": [2, 1, 3, 4],
        "dtype": "float32",
        "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
    }
    file.write_text(json.dumps([{"paths": ["../elsewhere/w.bin"], "weights": [entry]}]))
    kernel = read_weights(file)["a.weight"]  # a name cannot lead out of the folder
    assert kernel.shape == (4, 3, 2, 1)
    assert float(kernel[3, 2, 1, 0]) == values[1, 0, 2, 3] * 0.5 - 1


@pytest.mark.parametrize(
    "text", ["{", "[]]", '[{"paths": ["gone.bin"], "weights": []}]', '{"a": 1}', "[1]"]
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "w.json"
    file.write_text(text)
    with pytest.raises(ModelFileError, match=r"w\.json: the weights cannot be read"):
        read_weights(file)
