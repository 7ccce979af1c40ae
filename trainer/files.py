"""Files written whole or not at all, and the place of the bundled assets."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from trainer.errors import UsageError

TEMPORARY = ".tmp"


def write_atomic(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o644) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to disk, then replace `path`.

    Raises OSError that names `path`, which is as it was.
    """
    with telling_of(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY
        )
        try:
            with os.fdopen(handle, "wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, mode)
            _replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _replace(temporary: str, path: Path) -> None:
    """On Windows a file that another program reads just now is not replaced: a moment later it is.

    Raises PermissionError after a second.
    """
    for _ in range(20 if os.name == "nt" else 0):
        with suppress(PermissionError):
            os.replace(temporary, path)
            return
        time.sleep(0.05)
    os.replace(temporary, path)


@contextmanager
def telling_of(path: Path) -> Iterator[None]:
    """An OSError inside names `path`: that of a full disk names nothing, others a temporary."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # torch.save says "unexpected pos" when its stream raised
        disk = error if isinstance(error, OSError) else error.__context__
        if isinstance(disk, OSError) and disk.errno is not None:
            raise OSError(disk.errno, disk.strerror, str(path)) from error
        raise


def make_folder(path: Path) -> None:
    """For what a command will write, before its work is done. Raises UsageError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: the folder cannot be made ({error.strerror})", "Choose another place."
        ) from error


def sweep(path: Path) -> None:
    """Remove what a process that was killed left half-written of `path`."""
    for left in path.parent.glob(f".{path.name}.*{TEMPORARY}"):
        left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomic(path, lambda stream: stream.write(text.encode()))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json_text(value, indent=2) + "\n")


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that is readable and can always be written.

    A file's name need not be text: what cannot be encoded is escaped, and comes back as it was.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def asset(name: str) -> Path:
    """Path of a bundled asset, in a checkout (`assets/`) as in an installed wheel."""
    package = Path(__file__).parent
    checkout = package.parent / "assets"
    return (checkout if checkout.is_dir() else package / "_assets") / name


def file_stem(name: str) -> str:
    """Of a recipe's or table's name, which may have a slash."""
    return name.replace("/", "-")
