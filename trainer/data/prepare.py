"""Make a prepared folder of any data set: read it once, detect landmarks once.

A killed `prepare` continues where it stopped. Processes that need the same folder wait for the one
that prepares it.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from trainer.data.face_data import FaceData, is_prepared, load, save
from trainer.data.landmark_detection import Progress, detect_landmarks
from trainer.data.readers import ferplus, picture_list
from trainer.data.readers.landmark_files import check_landmark_folder, with_landmarks
from trainer.data.readers.reader_registry import AUTO, Reader, find_reader
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions
from trainer.errors import DataError, UsageError
from trainer.files import make_folder, write_json

log = logging.getLogger(__name__)

LOCK, ORIGIN = "prepare.lock", "origin.json"
CHUNKS = "landmarks"  # folder of the landmarks detected so far


def open_data(
    source: Path,
    *,
    layout: str = AUTO,
    landmarks: bool = True,
    options: ReadOptions = DEFAULT_OPTIONS,
    progress: Progress = lambda *_: None,
) -> FaceData:
    """The data set at `source`, prepared in the cache when it is not a prepared folder.

    The cache has a folder for each set of `options`. Raises DataError when the path is missing or
    its layout is not recognised.
    """
    if is_prepared(source):
        data = load(source)
        if landmarks and data.landmark_source == "none":
            log.warning("%s was prepared without landmarks", source)
        _warn_of_other_options(source, options)
        return data
    cache = cache_folder(source, layout, options)
    return prepare(
        source, cache, layout=layout, landmarks=landmarks, options=options, progress=progress
    )


def prepare(
    source: Path,
    out: Path,
    *,
    layout: str = AUTO,
    landmarks: bool = True,
    landmark_files: Path | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
    workers: int | None = None,
    progress: Progress = lambda *_: None,
) -> FaceData:
    """Write the prepared folder `out`; `progress(stage, done, total)` reports how far it is.

    The files in the folder `landmark_files` replace detection. `layout` is one of
    `registry.format_names()`. A prepared folder that is prepared into itself gets the landmarks
    that it lacks. Raises DataError when `source` does not have the layout, UsageError when `out`
    was made from another source or with other options.
    """
    if is_prepared(source) and source.resolve() == out.resolve():
        data = load(out)
        return _add_landmarks(data, out, workers, progress) if landmarks else data
    reader = find_reader(source, layout, options)
    if landmark_files is not None:  # before the pictures, which take long, are read
        check_landmark_folder(landmark_files)
    origin = _origin(source, reader, landmark_files, options)
    make_folder(out)
    if is_prepared(out) and (out / ORIGIN).is_file():  # it may be on a read-only disk
        _check_origin(out, origin)
        data = load(out)
        if data.landmark_source != "none" or not landmarks:
            return data
    with _locked(out, progress):
        _check_origin(out, origin)
        if is_prepared(out):
            data = load(out)
        else:
            write_json(out / ORIGIN, origin)
            data = _read(source, reader, out, landmark_files, options, progress)
        return _add_landmarks(data, out, workers, progress) if landmarks else data


def _read(
    source: Path,
    reader: Reader,
    out: Path,
    landmark_files: Path | None,
    options: ReadOptions,
    progress: Progress,
) -> FaceData:
    try:
        listing = reader.read(source, options)
        if landmark_files is not None:
            listing = with_landmarks(listing, landmark_files)
        data = listing.write(out, lambda done, total: progress("reading", done, total))
    except OSError as error:
        raise DataError(f"{error.filename or source}: cannot be read ({error.strerror})") from error
    save(data, out)
    return data


def _add_landmarks(data: FaceData, out: Path, workers: int | None, progress: Progress) -> FaceData:
    """Detect and save the landmarks of a folder that has none."""
    if data.landmark_source != "none":
        return data
    data = replace(
        data,
        landmarks=detect_landmarks(data, out / CHUNKS, workers, progress),
        landmark_source="mediapipe",
    )
    save(data, out)
    for chunk in (out / CHUNKS).iterdir():
        chunk.unlink()
    (out / CHUNKS).rmdir()
    return data


@contextmanager
def _locked(out: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other process prepares `out`, and keep others from it."""
    lock = FileLock(out / LOCK)
    while True:
        try:
            lock.acquire(timeout=1)
            break
        except Timeout:
            progress("waiting for another process", 0, 1)
    try:
        yield
    finally:
        lock.release()
        if is_prepared(out):  # no process will prepare it again; Windows may keep an open file
            with suppress(OSError):
                (out / LOCK).unlink()


def _origin(
    source: Path, reader: Reader, landmark_files: Path | None, options: ReadOptions
) -> dict[str, Any]:
    """What a prepared folder is made from; options only where they are not the defaults."""
    votes = ferplus.find_beside(source)
    return {
        "source": str(source.resolve()),
        "format": reader.name,
        "votes": votes.name if votes else "",
        "landmarks": str(landmark_files.resolve()) if landmark_files else "",
        **options.changes(),
    }


def _check_origin(out: Path, origin: dict[str, Any]) -> None:
    """Raise UsageError when `out` was made, or begun, from something else."""
    if not (out / ORIGIN).is_file():
        return
    before = _read_origin(out)
    differences = [
        f"{name}: {before.get(name) or 'none'}, asked: {origin.get(name) or 'none'}"
        for name in dict.fromkeys((*origin, *before))
        if before.get(name) != origin.get(name)
    ]
    begun = is_prepared(out) or (out / CHUNKS).is_dir()
    if differences and begun:
        raise UsageError(
            f"{out} was made from something else ({'; '.join(differences)})",
            "Choose another folder by --out, or remove this one.",
        )


def _read_origin(out: Path) -> dict[str, Any]:
    note = out / ORIGIN
    try:
        origin = json.loads(note.read_text(encoding="utf-8"))
        if not isinstance(origin, dict) or not {"source", "format"} <= origin.keys():
            raise ValueError("it does not name a source and its format")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{note}: it is damaged ({error})", "Prepare it again.") from error
    return origin


def _warn_of_other_options(folder: Path, options: ReadOptions) -> None:
    """Say so when a prepared folder was made with other options than the given ones."""
    changes = options.changes()
    if not changes:
        return
    with suppress(DataError, OSError):
        origin = _read_origin(folder)
        changes = {name: value for name, value in changes.items() if origin.get(name) != value}
    if changes:
        listed = ", ".join(f"{name} {value}" for name, value in changes.items())
        log.warning(
            "%s is prepared: its classes and splits stay as they are, not %s", folder, listed
        )


def cache_folder(source: Path, layout: str = AUTO, options: ReadOptions = DEFAULT_OPTIONS) -> Path:
    """The folder named by the source's path and options, and by size and time of all its files.

    Those are the files in it, FERPlus votes beside it, and the pictures that it lists.
    """
    if not source.exists():
        raise DataError(f"{source}: there is no such file or folder")
    key = hashlib.sha256(str(source.resolve()).encode(errors="surrogateescape"))
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    votes = ferplus.find_beside(source)
    files += [votes] if votes else []
    files += picture_list.listed_files(source)
    for file in files:
        stat = file.lstat()
        key.update(f"|{file.name}|{stat.st_size}|{stat.st_mtime_ns}".encode(errors="replace"))
    changes = options.changes()
    if layout not in (AUTO, "unlabelled"):
        changes["format"] = layout
    if changes:
        key.update(json.dumps(changes, sort_keys=True).encode())
    name = f"{source.resolve().stem}-{key.hexdigest()[:12]}"
    return Path(platformdirs.user_cache_dir("ferapp")) / "datasets" / name
