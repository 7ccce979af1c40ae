"""The entry in the application menu, and its icon."""

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ferapp import desktop_entry
from ferapp.desktop_entry import exec_value, install_desktop_entry, remove_desktop_entry
from tests.support.command import Command
from trainer.errors import FerError

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="for Linux desktops")


def read_entry(file: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(file, encoding="utf-8")
    return dict(parser["Desktop Entry"])


@on_linux
def test_the_entry_starts_this_installation_and_has_an_icon(tmp_path: Path) -> None:
    data = tmp_path / "xdg_data_home"
    files = install_desktop_entry()
    assert {file.relative_to(data) for file in files} == {
        Path("applications/ferapp.desktop"),
        Path("icons/hicolor/scalable/apps/ferapp.svg"),
        Path("icons/hicolor/256x256/apps/ferapp.png"),
    }
    entry = read_entry(data / "applications" / "ferapp.desktop")
    assert (entry["Type"], entry["Name"], entry["Icon"]) == ("Application", "ferapp", "ferapp")
    command = shlex.split(entry["Exec"])
    done = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert done.stdout.startswith("ferapp "), done.stderr
    assert files[2].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in files[1].read_bytes()


@on_linux
def test_removing_leaves_nothing_and_may_be_repeated(tmp_path: Path) -> None:
    files = install_desktop_entry()
    assert remove_desktop_entry() == files
    assert not [path for path in (tmp_path / "xdg_data_home").rglob("*") if path.is_file()]
    assert remove_desktop_entry() == []


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (["/opt/f/bin/ferapp"], "/opt/f/bin/ferapp"),
        (["/home/a b/ferapp"], '"/home/a b/ferapp"'),
        (["/home/100%/py", "-m", "ferapp"], "/home/100%%/py -m ferapp"),
        (['/a$b/"c"\\d'], '"/a\\\\$b/\\\\"c\\\\"\\\\\\\\d"'),
    ],
)
def test_paths_are_quoted_as_the_specification_says(command: list[str], value: str) -> None:
    assert exec_value(command) == value


def test_elsewhere_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for call in (install_desktop_entry, remove_desktop_entry):
        with pytest.raises(FerError, match="for Linux desktops only") as error:
            call()
        assert "dock" in str(error.value)


@on_linux
def test_the_command_says_where(command: Command, tmp_path: Path) -> None:
    entry = tmp_path / "xdg_data_home" / "applications" / f"{desktop_entry.APP_ID}.desktop"
    done = command("ferapp", "desktop-entry")
    assert done.returncode == 0, done.stderr
    assert f"Wrote {entry}" in done.stdout
    done = command("ferapp", "desktop-entry", "--remove")
    assert f"Removed {entry}" in done.stdout
    assert not entry.exists()
    done = command("ferapp", "desktop-entry", "--remove")
    assert done.stdout == "There is no desktop entry to remove.\n"
