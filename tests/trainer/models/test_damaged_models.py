"""Damaged model files: the same outputs, or a ModelFileError, quickly and in little memory.

The same for imported weights and for the state that a run resumes from.
"""

import json
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.support.damage import SLOWEST_S, damaged, odd_json, quickly, refused_at_most
from trainer.card import ModelCard
from trainer.errors import DataError, ModelFileError
from trainer.model_index import find_model, read_card
from trainer.models import FerModel, create
from trainer.models.import_weights import read_weights
from trainer.models.model_file import expected_state, load_model, save_model
from trainer.training.state import Checkpoint, load_checkpoint, save_checkpoint

SMALL = {"widths": [8, 16], "blocks": [1, 1]}
CARD = ModelCard(name="small", architecture="compact", arguments=SMALL, attribution_layer="stages")
MAX_MIB = 300  # that reading a refused file may allocate


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    save_model(path, create("compact", **SMALL).state_dict(), CARD, torch.float16)
    return path.read_bytes()


def parts_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and weights of a safetensors file."""
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def joined(header: dict[str, Any], weights: bytes) -> bytes:
    text = json.dumps(header).encode(errors="surrogatepass")
    return struct.pack("<Q", len(text)) + text + weights


@contextmanager
def bounded() -> Iterator[None]:
    """Fails when the block takes too much time, or too much memory (measured on Linux)."""
    began, before = time.thread_time(), _memory("VmRSS")
    if before:
        Path("/proc/self/clear_refs").write_text("5")  # the peak from now on
    yield
    assert time.thread_time() - began < SLOWEST_S
    assert _memory("VmHWM") - before < MAX_MIB


def _memory(field: str) -> float:
    """MiB of this process; 0 where there is no /proc."""
    if sys.platform != "linux":
        return 0
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def same_or_refused(path: Path, content: bytes, good: bytes) -> None:
    """Loads as `good` does, or raises ModelFileError that names the file."""
    path.write_bytes(content)
    x = torch.linspace(-1, 1, 44 * 44).reshape(1, 1, 44, 44)
    with bounded(), refused_at_most(ModelFileError, path):
        model, card = load_model(path)
        assert card == CARD
        path.write_bytes(good)
        assert torch.equal(model(x), load_model(path)[0](x))


@quickly
@given(data=st.data())
def test_a_damaged_file_loads_the_same_or_is_refused(
    tmp_path: Path, good: bytes, data: st.DataObject
) -> None:
    same_or_refused(tmp_path / "m.safetensors", data.draw(damaged(good)), good)


@quickly
@given(data=st.data())
def test_a_damaged_header_loads_the_same_or_is_refused(
    tmp_path: Path, good: bytes, data: st.DataObject
) -> None:
    """The header is a small part of the file, which most accidents miss."""
    size = 8 + struct.unpack("<Q", good[:8])[0]
    same_or_refused(tmp_path / "m.safetensors", data.draw(damaged(good[:size])) + good[size:], good)


@quickly
@given(data=st.data())
def test_a_card_with_any_value_loads_or_is_refused(
    tmp_path: Path, good: bytes, data: st.DataObject
) -> None:
    """With a checksum that no longer fits, and without one, as another tool may write it."""
    header, weights = parts_of(good)
    card = json.loads(header["__metadata__"]["card"])
    place = data.draw(st.sampled_from((card, card["preprocessing"], card["arguments"])))
    key = data.draw(st.sampled_from((*place, "num_classes", "dropout", "name")))
    place[key] = data.draw(odd_json)
    header["__metadata__"]["card"] = json.dumps(card)
    if data.draw(st.booleans()):
        del header["__metadata__"]["sha256"]
    path = tmp_path / "m.safetensors"
    path.write_bytes(joined(header, weights))
    with bounded(), refused_at_most(ModelFileError, path):
        model, read = load_model(path)
        assert read.to_json() == json.dumps(card, ensure_ascii=False)
        assert torch.isfinite(model(torch.zeros(1, 1, 44, 44))).all()


def test_a_flipped_bit_in_the_weights_is_detected(tmp_path: Path, good: bytes) -> None:
    """One bit of a mantissa hardly changes the outputs: only a checksum detects it."""
    path = tmp_path / "m.safetensors"
    flipped = bytearray(good)
    flipped[-4] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(ModelFileError, match="damaged: its checksum"):
        load_model(path)
    assert read_card(path) == CARD  # lists of models read cards alone


@pytest.mark.parametrize(
    "arguments",
    [
        {"widths": [100_000, 100_000], "blocks": [1, 1]},
        {"widths": [2**40, 2**40], "blocks": [1, 1]},
        {"widths": [8, 16], "blocks": [10**9, 1]},
        {"widths": [8, 16], "blocks": [1, 1], "num_classes": 7},
        {"widths": [8, 16], "blocks": [1, 1], "dropout": "much"},
        {"widths": [-8, 16], "blocks": [1, 1]},
        {"widths": [], "blocks": []},
    ],
)
def test_a_card_of_a_huge_network_is_refused_before_memory_is_allocated(
    tmp_path: Path, good: bytes, arguments: dict[str, Any]
) -> None:
    header, weights = parts_of(good)
    card = json.loads(header["__metadata__"]["card"])
    header["__metadata__"] = {"card": json.dumps({**card, "arguments": arguments})}
    path = tmp_path / "m.safetensors"
    path.write_bytes(joined(header, weights))
    with bounded(), pytest.raises(ModelFileError, match=r"cannot be built|has the shape"):
        load_model(path)
    assert torch.is_grad_enabled()  # of the thread, which loads and explains the next model


def test_gradients_are_enabled_after_a_refusal_at_any_call(tmp_path: Path) -> None:
    """The limit may be reached within `torch.no_grad`, in the very call that would end it."""
    for before in range(60):  # calls, more than those of a block

        def build(before: int = before) -> FerModel:
            for _ in range(before):
                torch.zeros(1)
            return create("compact", widths=[8, 16], blocks=[10**9, 1])

        with pytest.raises(ModelFileError, match="far more weights than the file"):
            expected_state(tmp_path, build, weights=1)
        assert torch.is_grad_enabled()


def test_shapes_beyond_the_file_are_refused(tmp_path: Path, good: bytes) -> None:
    header, weights = parts_of(good)
    for shape in ([2**40], [2**31, 2**31], [7, 2**62], [-1], [10**30]):
        header["classifier.bias"] = {**header["classifier.bias"], "shape": shape}
        path = tmp_path / "m.safetensors"
        path.write_bytes(joined(header, weights))
        with bounded(), pytest.raises(ModelFileError, match="truncated or damaged"):
            load_model(path)


@pytest.mark.parametrize("dtype", [torch.int16, torch.int64, torch.bool, torch.uint8])
def test_integer_weights_are_refused(tmp_path: Path, good: bytes, dtype: torch.dtype) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(good)
    state = dict(load_model(path)[0].state_dict())
    state["classifier.bias"] = torch.ones(7, dtype=dtype)
    save_model(path, state, CARD)
    with pytest.raises(ModelFileError, match=r"classifier\.bias has the type .*does not fit"):
        load_model(path)


@quickly
@given(name=st.text(max_size=400))
def test_any_name_finds_a_model_or_raises_its_error(name: str) -> None:
    with refused_at_most(ModelFileError):
        find_model(name)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same weights as torch and as TensorFlow.js store them."""
    folder = tmp_path_factory.mktemp("published")
    torch.save({"state_dict": {"a.weight": torch.arange(6.0)}}, folder / "w.pt")
    np.arange(6, dtype=np.uint8).tofile(folder / "shard1")
    entry = {
        "name": "a/filters",
        "shape": [1, 1, 2, 3],
        "dtype": "float32",
        "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
    }
    manifest = [{"paths": ["shard1"], "weights": [entry]}]
    (folder / "w.json").write_text(json.dumps(manifest))
    return folder


