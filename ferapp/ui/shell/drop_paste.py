"""What is dropped on the window or pasted into it, and what it means."""

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

_MODEL = ".safetensors"
LEFT_S = 24 * 3600.0  # after this time nobody plays any more what a killed window left behind
_SHOWN = 40  # characters of a text in a message
_TAKEN = "A video, a picture, a folder, an address or a model can."
_EMPTY = "There is nothing to open."


@dataclass(frozen=True, slots=True)
class Incoming:
    """One of `source`, `model` and `picture`, or none of them and `words` say why."""

    source: str = ""  # as `open_source` takes it
    model: str = ""
    picture: QImage | None = None
    words: str = ""  # what a person should know of it


def understand(data: QMimeData | None) -> Incoming:
    """Files first; a picture before its address, so that no connection is opened for it.

    None is an empty clipboard.
    """
    if data is None:
        return Incoming(words=_EMPTY)
    urls = data.urls()
    files = [url.toLocalFile() for url in urls if url.isLocalFile()]
    if files:
        return _file(files)
    if data.hasImage():
        picture = QImage(data.imageData())
        if not picture.isNull():
            return Incoming(picture=picture)
    if urls:
        return _text(urls[0].toString(), len(urls))
    if data.hasText() and data.text().strip():
        return _text(data.text().strip())
    kinds = [kind for kind in data.formats() if kind != "text/plain"]
    if not kinds:
        return Incoming(words=_EMPTY)
    return Incoming(words=f"{kinds[0]} cannot be opened. {_TAKEN}")


def _file(paths: list[str]) -> Incoming:
    path = Path(paths[0])
    words = _only_first(path.name, len(paths))
    if not _is_there(path):
        return Incoming(words=f"{_short(path.name)} is not there any more.")
    if path.suffix.lower() == _MODEL:
        return Incoming(model=str(path), words=words)
    return Incoming(source=str(path), words=words)


def _text(text: str, count: int = 1) -> Incoming:
    line = text.splitlines()[0].strip().strip("\"'")
    if line.lower().startswith("file:"):
        return _file([QUrl(line).toLocalFile()])
    if URL.match(line):
        return Incoming(source=line, words="Only the first address is opened." * (count > 1))
    scheme, mark, _ = line.partition("://")
    if mark and scheme.isalnum():
        return Incoming(words=f"{scheme}:// cannot be opened. Known are http and rtsp.")
    if line.startswith("~/"):
        line = f"{Path.home()}{line[1:]}"
    path = Path(line)
    if path.is_absolute() and _is_there(path):
        return _file([line])
    return Incoming(words=f"“{_short(line)}” is no file, folder or address. {_TAKEN}")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # no name that a file could have
        return False


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rstrip()}…"


def _only_first(name: str, count: int) -> str:
    if count < 2:
        return ""
    return f"{count} files came at once: only the first, {name}, is opened."


def pasted_folder() -> Path:
    """Has a folder for each window; that of one which was killed stays for a day."""
    return Path(platformdirs.user_cache_dir("ferapp")) / "pasted"


class PastedPictures:
    """Keeps pictures that came without a file in a private folder until `close`."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0
        for left in pasted_folder().glob("*"):
            with suppress(OSError):  # gone meanwhile
                if time.time() - left.stat().st_mtime > LEFT_S:
                    shutil.rmtree(left, ignore_errors=True)

    def save(self, picture: QImage) -> str | None:
        """The path of the picture as a PNG; None when it cannot be written."""
        try:
            if self._folder is None or not self._folder.is_dir():  # deleted with all of one's data
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
