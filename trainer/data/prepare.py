"""Make of any data set a prepared folder: read it once, find landmarks once, continue after a kill.

Landmarks are found in chunks by worker processes; each finished chunk is a file, so a killed
`prepare` takes up where it stopped.
"""

import hashlib
import json
import logging
import multiprocessing
import multiprocessing.util
import os
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import platformdirs
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from trainer.data.face_data import FaceData, is_prepared, load, save
from trainer.data.pictures import Listing
from trainer.data.readers import affectnet, class_folders, fer2013, ferplus, picture_list, raf_db
from trainer.data.readers.landmark_files import with_landmarks
from trainer.data.tables import read_array
from trainer.errors import DataError, UsageError
from trainer.files import make_folder, write_atomic, write_json
from trainer.labels import EXPRESSIONS

if TYPE_CHECKING:
    from trainer.faces.landmarker import FaceLandmarker

log = logging.getLogger(__name__)

LOCK, ORIGIN = "prepare.lock", "origin.json"
CHUNK = 256
DETECTION_CONFIDENCE = 0.3
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Reader:
    """One layout of data sets: its name for `--format`, in words, and how it is read."""

    name: str
    looks_for: str
    recognises: Callable[[Path], bool]
    listing: Callable[[Path], Listing]
    asked: bool = False  # only by its name, never recognised


READERS = [
    Reader(
        "fer2013",
        f"FER2013's CSV (first line {','.join(fer2013.HEADER)})",
        fer2013.recognises,
        fer2013.listing,
    ),
    Reader(
        "raf-db",
        f"RAF-DB ({raf_db.LISTS[0]} and Image/aligned/)",
        raf_db.recognises,
        raf_db.listing,
    ),
    Reader(
        "raf-db-original",
        f"RAF-DB ({raf_db.LISTS[0]} and Image/original/)",
        raf_db.recognises,
        partial(raf_db.listing, original=True),
        asked=True,
    ),
    Reader(
        "affectnet",
        "AffectNet (training.csv and validation.csv, or train_set/annotations/*_exp.npy)",
        affectnet.recognises,
        affectnet.listing,
    ),
    Reader(
        "affectnet8",
        "AffectNet with contempt",
        affectnet.recognises,
        partial(affectnet.listing, contempt=True),
        asked=True,
    ),
    Reader(
        "list",
        "a CSV with the columns file,label,split, or a folder or zip with such a labels.csv",
        picture_list.recognises,
        picture_list.listing,
    ),
    Reader(
        "folders",
        f"folders of pictures named {', '.join(EXPRESSIONS)}, with or without "
        "train, val and test folders around them, also inside a zip",
        class_folders.recognises,
        class_folders.listing,
    ),
    Reader(
        "unlabelled",
        "pictures without labels, in a folder or zip, to be looked at",
        class_folders.has_pictures,
        class_folders.unlabelled,
        asked=True,
    ),
]
AUTO = "auto"


def register_reader(reader: Reader) -> None:
    """Make one's own layout known; it is tried before the others."""
    READERS.insert(0, reader)


def formats() -> list[str]:
    """What `--format` takes."""
    return [AUTO, *(reader.name for reader in READERS)]


def open_data(
    source: Path,
    *,
    layout: str = AUTO,
    landmarks: bool = True,
    progress: Progress = lambda *_: None,
) -> FaceData:
    """The data set at `source`, prepared in the cache when it is not a prepared folder.

    Raises DataError when the path is missing or its layout is not recognised.
    """
    if is_prepared(source):
        data = load(source)
        if landmarks and data.landmark_source == "none":
            log.warning("%s was prepared without landmarks", source)
        return data
    cache = cache_folder(source)
    return prepare(source, cache, layout=layout, landmarks=landmarks, progress=progress)