def test_undamaged_weights_are_read(published: Path) -> None:
    assert read_weights(published / "w.pt")["a.weight"].tolist() == [0, 1, 2, 3, 4, 5]
    tensor = read_weights(published / "w.json")["a.weight"]
    assert tensor.shape == (3, 2, 1, 1)
    assert tensor[:, :, 0, 0].T.tolist() == [[-1, -0.5, 0], [0.5, 1, 1.5]]


@pytest.mark.parametrize("name", ["w.pt", "w.json"])
@quickly
@given(data=st.data())
def test_damaged_weights_are_read_or_refused(
    published: Path, name: str, data: st.DataObject
) -> None:
    content = data.draw(damaged((published / name).read_bytes()))
    broken = published / f"broken.{name}"
    broken.write_bytes(content)
    with bounded(), refused_at_most(ModelFileError, broken):
        read_weights(broken)


@quickly
@given(data=st.data())
def test_a_manifest_with_any_value_is_read_or_refused(published: Path, data: st.DataObject) -> None:
    """Paths in it never leave its folder."""
    (group,) = json.loads((published / "w.json").read_text())
    (entry,) = group["weights"]
    place = data.draw(st.sampled_from((group, entry, entry["quantization"])))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(odd_json)
    broken = published / "broken.json"
    broken.write_text(json.dumps([group]))
    with bounded(), refused_at_most(ModelFileError, broken):
        read_weights(broken)


@pytest.mark.parametrize("name", ["../shard2", "/etc/hostname", "..", "sub/../../shard2"])
def test_a_manifest_cannot_read_outside_its_folder(
    published: Path, tmp_path: Path, name: str
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "shard2").write_bytes((published / "shard1").read_bytes())
    manifest = (published / "w.json").read_text().replace('"shard1"', json.dumps(name))
    (inner / "w.json").write_text(manifest)
    with pytest.raises(ModelFileError, match="the weights cannot be read"):
        read_weights(inner / "w.json")


@quickly
@given(data=st.data())
def test_a_damaged_state_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "state.pt"
    save_checkpoint(path, Checkpoint(3, {"a": torch.ones(2)}, {}, {}, {}, {"epoch": 1}))
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    with bounded(), refused_at_most(DataError, path):
        load_checkpoint(path)
