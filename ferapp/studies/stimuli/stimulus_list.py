"""`stimuli.csv`: the pictures and videos to show, read and checked as a whole before any is shown.

Columns: file, seconds, fixation, condition; further ones are kept. Files are relative to the list.
"""

import difflib
import importlib.util
import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ferapp.sources.base import SourceError
from ferapp.sources.stream_address import URL
from trainer.data.reading.csv_table import CsvTable, open_csv_table, parse_number, plain_name
from trainer.errors import DataError, UsageError
from trainer.shown_text import shown_name

COLUMNS = ("file", "seconds", "fixation", "condition")
MAX_S = 86_400.0  # a day: more is a slip
HEIF_SUFFIXES = (".heic", ".heif")
HINT = (
    "A list is a CSV whose first line is file,seconds,fixation,condition. Files are pictures and "
    "videos beside it; seconds may be empty for a video; fixation is how long the cross is shown "
    "before it; further columns are kept."
)


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A row of the list: `fixation` seconds of a cross, then the file for `seconds`."""

    file: str  # as the list names it
    path: Path
    seconds: float
    fixation: float
    condition: str
    is_video: bool  # or an animated picture
    size: tuple[int, int]  # width, height in pixels, upright
    others: Mapping[str, str]  # the further columns


class StimulusListError(UsageError):
    """A list that cannot be shown; `faults` are all of its faults, a sentence each."""

    def __init__(self, file: Path, faults: Sequence[str]) -> None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        listed = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{shown_name(file)}: {count}, so nothing is shown:\n{listed}", HINT)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file is; `duration_s` is 0 for a picture, and for a video that does not say."""

    is_video: bool
    size: tuple[int, int]
    duration_s: float


def read_stimulus_list(file: Path) -> tuple[Stimulus, ...]:
    """The stimuli in the order of the list. Every picture is decoded, every video begun: slow.

    Encoding and separator are recognised. Raises StimulusListError.
    """
    table, rows = _read_table(file)
    places = {name: table.find((name,)) for name in COLUMNS}
    stimuli: list[Stimulus] = []
    faults: list[str] = []
    contents: dict[Path, _Content | str] = {}  # or why it cannot be shown
    for number, cells in rows:
        row = f"row {number + 2}"  # as a spreadsheet counts
        width = len(table.columns)
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            faults.append(f"{row}: has {len(cells)} cells, the first line {width}")
            continue
        values = {name: cells[place].strip() for name, place in places.items() if place is not None}
        others = {
            name: cells[place].strip()
            for place, name in enumerate(table.columns)
            if place not in places.values() and name
        }
        made = _stimulus(values, others, file.parent, contents)
        if isinstance(made, Stimulus):
            stimuli.append(made)
        else:
            faults += [f"{row}: {fault}" for fault in made]
    if not stimuli and not faults:
        faults.append("there is no row below the first line")
    if faults:
        raise StimulusListError(file, faults)
    return tuple(stimuli)


def _read_table(file: Path) -> tuple[CsvTable, list[tuple[int, list[str]]]]:
    try:
        content = file.read_bytes()
    except IsADirectoryError as error:
        raise StimulusListError(file, ["is a folder: name the CSV in it"]) from error
    except OSError as error:
        raise StimulusListError(file, [f"could not be read ({error.strerror})"]) from error
    table = open_csv_table(io.BytesIO(content), file)
    if table is None:
        raise StimulusListError(file, ["is no text: save it as CSV, in UTF-8 for example"])
    faults = _column_faults([name for name in table.columns if name])
    if faults:
        raise StimulusListError(file, faults)
    try:
        return table, list(table.rows())
    except DataError as error:
        reason = str(error.args[0]).removeprefix(f"{file}: ")
        raise StimulusListError(file, [reason]) from error


def _column_faults(names: Sequence[str]) -> list[str]:
    plain = [plain_name(name) for name in names]
    faults = [
        f"two columns are called {name}" for name in dict.fromkeys(plain) if plain.count(name) > 1
    ]
    unknown = [name for name in names if plain_name(name) not in COLUMNS]
    for name in COLUMNS:
        if name not in plain:
            similar = difflib.get_close_matches(name, map(plain_name, unknown), 1, 0.6)
            meant = next((n for n in unknown if plain_name(n) in similar), "")
            hint = f"is {shown_name(meant)} meant?" if meant else f"there are {_listed(names)}"
            faults.append(f"there is no column {name}: {hint}")
    return faults


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(shown_name, names)) or "none"


