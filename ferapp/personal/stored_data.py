"""What this app keeps on the disk about its user, and how all of it goes. No Qt."""

import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ferapp.personal.examples import personal_folder
from ferapp.recording.session import SESSION

PATIENCE_S = 3.0  # for files that are being closed: some systems delete no open ones


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of things. `always` goes with everything else; the others are asked for."""

    key: str
    title: str
    words: str  # what it is, and where
    paths: tuple[Path, ...]
    files: int
    bytes: int
    always: bool


@dataclass(frozen=True, slots=True)
class Places:
    """`recordings` are the app's usual folder and the one that was chosen in its stead."""

    settings: Path
    recordings: tuple[Path, ...]
    snapshots: Path
    pasted: Path
    log: Path | None = None

    def find(self) -> tuple[Kept, ...]:
        """All that is there now, also kinds of which there is nothing."""
        reviews = Path(platformdirs.user_data_dir("ferapp")) / "reviews"
        datasets = Path(platformdirs.user_cache_dir("ferapp")) / "datasets"
        logs = () if self.log is None else sorted(self.log.parent.glob(f"{self.log.name}*"))
        recordings = [made for folder in self.recordings for made in recordings_in(folder)]
        folders = " and ".join(map(str, self.recordings))
        snapshots = [*self.snapshots.glob("ferapp-*.png"), *self.snapshots.glob("ferapp-*.json")]
        personal = personal_folder()
        return (
            _kept(
                "personal",
                "Your face",
                f"Example pictures, models trained on them, your consent: {personal}",
                (personal,),
            ),
            _kept(
                "settings",
                "What was used last",
                f"Cameras, models and folders, and the settings: {self.settings}",
                (self.settings,),
            ),
            _kept(
                "pasted",
                "Pasted pictures",
                f"Those that came without a file, until the window closes: {self.pasted}",
                (self.pasted,),
            ),
            _kept("log", "The log", f"What happened so far: {self.log or 'in memory'}", logs),
            _kept(
                "recordings",
                "Recordings",
                f"Those in {folders}; other folders are left alone."
                + " The folder that you chose stays known as long as they do."
                * (len(self.recordings) > 1),
                recordings,
                always=False,
            ),
            _kept(
                "snapshots",
                "Snapshots",
                f"Those in {self.snapshots}",
                sorted(snapshots),
                always=False,
            ),
            _kept(
                "reviews",
                "Reviews",
                f"Your labels and flags for pictures that you inspected: {reviews}",
                (reviews,),
                always=False,
            ),
            _kept(
                "datasets",
                "Prepared data sets",
                f"Copies of pictures that you trained on or inspected: {datasets}",
                (datasets,),
                always=False,
            ),
        )


def recordings_in(folder: Path) -> list[Path]:
    """The recordings there, each a folder of its own."""
    return sorted(file.parent for file in folder.glob(f"*/{SESSION}"))


def delete(kept: Iterable[Kept]) -> tuple[Path, ...]:
    """Remove all of it; returns what is still there after some tries."""
    left = tuple(path for each in kept for path in each.paths)
    ends = time.monotonic() + PATIENCE_S
    while True:
        for path in left:
            _remove(path)
        left = tuple(path for path in left if path.exists() or path.is_symlink())
        if not left or time.monotonic() >= ends:
            return left
        time.sleep(0.1)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _kept(key: str, title: str, words: str, paths: Iterable[Path], *, always: bool = True) -> Kept:
    there = tuple(path for path in paths if path.exists())
    files = [file for path in there for file in _files(path)]
    return Kept(key, title, words, there, len(files), sum(map(_size, files)), always)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [file for file in path.rglob("*") if file.is_file()]


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:  # gone meanwhile
        return 0
