"""Finds the pictures that a table was made from: where its note says, or beside the table."""

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ferapp.recording.stored_table import read_face_table
from ferapp.sources.camera_info import DEMO, DEMO_NAME
from ferapp.sources.recorded import MissingPictures, RecordedTable
from ferapp.studies.output_note import OutputNote, content_hash
from trainer.errors import UsageError
from trainer.files import write_json
from trainer.shown_text import shown_name

SHOWN = 3  # names of missing pictures in a message


def find_pictures(table: RecordedTable, note: dict[str, Any]) -> Path | str | MissingPictures:
    """The file or folder of the pictures, or DEMO; else what is missing."""
    if not note:
        return MissingPictures(
            f"{OutputNote(table.file).path.name} is missing or damaged",
            "It stands beside the table and says where the video is: put it back. "
            "The results are shown without pictures.",
        )
    if not note.get("path"):
        if note["source"] == DEMO_NAME:
            return DEMO
        return MissingPictures(
            f"The pictures of {note['source']} were not stored",
            "A camera or an address shows something else now. "
            "The results are shown without pictures.",
        )
    problem = ""
    for place in _places(table.file, str(note["path"])):
        if place.exists():
            found = problem_of(place, table, note)
            if not found:
                return place
            problem = problem or found
    return MissingPictures(
        problem or f"{note['path']} is not there any more",
        "Locate it to see the results on their pictures. Until then they are shown on grey.",
        can_locate=True,
    )


def problem_of(place: Path, table: RecordedTable, note: dict[str, Any]) -> str:
    """Why these are not the pictures that the table was made from; "" where they are."""
    name = shown_name(place.name)
    if table.files:
        if not place.is_dir():
            return f"{name} is not a folder of pictures"
        present = {shown_name(entry.name) for entry in place.iterdir()}
        missing = [file for file in table.files if file not in present]
        if not missing:
            return ""
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        return f"{name} lacks pictures of this table: {', '.join(missing[:SHOWN])}{more}"
    if place.is_dir():
        return ""  # a recording
    noted = content_hash([(_name(str(note["path"])), place.stat().st_size)])
    if noted != note["content"]:
        return f"{name} is not the file that this table was made from: its size differs"
    return ""


def is_of_folder(file: Path) -> bool:
    """Whether a table is of the pictures of a folder. Raises SourceError."""
    return bool(read_face_table(file).files)


def locate_pictures(file: Path, place: Path) -> None:
    """Note that the pictures of the table are at `place`. Raises SourceError or UsageError."""
    note = OutputNote(file)
    content = note.read()
    problem = problem_of(place, read_face_table(file), content)
    if problem:
        raise UsageError(problem, "Choose the original.")
    try:
        write_json(note.path, content | {"path": str(place.resolve())})
    except OSError as error:
        raise UsageError(
            f"{note.path}: the place cannot be noted ({error.strerror})",
            "Copy the table and its note to a folder where you may write.",
        ) from error


def _places(file: Path, noted: str) -> list[Path]:
    """Where the pictures may be: as noted, beside the table, and the table's own folder."""
    folder, name = file.resolve().parent, _name(noted)
    own = [folder] if folder.name == name else []
    return [Path(noted), folder / name, *own]


def _name(path: str) -> str:
    """The last part of a path of this system or another one."""
    is_windows = "\\" in path and "/" not in path
    return (PureWindowsPath if is_windows else PurePosixPath)(path).name
