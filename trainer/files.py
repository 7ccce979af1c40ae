"""Files written whole or not at all, and the paths of bundled assets."""

import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from trainer.errors import UsageError
from trainer.shown_text import shown_text

PARTIAL_SUFFIX = ".tmp"  # of files that are not complete

# of pictures that OpenCV or Pillow reads
PICTURE_SUFFIXES = frozenset(
    (
        *(".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg"),
        *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".ras", ".tga", ".tif", ".tiff", ".webp"),
        *((".heic", ".heif") if importlib.util.find_spec("pillow_heif") else ()),
    )
)
SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db"))  # of file browsers


def write_atomic(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o644) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to disk, then replace `path`.

    Raises OSError that names `path`; the old content of `path` is then unchanged.
    """
    with name_path_in_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL_SUFFIX
        )
        try:
            with os.fdopen(handle, "wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, mode)
            replace_file(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def replace_file(temporary: str | Path, path: Path) -> None:
    """Replace `path`, on Windows with retries: it cannot be replaced while a program reads it.

    Raises PermissionError after a second.
    """
    for _ in range(20 if os.name == "nt" else 0):
        with suppress(PermissionError):
            os.replace(temporary, path)
            return
        time.sleep(0.05)
    os.replace(temporary, path)


@contextmanager
def name_path_in_errors(path: Path) -> Iterator[None]:
    """Let an OSError in the block name `path`: by itself it may name no file or a temporary one."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # torch.save raises RuntimeError("unexpected pos …") when its stream raised OSError
        disk = error if isinstance(error, OSError) else error.__context__
        if isinstance(disk, OSError) and disk.errno is not None:
            raise OSError(disk.errno, disk.strerror, str(path)) from error
        raise


def make_folder(path: Path) -> None:
    """Create a folder for output before the work starts. Raises UsageError when it cannot."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: the folder cannot be created ({error.strerror})", "Choose another folder."
        ) from error


def check_writable_folder(path: Path) -> None:
    """Raise UsageError where nothing can be written into a folder, which need not exist yet.

    For the checks before long work: what refuses to start should leave no folder behind.
    """
    existing = path.absolute()
    while not os.path.exists(existing):
        existing = existing.parent
    hint = "Choose another folder, or change its permissions."
    if not existing.is_dir():
        raise UsageError(f"{path}: the folder cannot be created ({existing} is a file)", hint)
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        is_there = existing == path.absolute()
        problem = "nothing can be written into this folder"
        raise UsageError(
            f"{path}: {problem if is_there else 'the folder cannot be created'} "
            f"({existing}: {error.strerror})",
            hint,
        ) from error


def remove_partial_files(path: Path) -> None:
    """Remove the temporary files of `path` that killed processes left behind."""
    for partial in path.parent.glob(f".{path.name}.*{PARTIAL_SUFFIX}"):
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomic(path, lambda stream: stream.write(text.encode()))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json_text(value, indent=2) + "\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """Readable JSON that can always be encoded as UTF-8 and printed.

    File names may hold bytes that are not text, or what a terminal would obey: then everything
    beyond ASCII is escaped, and read back unchanged.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if shown_text(text) == text:
        return text
    return json.dumps(value, indent=indent).replace("\x7f", "\\u007f")


def asset(name: str) -> Path:
    """Path of a bundled asset, in a checkout (`assets/`) or an installed wheel."""
    package = Path(__file__).parent
    checkout = package.parent / "assets"
    return (checkout if checkout.is_dir() else package / "_assets") / name


def is_hidden(name: str) -> bool:
    """Whether a relative path names a hidden file or one that a file browser left behind."""
    *folders, file = name.replace("\\", "/").split("/")
    return (
        file.startswith(".")
        or file.lower() in SYSTEM_FILES
        or any(folder == "__MACOSX" for folder in folders)
    )


def is_picture_name(name: str) -> bool:
    """Whether a file counts as a picture, by its suffix; hidden files do not."""
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES and not is_hidden(name)


def file_stem(name: str) -> str:
    """File name without suffix for a recipe or table, whose name may have a slash."""
    return name.replace("/", "-")
