"""Options of several commands."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from trainer.attribution_methods import find_method
from trainer.cli.printing import notices
from trainer.device import check_device_name
from trainer.errors import UsageError
from trainer.files import check_writable_folder

DATA_HELP = "Data set: FER2013's CSV, RAF-DB, AffectNet, a list, class folders or a zip of them"


def known_path(path: Path | None) -> Path | None:
    """As the callback of an option: refuses a missing file or folder before anything is loaded."""
    if path is not None and not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    return path


Data = Annotated[
    Path,
    typer.Option("--data", help=f"{DATA_HELP}, or a prepared folder.", callback=known_path),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Classes = Annotated[
    str,
    typer.Option(
        metavar="NAMES", help="Classes to read, by commas, such as the seven and contempt."
    ),
]
ClassMap = Annotated[
    str,
    typer.Option(
        metavar="LABEL=CLASS,…", help="The data set's own labels: 1=surprise,2=fear or hapy=happy."
    ),
]
Layout = Annotated[
    str,
    typer.Option("--format", help="Layout of the data set, as in `fertrain prepare`."),
]
NoLandmarks = Annotated[
    bool, typer.Option("--no-landmarks", help="Detect no landmarks; pictures stay unaligned.")
]
Prior = Annotated[
    str,
    typer.Option(
        metavar="trained|balanced|FILE",
        help="Class shares that probabilities assume: those of training, all alike, or a JSON file "
        "of class → share.",
    ),
]


def check_picture_file(path: Path, suffixes: Sequence[str] = (".png", ".svg")) -> None:
    """Raise UsageError where a figure cannot be written to this file."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{path}: the name must end with {' or '.join(suffixes)}")
    check_writable_folder(path.parent)


def known_device(name: str | None) -> str | None:
    """As the callback of an option: refuses what names no device before anything is read."""
    if name:
        check_device_name(name)
    return name


def known_split(name: str) -> str:
    """As `known_device`, for the name of a split."""
    from trainer.data.face_data import SPLITS

    if name not in SPLITS:
        raise UsageError(f"--split {name}: known are {', '.join(SPLITS)}")
    return name


def known_method(name: str) -> str:
    """As `known_device`, for an attribution method; empty is the one of the model's card."""
    if name:
        find_method(name)
    return name


def run_plugins(files: list[Path] | None) -> list[Path] | None:
    """As `known_device`, for plug-ins, whose code runs before a model is looked for by its name."""
    for file in files or ():
        from trainer.plugin import load_plugin

        names = load_plugin(file, _announce_plugin)
        if names:
            notices.print(f"It registered {', '.join(names)}", soft_wrap=True)
    return files


def _announce_plugin(file: Path) -> None:
    notices.print(f"Running the code of {file}, as --plugin asks", soft_wrap=True)


Plugin = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="Run this Python file first: it registers models of your own by ferapp.register. "
        "May be repeated; no plug-in is ever looked for or run unasked.",
        callback=run_plugins,
        is_eager=True,
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.", callback=known_device)]
Split = Annotated[str, typer.Option(help="train, val or test.", callback=known_split)]
Method = Annotated[
    str,
    typer.Option(
        help="Attribution method; the default is the one in the model's card.",
        callback=known_method,
    ),
]


def data_settings(layout: str, classes: str, class_map: str) -> dict[str, Any]:
    """What the options say about reading a data set, as fields of the section `data`."""
    stated: dict[str, Any] = {
        "format": layout,
        "classes": [name.strip() for name in classes.split(",") if name.strip()],
        "class_map": [pair.strip() for pair in class_map.split(",") if pair.strip()],
    }
    return {name: value for name, value in stated.items() if value}
