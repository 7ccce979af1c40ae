"""The dialogs that choose a file or folder: each kind begins in the folder that it had last."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import platformdirs
from PySide6.QtWidgets import QFileDialog, QWidget

Kind = Literal["source", "model", "data", "evaluation", "study", "table", "figure", "export", "log"]


class LastFolders:
    """The folder of each kind; in memory until `store_in` names a place that lasts."""

    def __init__(self) -> None:
        folders: dict[str, str] = {}
        self.store_in(lambda: folders, folders.update)

    def store_in(
        self, read: Callable[[], Mapping[str, str]], write: Callable[[dict[str, str]], object]
    ) -> None:
        """`write` gets all folders by kind, which `read` returns from then on."""
        self._read, self._write = read, write

    def folder(self, kind: Kind, default: Path | None = None) -> Path:
        """Where to begin; `default` is for the first time, else the user's documents."""
        remembered = self._read().get(kind, "")
        documents = Path(platformdirs.user_documents_dir())
        places = [Path(remembered)] if remembered else []
        places += [*([default] if default is not None else []), documents]
        return next((place for place in places if place.is_dir()), Path.home())

    def remember(self, kind: Kind, folder: Path) -> None:
        self._write({**self._read(), kind: str(folder)})


last_folders = LastFolders()


def open_file(
    parent: QWidget | None, kind: Kind, title: str, filters: str, default: Path | None = None
) -> str:
    """The chosen file; "" when cancelled."""
    start = str(last_folders.folder(kind, default))
    path, _ = QFileDialog.getOpenFileName(parent, title, start, filters)
    if path:
        last_folders.remember(kind, Path(path).parent)
    return path


def open_files(parent: QWidget | None, kind: Kind, title: str, filters: str) -> list[str]:
    """The chosen files; none when cancelled."""
    start = str(last_folders.folder(kind))
    paths, _ = QFileDialog.getOpenFileNames(parent, title, start, filters)
    if paths:
        last_folders.remember(kind, Path(paths[0]).parent)
    return list(paths)


def open_folder(parent: QWidget | None, kind: Kind, title: str, default: Path | None = None) -> str:
    """The chosen folder, "" when cancelled. The next dialog begins in the folder that has it."""
    start = str(last_folders.folder(kind, default))
    path = QFileDialog.getExistingDirectory(parent, title, start)
    if path:
        last_folders.remember(kind, Path(path).parent)
    return path


def save_file(
    parent: QWidget | None,
    kind: Kind,
    title: str,
    name: str,
    filters: str,
    default: Path | None = None,
) -> tuple[str, str]:
    """The chosen file, "" when cancelled, and the chosen one of `filters`; `name` is suggested."""
    start = str(last_folders.folder(kind, default) / name)
    path, chosen = QFileDialog.getSaveFileName(parent, title, start, filters)
    if path:
        last_folders.remember(kind, Path(path).parent)
    return path, chosen
