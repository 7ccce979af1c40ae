"""Which sources a study has, and what each is called: before anything is analysed."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferapp.recording.session import session_folder
from ferapp.sources.camera_info import DEMO, parse_camera_uri
from ferapp.sources.file_kind import VIDEO_FILE_SUFFIXES
from ferapp.sources.stream_address import URL
from ferapp.studies.manifest import read_manifest
from ferapp.studies.study_record import StudySource
from trainer.data.reading.bad_rows import name_some
from trainer.errors import UsageError
from trainer.files import asset, is_hidden, is_picture_name

# tables that a study writes beside those of its sources, without suffix
STUDY_TABLES = frozenset(("summary", "failed"))
_ENTITY = re.compile(r"([a-zA-Z]+)-([a-zA-Z0-9]+)")


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """`notes` are sentences for a person about what was left out."""

    sources: tuple[StudySource, ...]
    notes: tuple[str, ...] = ()


def plan_study(sources: Sequence[str], out: Path, manifest: Path | None = None) -> StudyPlan:
    """The sources in the files and folders named, by name, those of subfolders too.

    A folder of pictures is one source, and so is a recording. Hidden files and whatever is in `out`
    are none, nor are pictures that lie beside videos. A source is called by its path below the
    folder named (below the folder that all of them share, where several are named), without its
    suffix unless two would be called the same. Its manifest is its row of `manifest`; without one,
    it is what a BIDS-like name says: sub-01_ses-1_task-x_video.mp4. Raises UsageError.
    """
    places = [_place(text) for text in sources]
    base = _base(places)
    notes: list[str] = []
    found = {
        path.resolve(): path
        for place in places
        for path in (_sources_in(place, out.resolve(), notes) if place.is_dir() else [place])
    }
    if not found:
        raise UsageError(
            f"{name_some([str(place) for place in places])}: there is no video and no picture here",
            "Name videos, or folders with videos or pictures.",
        )
    paths = {path: _relative(path, base) for path in found.values()}
    names = _names(paths)
    rows = _bids_rows(names.values())
    if manifest is not None:
        rows = read_manifest(manifest, {name: (path, paths[path]) for path, name in names.items()})
    planned = [
        StudySource(
            name=name, source=str(path.absolute()), table=f"{name}.csv", manifest=rows.get(name, {})
        )
        for path, name in names.items()
    ]
    return StudyPlan(tuple(sorted(planned, key=lambda s: _natural(s.name))), tuple(notes))


def videos_below(text: str) -> int:
    """How many sources a folder has that is no folder of pictures; 0 for any other source."""
    folder = Path(text)
    if text == DEMO or not folder.is_dir():
        return 0
    sources = list(_sources_in(folder, Path(), []))
    return 0 if folder in sources else len(sources)


def bids_entities(name: str) -> dict[str, str]:
    """`{"sub": "01", "task": "rest"}` of "x/sub-01_task-rest_video"; empty for other names."""
    entities = {}
    for part in name.rpartition("/")[2].partition(".")[0].split("_"):
        match = _ENTITY.fullmatch(part)
        if match is not None:
            entities[match[1]] = match[2]
    return entities if "sub" in entities else {}


def _bids_rows(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Each row has all columns, empty where a name lacks the entity."""
    entities = {name: bids_entities(name) for name in names}
    columns = list(dict.fromkeys(key for row in entities.values() for key in row))
    return {name: {key: row.get(key, "") for key in columns} for name, row in entities.items()}


def _place(text: str) -> Path:
    if text == DEMO:
        return asset("demo/demo.mp4")
    if URL.match(text) or parse_camera_uri(text) is not None:
        raise UsageError(
            f"{text}: a study is made of files, and this is none",
            "Analyse it alone: ferapp analyze SOURCE --csv FILE",
        )
    try:
        path = Path(text).expanduser()
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{text}: {error}") from error
    if not exists:
        raise UsageError(f"{text}: there is no such file or folder")
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"{text}: this is a device, a pipe or a socket, not a file")
    return session_folder(str(path)) or path


def _base(places: Sequence[Path]) -> Path:
    """The folder whose name no source needs to be told apart."""
    if len(places) == 1 and places[0].is_dir():
        return places[0].absolute()
    try:
        return Path(os.path.commonpath([place.absolute().parent for place in places]))
    except ValueError:  # on several drives of Windows
        return Path()


def _relative(path: Path, base: Path) -> str:
    """With slashes; a folder that was named itself is called by its own name."""
    whole = Path(os.path.normpath(path.absolute()))
    base = Path(os.path.normpath(base))
    if whole == base:
        return whole.name or "pictures"
    inside = whole.relative_to(base) if whole.is_relative_to(base) else Path(*whole.parts[1:])
    return inside.as_posix()


def _names(paths: dict[Path, str]) -> dict[Path, str]:
    """Without suffix, unless two would be the same: systems exist that ignore case."""
    names = {path: text if path.is_dir() else _stem(text) for path, text in paths.items()}
    while True:
        counts = Counter(name.casefold() for name in names.values())
        counts.update(STUDY_TABLES)
        changed = {
            path: paths[path]
            for path, name in names.items()
            if counts[name.casefold()] > 1 and name != paths[path]
        }
        if not changed:
            break
        names |= changed
    for path, name in names.items():
        if counts[name.casefold()] > 1:
            raise UsageError(f"{path}: its table cannot be named {name}.csv", "Rename it.")
    return names


def _stem(text: str) -> str:
    return text.removesuffix(Path(text).suffix)


def _sources_in(folder: Path, out: Path, notes: list[str]) -> Iterator[Path]:
    visited: set[Path] = set()  # links may lead in a circle

    def walk(place: Path) -> Iterator[Path]:
        real = place.resolve()
        if real in visited or real == out:
            return
        visited.add(real)
        if session_folder(str(place)) is not None:
            yield place
            return
        try:
            entries = sorted(place.iterdir(), key=lambda entry: _natural(entry.name))
        except OSError as error:
            raise UsageError(f"{place}: could not be read ({error.strerror})") from error
        entries = [entry for entry in entries if not is_hidden(entry.name)]
        files = [entry for entry in entries if entry.is_file()]
        videos = [entry for entry in files if entry.suffix.lower() in VIDEO_FILE_SUFFIXES]
        pictures = [entry.name for entry in files if is_picture_name(entry.name)]
        if pictures and not videos:
            yield place
        elif pictures:
            count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
            notes.append(f"{place}: left out {count} beside videos: {name_some(pictures)}")
        yield from videos
        for entry in entries:
            if entry.is_dir() and entry.name != "__MACOSX":
                yield from walk(entry)

    yield from walk(folder)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """2 before 10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
