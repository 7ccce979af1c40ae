"""What this app stores about its user, by category, and how to delete it."""

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ferapp.personal.examples import personal_folder
from ferapp.recording.session import SESSION
from trainer.stored_results import MAX_BYTES, results_folder

RETRY_S = 3.0  # for files that are still being closed: some systems cannot delete open ones


@dataclass(frozen=True, slots=True)
class StoredData:
    """One category of stored files. `always` ones are deleted without asking, others by choice."""

    key: str
    title: str
    description: str  # what it is, and where
    paths: tuple[Path, ...]
    files: int
    bytes: int
    always: bool


@dataclass(frozen=True, slots=True)
class DataLocations:
    """Where data lies. `recordings` are the default folder and the one chosen instead, if any."""

    settings: Path
    recordings: tuple[Path, ...]
    snapshots: Path
    pasted: Path
    log: Path | None = None

    def find(self) -> tuple[StoredData, ...]:
        """Every category as it is now, also empty ones."""
        return (*self._always_deleted(), *self._deleted_by_choice())

    def _always_deleted(self) -> tuple[StoredData, ...]:
        personal = personal_folder()
        thumbnails = Path(platformdirs.user_cache_dir("ferapp")) / "thumbnails"
        logs = () if self.log is None else sorted(self.log.parent.glob(f"{self.log.name}*"))
        return (
            _measure(
                "personal",
                "Your face",
                f"Example pictures, models trained on them, and your consent: {personal}",
                (personal,),
            ),
            _measure(
                "settings",
                "Recent items and settings",
                f"Cameras, models, folders and settings: {self.settings}",
                (self.settings,),
            ),
            _measure(
                "pasted",
                "Pasted pictures",
                f"Pictures pasted from the clipboard, kept until the window closes: {self.pasted}",
                (self.pasted,),
            ),
            _measure(
                "thumbnails",
                "Pictures of recent items",
                f"Small pictures in the menu of recent files and addresses: {thumbnails}",
                (thumbnails,),
            ),
            _measure("log", "Log", f"What has happened so far: {self.log or 'in memory'}", logs),
        )

    def _deleted_by_choice(self) -> tuple[StoredData, ...]:
        reviews = Path(platformdirs.user_data_dir("ferapp")) / "reviews"
        datasets = Path(platformdirs.user_cache_dir("ferapp")) / "datasets"
        results = results_folder("features"), results_folder("projections")
        recordings = [path for folder in self.recordings for path in recordings_in(folder)]
        snapshots = [*self.snapshots.glob("ferapp-*.png"), *self.snapshots.glob("ferapp-*.json")]
        where = f"In {' and '.join(map(str, self.recordings))}. Other folders are not touched."
        if len(self.recordings) > 1:
            where += " The app remembers your folder as long as it contains recordings."
        return (
            _measure("recordings", "Recordings", where, recordings, always=False),
            _measure(
                "snapshots", "Snapshots", f"In {self.snapshots}", sorted(snapshots), always=False
            ),
            _measure(
                "reviews",
                "Reviews",
                f"Your labels and flags for inspected pictures: {reviews}",
                (reviews,),
                always=False,
            ),
            _measure(
                "datasets",
                "Prepared data sets",
                f"Copies of pictures used for training or inspected: {datasets}",
                (datasets,),
                always=False,
            ),
            _measure(
                "results",
                "Features and maps",
                "Numbers computed from pictures, and positions on maps, stored so that they need "
                f"no second computation: {' and '.join(map(str, results))}. Of each kind at most "
                f"{MAX_BYTES / 1e6:.0f} MB are kept, those used last.",
                results,
                always=False,
            ),
        )


def recordings_in(folder: Path) -> list[Path]:
    """The folders of the recordings in `folder`."""
    return sorted(file.parent for file in folder.glob(f"*/{SESSION}"))


def delete_stored(data: Iterable[StoredData]) -> tuple[Path, ...]:
    """Delete it, retrying for a while; returns the paths that still exist."""
    remaining = tuple(path for category in data for path in category.paths)
    deadline = time.monotonic() + RETRY_S
    while True:
        for path in remaining:
            _remove(path)
        remaining = tuple(path for path in remaining if path.exists() or path.is_symlink())
        if not remaining or time.monotonic() >= deadline:
            return remaining
        time.sleep(0.1)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _measure(
    key: str, title: str, description: str, paths: Iterable[Path], *, always: bool = True
) -> StoredData:
    existing = tuple(path for path in paths if path.exists())
    files = [file for path in existing for file in _files_in(path)]
    size = sum(map(_size, files))
    return StoredData(key, title, description, existing, len(files), size, always)


def _files_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [file for file in path.rglob("*") if file.is_file()]


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:  # deleted since it was listed
        return 0
