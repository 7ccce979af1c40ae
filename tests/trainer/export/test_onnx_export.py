"""`fertrain export --out x.onnx`: the file gives the same outputs as torch, or is not written."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.support.trainer.small_networks import SIDE, SMALL, build
from trainer.card import ModelCard, Preprocessing
from trainer.data import face_data
from trainer.data.crops import to_input
from trainer.errors import FerError
from trainer.export import onnx_export
from trainer.export.onnx_export import export_onnx
from trainer.faces.align import align_face
from trainer.files import asset
from trainer.model_index import find_model
from trainer.models import FerModel, names
from trainer.models.model_file import load_model, save_model

SIZES = Preprocessing(crop_size=72, input_size=SIDE, normalisation="fixed", mean=0.4, std=0.2)


def crops(size: int, count: int = 9) -> NDArray[np.uint8]:
    """Aligned faces (N, S, S), not those that the export checks itself."""
    data = face_data.load(asset("example"))
    rows = np.flatnonzero(data.has_landmarks)[1 : 4 * count : 4]
    return np.stack([align_face(data.images[i], data.landmarks[i], size).crop for i in rows])


def card_of(name: str, sizes: Preprocessing = SIZES) -> ModelCard:
    return ModelCard(
        name=name,
        architecture=name,
        arguments=SMALL.get(name, {}),
        attribution_layer="",
        preprocessing=sizes,
        temperature=1.7,
    )


def run(file: Path, pixels: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return list(session.run(["logits", "probabilities"], {"pixels": pixels}))


@pytest.mark.slow
def test_the_shipped_model_as_the_command_writes_it(command, tmp_path: Path) -> None:
    """Grey crops in, the probabilities of this program out, and all metadata that users need."""
    options = ("--out", "handed-on.onnx", "--licence", "CC0", "--json")
    done = command("trainer", "export", "--model", "default", *options)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    size = (tmp_path / "handed-on.onnx").stat().st_size / 2**20
    assert re.fullmatch(rf"Wrote handed-on.onnx, {size:.1f} MiB, ONNX opset \d+", line)
    assert "pixels         batch × 1 × 42 × 42" in done.stdout
    assert "on 24 faces in batches of 1, 2, 5 and 16" in done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    file = tmp_path / "handed-on.onnx"
    assert result["bytes"] == file.stat().st_size
    assert result["inputs"] == {"pixels": ["batch", 1, 42, 42]}
    assert result["outputs"] == {"logits": ["batch", 7], "probabilities": ["batch", 7]}
    assert 0 < result["max_difference"] < 1e-4
    assert list(tmp_path.glob("*.onnx*")) == [file]

    network, card = load_model(find_model("default"))
    faces = crops(card.preprocessing.crop_size)
    with torch.no_grad():
        logits = network(to_input(torch.from_numpy(faces), card.preprocessing))
    outputs = run(file, (faces[:, None, 2:44, 2:44] / 255).astype(np.float32))
    np.testing.assert_allclose(outputs[0], logits, atol=1e-4)
    np.testing.assert_allclose(outputs[1], (logits / card.temperature).softmax(1), atol=1e-4)

    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(metadata["classes"]) == list(card.classes)
    assert (
        json.loads(metadata["preprocessing"])["normalisation"] == card.preprocessing.normalisation
    )
    assert float(metadata["temperature"]) == card.temperature
    assert metadata["licence"] == "CC0"
    card_in_file = ModelCard.from_json(metadata["card"])
    assert (card_in_file.name, card_in_file.metrics) == ("handed-on", card.metrics)
    assert str(Path(onnx_export.__file__).parent).encode() not in file.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_network(name: str, tmp_path: Path) -> None:
    """With a temperature and a fixed normalisation, in batch sizes that were not traced."""
    network = build(name).eval()
    file = tmp_path / f"{name}.onnx"
    export = export_onnx(file, network, card_of(name))
    assert export.inputs == {"pixels": ["batch", 1, SIDE, SIDE]}
    faces = crops(SIZES.crop_size)
    with torch.no_grad():
        logits = network(to_input(torch.from_numpy(faces), SIZES))
    for count in (1, 3, 9):
        pixels = (faces[:count, None, 4:68, 4:68] / 255).astype(np.float32)
        outputs = run(file, pixels)
        np.testing.assert_allclose(outputs[0], logits[:count], atol=1e-4)
        np.testing.assert_allclose(outputs[1], (logits[:count] / 1.7).softmax(1), atol=1e-4)


class ToyNetwork(FerModel):
    """The mean of the picture as every logit."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(1, 7)

    def embed(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


class FixedBatchNetwork(ToyNetwork):
    """Works only for the batch size it was traced with."""

    def embed(self, x: Tensor) -> Tensor:
        return torch.stack([x[i].mean(dim=(1, 2)) for i in range(len(x))])


class BranchingNetwork(ToyNetwork):
    """Its control flow depends on values."""

    def embed(self, x: Tensor) -> Tensor:
        return super().embed(x) if float(x.mean()) > 0 else x[:, :, 0, 0]


class DriftingNetwork(ToyNetwork):
    """Its output changes with every call, so that the traced graph is not what runs."""

    calls = 0

    def embed(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().embed(x) + 0.01 * self.calls


class TestNothingIsWritten:
    def refusal(self, network: FerModel, folder: Path) -> str:
        file = folder / "net.onnx"
        file.write_text("previous content")
        with pytest.raises(FerError) as refused:
            export_onnx(file, network.eval(), card_of("toy"))
        assert [path.name for path in folder.glob("*net*")] == ["net.onnx"]
        assert file.read_text() == "previous content"
        return str(refused.value)

    def test_if_the_batch_size_is_fixed(self, tmp_path: Path) -> None:
        message = self.refusal(FixedBatchNetwork(), tmp_path)
        assert "toy cannot be expressed in ONNX (it works only for batches of 2," in message

    def test_if_control_flow_depends_on_values(self, tmp_path: Path) -> None:
        message = self.refusal(BranchingNetwork(), tmp_path)
        assert "toy cannot be expressed in ONNX" in message
        assert "depends on values" in message

    def test_if_the_outputs_differ(self, tmp_path: Path) -> None:
        torch.manual_seed(0)
        message = self.refusal(DriftingNetwork(), tmp_path)
        assert "net.onnx: not written" in message
        assert "differ from torch's by 0." in message

    def test_if_packages_are_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        message = self.refusal(ToyNetwork(), tmp_path)
        assert "onnxruntime" in message
        assert "pip install onnx onnxscript onnxruntime" in message

    def test_with_keep_attention(self, command, tmp_path: Path) -> None:
        file = tmp_path / "net.safetensors"
        network = build("compact")
        save_model(
            file,
            network.state_dict(),
            ModelCard(name="net", architecture="compact", arguments={}, attribution_layer="stages"),
        )
        options = ("--out", "x.onnx", "--keep-attention")
        done = command("trainer", "export", "--model", file, *options)
        assert done.returncode == 2
        assert "an ONNX file has only what predictions use" in done.stderr
