"""The table of attribution methods."""

import subprocess
import sys
from typing import get_args

import pytest

from tests.support import ROOT
from trainer.attribution_methods import METHODS, LiveMethod, find_method
from trainer.errors import UsageError


def test_the_table_needs_no_torch() -> None:
    code = "import sys, trainer.attribution_methods; print({'torch', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "set()", done.stderr


def test_every_method_has_its_texts() -> None:
    for name, method in METHODS.items():
        assert method.name == name
        assert method.title
        assert method.description.endswith(".")
        assert bool(method.refusal) == (method.requires is not None)
    assert len({method.title for method in METHODS.values()}) == len(METHODS)


def test_configurations_offer_the_live_methods() -> None:
    live = [method.name for method in METHODS.values() if method.cost == "live"]
    assert list(get_args(LiveMethod)) == live


def test_unknown_names_are_answered_with_the_closest() -> None:
    assert find_method("cam").title == "CAM"
    with pytest.raises(UsageError, match="no attribution method 'smoothgrads'") as caught:
        find_method("smoothgrads")
    assert caught.value.hint.startswith("Did you mean smoothgrad")
    with pytest.raises(UsageError, match="no attribution method 'shap'") as caught:
        find_method("shap")
    assert caught.value.hint == f"Known: {', '.join(METHODS)}."