def prepare(
    source: Path,
    out: Path,
    *,
    layout: str = AUTO,
    landmarks: bool = True,
    landmark_files: Path | None = None,
    workers: int | None = None,
    progress: Progress = lambda *_: None,
) -> FaceData:
    """Write the prepared folder `out`; `progress(stage, done, total)` is called as it goes on.

    The files in the folder `landmark_files` take the place of detection. `layout` is one of
    `formats()`. Several processes may ask for the same folder: one prepares it, the others wait.
    A prepared folder that is prepared into itself gets the landmarks that it lacks. Raises
    DataError when `source` does not have the layout, UsageError when `out` holds pictures of
    another source.
    """
    if is_prepared(source) and source.resolve() == out.resolve():
        data = load(out)
        return _with_landmarks(data, out, workers, progress) if landmarks else data
    reader = find_reader(source, layout)
    make_folder(out)
    if is_prepared(out) and (out / ORIGIN).is_file():  # it may lie where nothing can be written
        _check_origin(out, source, reader, landmark_files)
        data = load(out)
        if data.landmark_source != "none" or not landmarks:
            return data
    with _alone(out, progress):
        _check_origin(out, source, reader, landmark_files)
        if is_prepared(out):
            data = load(out)
        else:
            data = _read(source, reader, out, landmark_files, progress)
        return _with_landmarks(data, out, workers, progress) if landmarks else data


def _read(
    source: Path, reader: Reader, out: Path, landmark_files: Path | None, progress: Progress
) -> FaceData:
    try:
        found = reader.listing(source)
        if landmark_files is not None:
            found = with_landmarks(found, landmark_files)
        data = found.write(out, lambda done, total: progress("reading", done, total))
    except OSError as error:
        raise DataError(f"{error.filename or source}: cannot be read ({error.strerror})") from error
    save(data, out)
    return data


def _with_landmarks(data: FaceData, out: Path, workers: int | None, progress: Progress) -> FaceData:
    """Of a folder that has none: found, and saved there."""
    if data.landmark_source != "none":
        return data
    data = replace(
        data,
        landmarks=_find_landmarks(data, out / "landmarks", workers, progress),
        landmark_source="mediapipe",
    )
    save(data, out)
    for part in (out / "landmarks").iterdir():
        part.unlink()
    (out / "landmarks").rmdir()
    return data


@contextmanager
def _alone(out: Path, progress: Progress) -> Iterator[None]:
    """Until no other process prepares `out`; none begins meanwhile."""
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
        if is_prepared(out):  # nobody begins any more; where open files cannot be removed, it stays
            with suppress(OSError):
                (out / LOCK).unlink()


def _check_origin(out: Path, source: Path, reader: Reader, landmark_files: Path | None) -> None:
    """Note what `out` is made from. Raises UsageError when it was made from something else."""
    votes = ferplus.beside(source)
    origin = {
        "source": str(source.resolve()),
        "format": reader.name,
        "votes": votes.name if votes else "",
        "landmarks": str(landmark_files.resolve()) if landmark_files else "",
    }
    note = out / ORIGIN
    if note.is_file():
        try:
            before = json.loads(note.read_text(encoding="utf-8"))
            other = [
                f"{name}: {before[name] or 'none'}, asked: {value or 'none'}"
                for name, value in origin.items()
                if before[name] != value
            ]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise DataError(f"{note}: it is damaged ({error})", "Prepare it anew.") from error
        begun = is_prepared(out) or (out / "landmarks").is_dir()
        if other and begun:
            raise UsageError(
                f"{out} was made from something else ({'; '.join(other)})",
                "Choose another folder by --out, or remove this one.",
            )
    if not is_prepared(out):  # one without a note may come from anywhere
        write_json(note, origin)


def find_reader(source: Path, layout: str = AUTO) -> Reader:
    """The reader that recognises `source`, among all or only the one that `layout` names.

    Raises DataError with what was looked for and what was found.
    """
    if layout not in formats():
        raise UsageError(f"--format {layout}: known are {', '.join(formats())}")
    if not source.exists():
        raise DataError(f"{source}: there is no such file or folder")
    readers = [
        reader
        for reader in READERS
        if layout == reader.name or (layout == AUTO and not reader.asked)
    ]
    try:
        for reader in readers:
            if reader.recognises(source):
                return reader
        found = _description(source)
    except OSError as error:
        raise DataError(f"{error.filename or source}: cannot be read ({error.strerror})") from error
    looked_for = [reader.looks_for for reader in readers]
    if layout == AUTO:
        looked_for.append("a folder made by `fertrain prepare`")
    raise DataError(
        f"{source}: the layout of this data set is not recognised",
        f"Looked for: {'; '.join(looked_for)}.\nFound: {found}.",
    )


