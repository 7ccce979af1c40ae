"""`fertrain export --out x.onnx`: the file alone gives what torch gives, or is not written."""

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
    """Aligned faces (N, S, S) other than those of the export's own check."""
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
    """Raw grey crops in, the probabilities of this program out; all that a user needs inside."""
    ask = ("--out", "handed-on.onnx", "--licence", "CC0", "--json")
    done = command("trainer", "export", "--model", "default", *ask)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    size = (tmp_path / "handed-on.onnx").stat().st_size / 2**20
    assert re.fullmatch(rf"Wrote handed-on.onnx, {size:.1f} MiB, ONNX opset \d+", line)
    assert "pixels         batch × 1 × 42 × 42" in done.stdout
    assert "on 24 faces in batches of 1, 2, 5 and 16" in done.stdout
    told = json.loads(done.stdout.splitlines()[-1])
    file = tmp_path / "handed-on.onnx"
    assert told["bytes"] == file.stat().st_size
    assert told["inputs"] == {"pixels": ["batch", 1, 42, 42]}
    assert told["outputs"] == {"logits": ["batch", 7], "probabilities": ["batch", 7]}
    assert 0 < told["max_difference"] < 1e-4
    assert list(tmp_path.glob("*.onnx*")) == [file]

    network, card = load_model(find_model("default"))
    faces = crops(card.preprocessing.crop_size)
    with torch.no_grad():
        logits = network(to_input(torch.from_numpy(faces), card.preprocessing))
    got = run(file, (faces[:, None, 2:44, 2:44] / 255).astype(np.float32))
    np.testing.assert_allclose(got[0], logits, atol=1e-4)
    np.testing.assert_allclose(got[1], (logits / card.temperature).softmax(1), atol=1e-4)

    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    notes = {each.key: each.value for each in model.metadata_props}
    assert json.loads(notes["classes"]) == list(card.classes)
    assert json.loads(notes["preprocessing"])["normalisation"] == card.preprocessing.normalisation
    assert float(notes["temperature"]) == card.temperature
    assert notes["licence"] == "CC0"
    whole = ModelCard.from_json(notes["card"])
    assert (whole.name, whole.metrics) == ("handed-on", card.metrics)
    assert str(Path(onnx_export.__file__).parent).encode() not in file.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_network(name: str, tmp_path: Path) -> None:
    """With a temperature and a fixed normalisation, in batches that were never traced."""
    network = build(name).eval()
    file = tmp_path / f"{name}.onnx"
    done = export_onnx(file, network, card_of(name))
    assert done.inputs == {"pixels": ["batch", 1, SIDE, SIDE]}
    faces = crops(SIZES.crop_size)
    with torch.no_grad():
        logits = network(to_input(torch.from_numpy(faces), SIZES))
    for count in (1, 3, 9):
        pixels = (faces[:count, None, 4:68, 4:68] / 255).astype(np.float32)
        got = run(file, pixels)
        np.testing.assert_allclose(got[0], logits[:count], atol=1e-4)
        np.testing.assert_allclose(got[1], (logits[:count] / 1.7).softmax(1), atol=1e-4)


class Toy(FerModel):
    """The mean of the picture as every logit."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(1, 7)

    def embed(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


class OneBatch(Toy):
    """Works for the batch it was traced with alone."""

    def embed(self, x: Tensor) -> Tensor:
        return torch.stack([x[i].mean(dim=(1, 2)) for i in range(len(x))])


class Asking(Toy):
    """What it does depends on values."""

    def embed(self, x: Tensor) -> Tensor:
        return super().embed(x) if float(x.mean()) > 0 else x[:, :, 0, 0]


class Drifting(Toy):
    """Answers anew each time: what was traced is not what runs."""

    calls = 0

    def embed(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().embed(x) + 0.01 * self.calls


class TestNothingIsWritten:
    def refusal(self, network: FerModel, folder: Path) -> str:
        file = folder / "net.onnx"
        file.write_text("what was there")
        with pytest.raises(FerError) as refused:
            export_onnx(file, network.eval(), card_of("toy"))
        assert [each.name for each in folder.glob("*net*")] == ["net.onnx"]
        assert file.read_text() == "what was there"
        return str(refused.value)

    def test_where_the_batch_is_not_free(self, tmp_path: Path) -> None:
        words = self.refusal(OneBatch(), tmp_path)
        assert "toy cannot be expressed in ONNX (it works for batches of 2 alone" in words

    def test_where_values_decide(self, tmp_path: Path) -> None:
        words = self.refusal(Asking(), tmp_path)
        assert "toy cannot be expressed in ONNX" in words
        assert "depends on values" in words

    def test_where_the_answers_differ(self, tmp_path: Path) -> None:
        torch.manual_seed(0)
        words = self.refusal(Drifting(), tmp_path)
        assert "net.onnx: not written" in words
        assert "differ from torch's by 0." in words

    def test_without_the_packages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        words = self.refusal(Toy(), tmp_path)
        assert "onnxruntime" in words
        assert "pip install onnx onnxscript onnxruntime" in words

    def test_with_attention_that_predictions_do_not_use(self, command, tmp_path: Path) -> None:
        file = tmp_path / "net.safetensors"
        network = build("compact")
        save_model(
            file,
            network.state_dict(),
            ModelCard(name="net", architecture="compact", arguments={}, attribution_layer="stages"),
        )
        ask = ("--out", "x.onnx", "--keep-attention")
        done = command("trainer", "export", "--model", file, *ask)
        assert done.returncode == 2
        assert "only what predictions use" in done.stderr
