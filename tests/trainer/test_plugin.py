"""--plugin FILE.py: run when named, and answered when it fails."""

from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.trainer.other_nets import PLUGIN
from trainer import model_index, plugin
from trainer.errors import FerError
from trainer.files import asset
from trainer.model_index import find_model
from trainer.plugin import load_plugin, loaded_plugins


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_index, "_registered", {})
    monkeypatch.setattr(plugin, "_loaded", [])


def test_it_runs_once_and_its_models_have_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    assert load_plugin(file) == ("theirs",)
    assert load_plugin(file) == ()
    assert loaded_plugins() == (file,)
    assert find_model("theirs").is_file()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("x = 1\n\nraise KeyError('weights')", "line 3 raised KeyError: 'weights'"),
        ("def broken(:\n    pass", "line 1 is no Python"),
        ("import nothing_of_this_name", "line 1 raised ModuleNotFoundError"),
        ("raise SystemExit(3)", "line 1 raised SystemExit"),
        ("x = 1", "registered no model"),
        ("import ferapp\nferapp.register('x', 1, {})", "a torch.nn.Module is wanted, not int"),
    ],
)
def test_a_plugin_that_fails_is_answered_in_a_sentence(
    tmp_path: Path, code: str, reason: str
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(code)
    with pytest.raises(FerError) as caught:
        load_plugin(file)
    assert reason in str(caught.value)
    assert str(file) in str(caught.value)
    assert loaded_plugins() == ()


def test_commands_say_whose_code_they_run(command: Command, tmp_path: Path) -> None:
    data = ("--data", asset("example"))
    done = command("trainer", "evaluate", *data, "--model", "x", "--plugin", "no.py")
    assert done.returncode == 2
    assert "no such Python file" in done.stderr
    (tmp_path / "mine.py").write_text(PLUGIN)
    done = command("trainer", "evaluate", *data, "--model", "their", "--plugin", "mine.py")
    assert done.returncode == 2
    assert "Running the code of mine.py" in done.stderr
    assert "Registered: theirs." in done.stderr
