"""The command line itself: its version, and the answers to wrong usage."""

import sys
import tomllib

import pytest

from ferapp import app
from tests.support import ROOT
from tests.support.command import Command
from trainer import __version__


def test_the_version_needs_neither_a_screen_nor_torch(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    done = command.process("ferapp", "--version")
    assert (done.returncode, done.stdout) == (0, f"ferapp {__version__}\n")
    assert "trainer.errors" in done.stderr
    assert not [name for name in ("torch", "PySide6", "cv2") if f"| {name}\n" in done.stderr]


def test_the_package_has_the_version_that_the_command_prints() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "trainer/__init__.py"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--page", "kitchen"), "--page kitchen: there is no such page\nPages: live"),
        (("--run", "/nowhere"), "--run /nowhere: there is no such run or folder"),
        (("--osc", "9000"), "'9000' is no address for OSC\nGive a computer and a port, such as"),
        (("--device", "tpu"), "unknown device 'tpu'\nKnown: auto"),
        (("analyze", "demo", "--device", "tpu"), "unknown device 'tpu'"),
        (("bench", "--device", "tpu"), "unknown device 'tpu'"),
        (("bench", "--plot", "x.png"), "--plot needs --soak"),
        (("bench", "--faces", "2", "--source", "camera"), "leave out --source and --soak"),
        (("analyze", "demo", "--rotate", "45"), "--rotate 45: pictures turn by quarters"),
        (("analyze", "demo", "--small-faces", "yes"), "--small-faces yes: there is no such choice"),
        (("faces", "/nowhere.csv"), "/nowhere.csv: this table cannot be read (No such file"),
        (("analyse", "demo"), "Did you mean 'analyze'?"),
    ],
)
def test_wrong_usage_is_answered_with_one_message(
    command: Command, arguments: tuple[str, ...], message: str
) -> None:
    done = command("ferapp", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [(), ("bench",), ("analyze", "demo")])
def test_a_missing_model_is_refused_before_anything_opens(
    command: Command, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "open_window", lambda *_: pytest.fail("the window was opened"))
    done = command("ferapp", *words, "--model", "nothere")
    assert done.returncode == 2
    assert "there is no model 'nothere'" in done.stderr


@pytest.mark.parametrize("words", [("--source",), ("bench", "--source"), ("analyze",)])
def test_a_missing_source_is_refused_before_anything_opens(
    command: Command, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "open_window", lambda *_: pytest.fail("the window was opened"))
    done = command("ferapp", *words, "nothere.mp4")
    assert done.returncode == 2
    assert "nothere.mp4: there is no such file" in done.stderr


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        pytest.param(
            "/proc/x.csv",
            "nothing can be written into this folder",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="a folder only there"),
        ),
        (".", "this is a folder"),
        ("nodir/x.csv", "there is no folder nodir"),
    ],
)
def test_a_place_for_no_table_is_refused_for_its_own_reason(
    command: Command, place: str, reason: str
) -> None:
    done = command("ferapp", "analyze", "demo", "--csv", place)
    assert done.returncode == 2
    assert reason in done.stderr
