"""File dialogs begin in the folder that their kind had last."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from ferapp.ui.widgets.file_dialogs import LastFolders, last_folders, open_folder, save_file


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Where dialogs began; each chooses the file or folder `chosen` in a folder of its kind."""
    begun: list[str] = []
    for folder in ("figures", "tables"):
        (tmp_path / folder).mkdir()

    def choose(_: object, title: str, start: str, *__: object) -> tuple[str, str]:
        begun.append(start)
        return (str(tmp_path / title / "chosen"), "")

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *given: choose(*given)[0])
    stored: dict[str, str] = {}
    last_folders.store_in(lambda: stored, stored.update)
    return begun


def test_each_kind_begins_where_it_was_used_last(starts: list[str], tmp_path: Path) -> None:
    first = tmp_path / "tables"
    for kind, folder in (("figure", "figures"), ("table", "tables"), ("figure", "figures")):
        save_file(None, kind, folder, "a.png", "", first)  # type: ignore[arg-type]
    assert starts == [str(first / "a.png"), str(first / "a.png"), str(tmp_path / "figures/a.png")]


def test_a_chosen_folder_is_found_again_in_its_parent(starts: list[str], tmp_path: Path) -> None:
    assert open_folder(None, "data", "figures") == str(tmp_path / "figures" / "chosen")
    open_folder(None, "data", "figures")
    assert starts[1] == str(tmp_path / "figures")


def test_a_folder_that_is_gone_gives_way_to_the_default(tmp_path: Path) -> None:
    folders = LastFolders()
    folders.remember("log", tmp_path / "gone")
    assert folders.folder("log", tmp_path) == tmp_path
    assert folders.folder("log").is_dir()
