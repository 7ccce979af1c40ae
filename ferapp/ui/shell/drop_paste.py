"""What to open when something is dropped on the window or pasted into it."""

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from ferapp.sources.stream_address import URL
from trainer.model_index import OPENED_SUFFIXES

LEFTOVER_S = 24 * 3600.0  # leftovers of a killed window are deleted after this time
_SHORT = 40  # characters of a text in a message
_CAN_OPEN = "You can open a video, picture, folder, table, address or model."
_EMPTY = "There is nothing to open."


@dataclass(frozen=True, slots=True)
class DropContent:
    """One of `source`, `model` and `picture`; where there is none, `message` says why."""

    source: str = ""  # as `open_source` expects it
    model: str = ""
    picture: QImage | None = None
    message: str = ""  # for the user


def parse_mime_data(data: QMimeData | None) -> DropContent:
    """Files first; a picture before its address, so that no connection is opened for it.

    None is an empty clipboard.
    """
    if data is None:
        return DropContent(message=_EMPTY)
    urls = data.urls()
    if files := local_files(data):
        return _file_content(files)
    if data.hasImage():
        picture = QImage(data.imageData())
        if not picture.isNull():
            return DropContent(picture=picture)
    if urls:
        return _text_content(urls[0].toString(), len(urls))
    if data.hasText() and data.text().strip():
        return _text_content(data.text().strip())
    kinds = [kind for kind in data.formats() if kind != "text/plain"]
    if not kinds:
        return DropContent(message=_EMPTY)
    return DropContent(message=f"{kinds[0]} cannot be opened. {_CAN_OPEN}")


def local_files(data: QMimeData) -> list[str]:
    """The paths of the files and folders in it."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]


def _file_content(paths: list[str]) -> DropContent:
    path = Path(paths[0])
    message = _only_first_message(path.name, len(paths))
    if not _exists(path):
        return DropContent(message=f"{_shortened(path.name)} no longer exists.")
    if path.suffix.lower() in OPENED_SUFFIXES:
        return DropContent(model=str(path), message=message)
    return DropContent(source=str(path), message=message)


def _text_content(text: str, count: int = 1) -> DropContent:
    line = text.splitlines()[0].strip().strip("\"'")
    if line.lower().startswith("file:"):
        return _file_content([QUrl(line).toLocalFile()])
    if URL.match(line):
        return DropContent(source=line, message="Only the first address was opened." * (count > 1))
    scheme, mark, _ = line.partition("://")
    if mark and scheme.isalnum():
        return DropContent(message=f"{scheme}:// addresses cannot be opened, only http and rtsp.")
    if line.startswith("~/"):
        line = f"{Path.home()}{line[1:]}"
    path = Path(line)
    if path.is_absolute() and _exists(path):
        return _file_content([line])
    return DropContent(
        message=f"“{_shortened(line)}” is not a file, folder or address. {_CAN_OPEN}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # not a possible file name
        return False


def _shortened(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT].rstrip()}…"


def _only_first_message(name: str, count: int) -> str:
    if count < 2:
        return ""
    return f"Only the first of {count} files, {name}, was opened."


def pasted_folder() -> Path:
    """Has a folder for each window; that of a killed window stays for a day."""
    return Path(platformdirs.user_cache_dir("ferapp")) / "pasted"


class PastedPictures:
    """Keeps pasted pictures in a private folder until `close`."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0
        for leftover in pasted_folder().glob("*"):
            with suppress(OSError):  # already deleted
                if time.time() - leftover.stat().st_mtime > LEFTOVER_S:
                    shutil.rmtree(leftover, ignore_errors=True)

    def save(self, picture: QImage) -> str | None:
        """The path of the picture as a PNG; None when it cannot be written."""
        try:
            if self._folder is None or not self._folder.is_dir():  # deleted with all data
                pasted_folder().mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(dir=pasted_folder()))
        except OSError:
            return None
        self._count += 1
        path = self._folder / f"Pasted picture {self._count}.png"
        return str(path) if picture.save(str(path)) else None

    def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
