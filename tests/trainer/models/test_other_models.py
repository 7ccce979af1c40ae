"""ONNX files and registered modules through the loader that everything uses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from torch import Tensor, nn

from tests.support.trainer.other_nets import CARD, EIGHT, Features, weights, write_onnx
from trainer import model_index
from trainer.attribution import attribute, available_methods, unavailable_methods
from trainer.data.crops import to_input
from trainer.errors import FerError, ModelFileError, UsageError
from trainer.model_index import file_sha256, find_model, model_reference, read_card
from trainer.models.model_file import load_model
from trainer.models.other_models.card_template import write_card_template
from trainer.models.other_models.registered import ModuleModel, register
from trainer.other_card import OtherCard

SIDE = 32


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_index, "_registered", {})


def colours(count: int = 3) -> Tensor:
    """(N, S, S, 3) uint8, each of one colour of its own."""
    values = torch.tensor([[250, 100, 20], [10, 200, 90], [0, 0, 255]], dtype=torch.uint8)
    return values[:count, None, None].expand(-1, SIDE, SIDE, -1)


def expected_logits(crops: Tensor, order: str, mean: float, std: float, white: float) -> Any:
    channels = crops[:, 0, 0].numpy().astype(np.float64) / 255 * white
    channels = channels[:, ::-1] if order == "bgr" else channels
    return ((channels - mean) / std) @ weights(3, 8)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize(("mean", "std", "white"), [(0.0, 1.0, 1.0), (127.5, 64.0, 255.0)])
def test_colours_reach_it_in_its_order_and_scale(
    tmp_path: Path, order: str, mean: float, std: float, white: float
) -> None:
    card = {**CARD, "colour": order, "mean": mean, "std": std, "white": white}
    model, made = load_model(write_onnx(tmp_path / "net.onnx", card))
    logits = model(to_input(colours(), made.preprocessing))
    np.testing.assert_allclose(
        logits.numpy(), expected_logits(colours(), order, mean, std, white), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("file", "card"),
    [
        ({"nhwc": True}, {"layout": "NHWC"}),
        ({"batch": 1, "side": SIDE}, {}),
        ({"batch": 2}, {}),
        ({"kind": TensorProto.FLOAT16}, {}),
        ({"kind": TensorProto.DOUBLE}, {}),
    ],
)
def test_layouts_batches_and_number_types_do_not_change_the_answer(
    tmp_path: Path, file: dict[str, Any], card: dict[str, Any]
) -> None:
    model, made = load_model(write_onnx(tmp_path / "net.onnx", {**CARD, **card}, **file))
    logits = model(to_input(colours(), made.preprocessing))
    expected = expected_logits(colours(), "rgb", 0, 1, 1)
    np.testing.assert_allclose(logits.numpy(), expected, atol=2e-2 if "kind" in file else 1e-4)


def test_whole_numbers_reach_a_model_of_bytes(tmp_path: Path) -> None:
    file = write_onnx(tmp_path / "n.onnx", {**CARD, "white": 255}, kind=TensorProto.UINT8)
    model, made = load_model(file)
    logits = model(to_input(colours(), made.preprocessing))
    np.testing.assert_allclose(logits, expected_logits(colours(), "rgb", 0, 1, 255), rtol=1e-4)


def test_probabilities_come_out_as_they_are(tmp_path: Path) -> None:
    file = write_onnx(tmp_path / "net.onnx", {**CARD, "output": "probabilities"}, softmax=True)
    model, made = load_model(file)
    logits = model(to_input(colours(), made.preprocessing))
    expected = torch.tensor(expected_logits(colours(), "rgb", 0, 1, 1)).softmax(dim=1)
    torch.testing.assert_close(logits.softmax(dim=1).double(), expected, rtol=1e-3, atol=1e-5)


def test_a_grey_picture_gives_a_colour_model_three_equal_channels(tmp_path: Path) -> None:
    model, made = load_model(write_onnx(tmp_path / "net.onnx", CARD))
    grey = torch.full((1, SIDE, SIDE), 51, dtype=torch.uint8)
    expected = np.full((1, 3), 0.2) @ weights(3, 8)
    np.testing.assert_allclose(model(to_input(grey, made.preprocessing)), expected, atol=1e-4)


def test_it_is_explained_by_its_answers_and_says_why_not_otherwise(tmp_path: Path) -> None:
    model, made = load_model(write_onnx(tmp_path / "net.onnx", CARD))
    assert available_methods(model) == ["occlusion", "rise"]
    x = to_input(colours(1), made.preprocessing)
    assert attribute(model, x, "occlusion").shape == (1, SIDE, SIDE)
    assert "an ONNX file has none" in unavailable_methods(model)["gradcam"]
    with pytest.raises(UsageError, match="needs the gradient") as caught:
        attribute(model, x, "integrated_gradients")
    assert caught.value.hint == "This network can be explained by occlusion, rise."
    assert model.embed(x).shape == (1, 8)  # its answers stand for features


def test_it_takes_as_many_threads_as_torch(tmp_path: Path) -> None:
    model, made = load_model(write_onnx(tmp_path / "net.onnx", CARD))
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            model(to_input(colours(), made.preprocessing))
            options = model._session.get_session_options()
            assert options.intra_op_num_threads == threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("file", "card", "reason", "hint"),
    [
        ({"side": 48}, {}, "its input is pixels", "size, colour or layout in net.json"),
        ({"nhwc": True}, {}, "its input is pixels", "size, colour or layout in net.json"),
        ({"channels": 1}, {}, "its input is pixels", "size, colour or layout"),
        ({"classes": 7}, {}, "gives 7 numbers for each face, and its card names 8", "Name all"),
        ({}, {"output": "probabilities"}, "its card says probabilities", '"output": "logits"'),
        ({"operator": "MyOwn"}, {}, "onnxruntime cannot open", "an operator that this onnxruntime"),
    ],
)
def test_files_that_do_not_fit_their_card_are_refused_with_what_to_do(
    tmp_path: Path, file: dict[str, Any], card: dict[str, Any], reason: str, hint: str
) -> None:
    path = write_onnx(tmp_path / "net.onnx", {**CARD, **card}, **file)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert reason in text
    assert hint in text
    assert "Traceback" not in text


def test_a_damaged_file_and_missing_weights_are_told_apart(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", CARD)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    load_model(path)
    (tmp_path / "w.bin").unlink()
    with pytest.raises(ModelFileError, match="second file, which must be in the same folder"):
        load_model(path)
    path.write_bytes(b"no model at all")
    with pytest.raises(ModelFileError, match="damaged or no ONNX model"):
        load_model(path)
    with pytest.raises(ModelFileError, match="no such file"):
        find_model(str(tmp_path / "gone.onnx"))


def test_without_onnxruntime_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_onnx(tmp_path / "net.onnx", CARD)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelFileError, match="pip install onnxruntime"):
        load_model(path)


def test_onnxruntime_reports_nothing_to_its_makers(tmp_path: Path) -> None:
    """It would keep events in a database in the user's cache until it can send them."""
    path = write_onnx(tmp_path / "net.onnx", CARD)
    code = (
        "from pathlib import Path; from trainer.models.model_file import load_model; "
        f"load_model(Path({str(path)!r}))"
    )
    places = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME")}
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"} | places
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "home").rglob("*onnxruntime*"))


