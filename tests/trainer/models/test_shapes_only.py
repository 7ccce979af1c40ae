"""Networks on the meta device: their shapes, without initial weights and without the compiler."""

import subprocess
import sys

import pytest
import torch

from tests.support import ROOT
from trainer.errors import UsageError
from trainer.models import create, names
from trainer.models.shapes_only import shapes_only

SCRIPT = """
import sys, torch
before = "torch._dynamo" in sys.modules
from trainer.model_index import find_model
from trainer.models.model_file import load_model
load_model(find_model("default"))
print(before, "torch._dynamo" in sys.modules)
"""


def test_loading_a_model_does_not_import_torch_dynamo() -> None:
    """torch._dynamo takes a second of every start, three without compiled bytecode."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"], done.stderr


@pytest.mark.parametrize("name", names())
def test_shapes_are_those_of_the_network(name: str) -> None:
    with shapes_only():
        state = create(name).state_dict()
    assert all(value.is_meta for value in state.values())
    if name in ("compact", "face_resnet", "wildcat"):
        built = create(name).state_dict()
        assert {key: value.shape for key, value in built.items()} == {
            key: value.shape for key, value in state.items()
        }


def test_tensors_with_memory_are_still_initialised() -> None:
    with shapes_only():
        assert torch.empty(1000).normal_().is_meta
        real = torch.zeros(1000, device="cpu")
        real.normal_()
    assert float(real.std()) > 0.5
    outside = torch.zeros(1000)
    torch.nn.init.uniform_(outside)
    assert float(outside.std()) > 0.2


def test_too_many_calls_are_refused() -> None:
    with pytest.raises(UsageError, match="far more weights"), shapes_only(max_calls=3):
        create("compact")
    assert torch.is_grad_enabled()
    create("compact")  # no limit outside