def _description(source: Path, shown: int = 8) -> str:
    """What lies at `source`, in words."""
    if source.is_dir():
        names = sorted(entry.name + "/" * entry.is_dir() for entry in source.iterdir())
        kind = "a folder"
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = sorted({"/".join(name.split("/")[:2]) for name in archive.namelist()})
        kind = "a zip"
    else:
        with source.open(encoding="utf-8", errors="replace") as stream:
            line = stream.readline(60).strip()
        return f"a file that begins with {line!r}" if line.isprintable() else "a binary file"
    if not names:
        return f"{kind} with nothing in it"
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{kind} with {', '.join(names[:shown])}{more}"


def cache_folder(source: Path) -> Path:
    """Named by the source's path, and by the size and time of every file of it.

    Those are the files in it, FERPlus votes beside it, and the pictures that it lists.
    """
    if not source.exists():
        raise DataError(f"{source}: there is no such file or folder")
    key = hashlib.sha256(str(source.resolve()).encode(errors="surrogateescape"))
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    votes = ferplus.beside(source)
    files += [votes] if votes else []
    files += picture_list.listed(source)
    for file in files:
        stat = file.lstat()
        key.update(f"|{file.name}|{stat.st_size}|{stat.st_mtime_ns}".encode(errors="replace"))
    name = f"{source.resolve().stem}-{key.hexdigest()[:12]}"
    return Path(platformdirs.user_cache_dir("ferapp")) / "datasets" / name


def _find_landmarks(
    data: FaceData, parts: Path, workers: int | None, progress: Progress
) -> NDArray[np.float32]:
    parts.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(data), CHUNK)
    files = {start: parts / f"{start:08d}.npy" for start in starts}
    missing = [start for start in starts if not files[start].is_file()]
    done = len(starts) - len(missing)
    progress("landmarks", done * CHUNK, len(data))
    for start, points in _detect_chunks(data, missing, workers or os.cpu_count() or 1):
        write_atomic(files[start], partial(_write_points, points))
        done += 1
        progress("landmarks", min(done * CHUNK, len(data)), len(data))
    try:
        return np.concatenate([read_array(files[start]) for start in starts])
    except (OSError, ValueError) as error:
        raise DataError(
            f"{parts}: the landmarks found so far are damaged ({error})", "Remove this folder."
        ) from error


def _detect_chunks(
    data: FaceData, starts: list[int], workers: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    if not starts:
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(starts)), mp_context=context, initializer=_open_landmarker
    ) as pool:
        running: dict[Future[NDArray[np.float32]], int] = {}
        left = deque(starts)
        try:
            while left or running:
                while left and len(running) < 2 * workers:  # no more pictures in memory than needed
                    start = left.popleft()
                    chunk = np.asarray(data.images[start : start + CHUNK])
                    running[pool.submit(_detect_chunk, chunk)] = start
                for future in wait(running, return_when="FIRST_COMPLETED").done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _write_points(points: NDArray[np.float32], stream: BinaryIO) -> None:
    np.save(stream, points)


_worker: list["FaceLandmarker"] = []  # the one landmarker of a worker process


def _open_landmarker() -> None:
    """Closed as the process ends its work: `atexit` would come after threads can be started."""
    from trainer.faces.landmarker import FaceLandmarker

    _worker.append(FaceLandmarker(min_confidence=DETECTION_CONFIDENCE))
    multiprocessing.util.Finalize(None, _worker[0].close, exitpriority=1)


def _detect_chunk(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    from trainer.faces.landmarker import landmarks_of_crop

    points = np.full((len(images), 68, 2), np.nan, np.float32)
    for index, image in enumerate(images):
        found = landmarks_of_crop(_worker[0], image)
        if found is not None:
            points[index] = found
    return points