def test_another_card_makes_it_another_model(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", CARD)
    before = file_sha256(path)
    path.with_suffix(".json").write_text(json.dumps({**CARD, "colour": "bgr"}))
    assert file_sha256(path) != before


def test_a_template_has_what_the_file_says(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "net.onnx", side=SIDE, softmax=True, nhwc=True)
    card, to_complete = write_card_template(path)
    written = OtherCard.of("net", json.loads(card.read_text()))
    assert (written.size, written.layout, written.output) == (SIDE, "NHWC", "probabilities")
    assert written.classes[0] == "class 1"  # an order is never guessed
    assert any(line.startswith("classes: ") for line in to_complete)
    load_model(path)  # it runs as it is
    with pytest.raises(UsageError, match="exists already"):
        write_card_template(path)


# --- registered modules -------------------------------------------------------------------------


def test_a_registered_module_serves_every_method_that_its_parts_allow() -> None:
    register("theirs", Features(), CARD)
    model, card = load_model(find_model("theirs"))
    assert isinstance(model, ModuleModel)
    assert (model.attribution_layer, model.parts.head) == ("module.body", "top")
    assert model.linear_head is not None  # mean pooling and one linear layer: CAM
    own = {"class_map", "grad"}
    assert {m for m in unavailable_methods(model) if "attention" not in m} == own | {
        "lanet", "rollout",
    }  # fmt: skip
    x = to_input(colours(), card.preprocessing)
    for method in available_methods(model):
        assert attribute(model, x, method).shape == (3, SIDE, SIDE)
    torch.testing.assert_close(model(x), Features().eval()(x))
    torch.testing.assert_close(model.classify(model.embed(x)), model(x))
    assert model.embed(x).shape == (3, 16)
    assert model_reference(find_model("theirs")) == "theirs"
    assert read_card(find_model("theirs")).classes[1] == "happy"


class Patches(nn.Module):
    """A network without a layer that keeps places apart; `detached` has no gradient either."""

    def __init__(self, detached: bool = False) -> None:
        super().__init__()
        self.mix, self.detached = nn.Linear(3 * SIDE * SIDE, 8), detached

    def forward(self, x: Tensor) -> Tensor:
        x = x.detach() if self.detached else x
        shares: Tensor = self.mix(x.flatten(1)).softmax(dim=1)
        return shares


def test_what_a_module_lacks_is_not_offered() -> None:
    card = {**CARD, "output": "probabilities"}
    register("patches", Patches(), card)
    model, _ = load_model(find_model("patches"))
    pixels = ["pixels_grad_x_input", "pixels_grad", "integrated_gradients", "smoothgrad"]
    assert available_methods(model) == [*pixels, "occlusion", "rise"]
    assert "features of a layer" in unavailable_methods(model)["attention"]
    register("closed", Patches(detached=True), card)
    assert available_methods(load_model(find_model("closed"))[0]) == ["occlusion", "rise"]


def test_the_reference_of_the_same_weights_is_the_same_and_others_are_refused() -> None:
    register("theirs", Features(), CARD)
    first = find_model("theirs")
    register("theirs", Features(), CARD)
    assert find_model("theirs") == first
    changed = Features()
    with torch.no_grad():
        changed.top.bias += 1
    register("theirs", changed, CARD)
    assert find_model("theirs") != first
    with pytest.raises(ModelFileError, match="not the same as before"):
        load_model(first)


def test_the_module_given_is_not_touched() -> None:
    module = Features().train()
    register("theirs", module, CARD)
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())


@pytest.mark.parametrize(
    ("name", "module", "card", "reason"),
    [
        ("default", Features(), CARD, "cannot be registered as 'default'"),
        ("a/b", Features(), CARD, "cannot be registered"),
        ("x", "a string", CARD, "a torch.nn.Module is wanted, not str"),
        ("x", Features(7), CARD, "gives 7 numbers for each face, and its card names 8"),
        ("x", Features(channels=1), CARD, "it fails on an input of 1 × 3 × 32 × 32"),
        ("x", Features(), {"classes": EIGHT}, "size: field required"),
        ("x", Features(), {**CARD, "layer": "top"}, "names the layer 'top'"),
        ("x", Features(), {**CARD, "layout": "NHWC"}, "gets its pictures as NCHW"),
    ],
)
def test_what_cannot_be_registered_is_answered(
    name: str, module: Any, card: dict[str, Any], reason: str
) -> None:
    with pytest.raises(FerError) as caught:
        register(name, module, card)
    assert reason in str(caught.value)