def _stimulus(
    values: Mapping[str, str],
    others: Mapping[str, str],
    folder: Path,
    contents: dict[Path, _Content | str],
) -> Stimulus | list[str]:
    """The stimulus of a row, or its faults."""
    faults: list[str] = []
    fixation = _seconds("fixation", values["fixation"] or "0", faults, allows_zero=True)
    path, problem = _find(values["file"], folder)
    if problem:
        faults.append(problem)
    content = _Content(False, (0, 0), 0.0)
    if not problem:
        if path not in contents:
            contents[path] = _look_at(path)
        looked = contents[path]
        if isinstance(looked, str):
            faults.append(f"{shown_name(values['file'])}: {looked}")
            problem = looked
        else:
            content = looked
    seconds = content.duration_s
    if values["seconds"]:
        seconds = _seconds("seconds", values["seconds"], faults)
    elif not problem and not seconds:
        video = "this video does not say how long it is"
        faults.append(f"seconds is empty: {video if content.is_video else 'a picture needs them'}")
    if faults:
        return faults
    return Stimulus(
        values["file"],
        path,
        seconds,
        fixation,
        values["condition"],
        content.is_video,
        content.size,
        others,
    )


def _seconds(name: str, text: str, faults: list[str], *, allows_zero: bool = False) -> float:
    try:
        value = parse_number(text)
    except ValueError:
        value = math.nan
    least = "0 or more" if allows_zero else "more than 0"
    if not math.isfinite(value):
        faults.append(f"{name} is {shown_name(text)}: write a number of seconds, as 2 or 0.5")
    elif value < 0 or (value == 0 and not allows_zero):
        faults.append(f"{name} is {shown_name(text)}: it must be {least}")
    elif value > MAX_S:
        faults.append(f"{name} is {shown_name(text)}: that is longer than a day")
    return value


def _find(text: str, folder: Path) -> tuple[Path, str]:
    """The file that a cell names, and why there is none."""
    shown = shown_name(text)
    if not text:
        return folder, "file is empty"
    if URL.match(text):
        return folder, f"{shown}: addresses are not opened; save the file beside the list"
    try:
        names = (text, text.replace("\\", "/"))  # lists come from Windows, too
        paths = [folder / Path(name).expanduser() for name in names]
        path = next((path for path in paths if path.exists()), paths[-1])
        if path.is_file():
            return path, ""
        if path.exists():
            return path, f"{shown}: this is a folder or a device, not a file"
    except (OSError, RuntimeError, ValueError) as error:
        return folder, f"{shown}: no file can be called so ({error})"
    similar = _similar_name(path)
    return path, f"{shown}: there is no such file" + (f"; is {similar} meant?" if similar else "")


def _similar_name(path: Path) -> str:
    """A file there whose name differs in case, accents' coding or suffix alone; or nearly."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return ""

    def plain(name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold()

    stem = plain(path.stem)
    same = [name for name in names if plain(name) == plain(path.name)]
    same += [name for name in names if plain(Path(name).stem) == stem]
    same += difflib.get_close_matches(path.name, names, 1, 0.8)
    return shown_name(same[0]) if same else ""


def _look_at(path: Path) -> _Content | str:
    """What the file is by its content, or why it cannot be shown."""
    from ferapp.sources.uri import open_source  # loads OpenCV when it opens one

    try:
        with closing(open_source(str(path))) as source:
            frame = source.read()
            if frame is None:
                return "there is no picture in it"
            height, width = frame.image.shape[:2]
            is_video = source.kind != "image"
            duration_s = source.duration_s if is_video else 0.0
            return _Content(is_video, (width, height), duration_s)
    except SourceError as error:
        has_heif = importlib.util.find_spec("pillow_heif") is not None
        if path.suffix.lower() in HEIF_SUFFIXES and not has_heif:
            return "HEIC needs the package pillow-heif; install it, or save the picture as JPEG"
        return str(error.args[0]).removeprefix(f"{path}: ")
