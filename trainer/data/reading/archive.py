"""A folder or zip of files. Nothing of a zip is extracted, nothing outside is read."""

import logging
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from trainer.data.reading.bad_rows import name_some
from trainer.errors import DataError
from trainer.files import is_hidden, is_picture_name

log = logging.getLogger(__name__)

MAX_DEPTH = 6  # folder levels that are searched; ends circles of links, too
MAX_PACKED_BYTES = 64 << 20  # a packed file beyond this is no picture
MAX_FILE_BYTES = 256 << 20  # nor is a file on disk beyond this
CHUNK_BYTES = 4096  # packed bytes unpacked at once: bzip2 makes up to 80 MB of them
OUTSIDE = "lies outside the folder of the data set, so it is missing from it"

# what files and the compressions of a zip raise when damaged or encrypted
UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Archive:
    """The files of a folder or zip, by relative path with `/`.

    Raises DataError when the zip is damaged, or when a name in it points out of it.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._zip: zipfile.ZipFile | None = None
        self._names: list[str] | None = None
        self._special: list[str] = []  # what is not read: devices, pipes, sockets
        if source.is_dir():
            return
        try:
            self._zip = zipfile.ZipFile(source)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{source}: the zip file cannot be read ({error})", "Is it damaged? Pack it again."
            ) from error
        for name in self._zip.namelist():
            if _points_outside(name):
                raise DataError(f"{source}: the name {name!r} in it points out of the zip")

    def names(self) -> list[str]:
        """All files but hidden ones, sorted."""
        if self._names is None:
            if self._zip is None:
                names = [name for name in _walk(self.source) if not self._is_special(name)]
            else:
                names = [name for name in self._zip.namelist() if not name.endswith("/")]
            self._names = sorted(name for name in set(names) if not is_hidden(name))
        return self._names

    def picture_names(self) -> list[str]:
        """All pictures by their suffix, sorted."""
        return [name for name in self.names() if is_picture_name(name)]

    def log_other_files(self) -> None:
        """Count and name the files that are no pictures by their suffix, or no files."""
        others = [name for name in self.names() if not is_picture_name(name)]
        if others:
            count = (
                "1 file that is no picture"
                if len(others) == 1
                else (f"{len(others)} files that are no pictures")
            )
            log.info("%s: left out %s: %s", self.source, count, name_some(others))
        if self._special:
            text = special_text(self._special)
            log.warning("%s: left out %s", self.source, text)

    def locate(self, name: str) -> str:
        """The path here of a file that a list names, perhaps with `\\` or as an absolute path.

        Raises ValueError when it is missing or lies outside.
        """
        path = self._relative(name.strip().replace("\\", "/"))
        if _points_outside(path):
            raise ValueError(OUTSIDE)
        while path.startswith("./"):
            path = path[2:]
        if not self.has(path):
            raise ValueError("is missing")
        return path

    def has(self, name: str) -> bool:
        """Whether the file exists; False for whatever lies outside."""
        if not name or _points_outside(name):
            return False
        if self._zip is None:
            try:
                return (self.source / name).is_file()
            except (OSError, ValueError):  # no name that a file could have
                return False
        return name in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """The content of a file. Raises ValueError or one of UNREADABLE.

        A zip states sizes, which may be lies: at most that much is unpacked.
        """
        if self._zip is None:
            return read_file(self.source / name)
        if self._zip.getinfo(name).file_size > MAX_PACKED_BYTES:
            raise ValueError(f"is larger than {MAX_PACKED_BYTES >> 20} MiB")
        with self._zip.open(name) as packed:
            return b"".join(iter(lambda: packed.read(CHUNK_BYTES), b""))

    def read_head(self, name: str, count: int) -> bytes:
        """The first `count` bytes of a file. Raises one of UNREADABLE."""
        if self._zip is None:
            with (self.source / name).open("rb") as stream:
                return stream.read(count)
        with self._zip.open(name) as packed:
            return packed.read(min(count, CHUNK_BYTES))

    def _is_special(self, name: str) -> bool:
        if not is_special(self.source / name):
            return False
        self._special.append(name)
        return True

    def _relative(self, path: str) -> str:
        """An absolute path inside the folder as a relative one; any other path unchanged."""
        if self._zip is not None:
            return path
        for folder in (self.source.absolute(), self.source.resolve()):
            start = folder.as_posix().rstrip("/") + "/"
            if path.startswith(start):
                return path[len(start) :]
        return path


def is_zip(path: Path) -> bool:
    """Whether it is a zip file; a pipe, which would be waited for, is not even opened."""
    return path.is_file() and zipfile.is_zipfile(path)


def read_file(path: Path) -> bytes:
    """The content of a file. Raises OSError, or ValueError for a device, a pipe or a huge one."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is a device or a pipe, not a file")
    if status.st_size > MAX_FILE_BYTES:
        raise ValueError(f"is larger than {MAX_FILE_BYTES >> 20} MiB")
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES)


def special_text(names: list[str]) -> str:
    """What was left out of a folder because reading it may never end: how many, and which."""
    count = "1 that is" if len(names) == 1 else f"{len(names)} that are"
    return f"{count} no file but a device, pipe or socket: {name_some(names)}"


def is_special(path: Path) -> bool:
    """Whether it is a device, a pipe or a socket, or a link to one: reading may never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # a link to nowhere can be told when it is read
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _points_outside(name: str) -> bool:
    """Whether a name in a list or zip points out of its folder, here or on another system."""
    drive = name[1:2] == ":"
    return drive or name.startswith("/") or "\\" in name or ".." in name.split("/")


def _walk(folder: Path, prefix: str = "", depth: int = 0) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if depth < MAX_DEPTH and not entry.name.startswith("."):
                yield from _walk(entry, f"{prefix}{entry.name}/", depth + 1)
        else:
            yield prefix + entry.name
