"""Networks are built without drawing initial weights where these are not used."""

import subprocess
import sys

import pytest
import torch

from tests.support import ROOT
from trainer.errors import UsageError
from trainer.models import create, names
from trainer.models.skip_init import SkipInit, shapes_only

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


def test_what_is_not_random_is_still_initialised() -> None:
    with SkipInit():
        model = create("compact")
    norm = model.stem[2]  # type: ignore[index]
    assert bool((norm.weight == 1).all())
    assert bool((norm.running_var == 1).all())
    assert not any(value.is_meta for value in model.state_dict().values())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        with SkipInit():
            create("compact")
        assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.manual_seed(0)))


def test_too_many_calls_are_refused() -> None:
    with pytest.raises(UsageError, match="far more weights"), shapes_only(max_calls=3):
        create("compact")
    assert torch.is_grad_enabled()
    create("compact")  # no limit outside
