"""The known layouts of data sets. Every module of this folder that has `READERS` takes part."""

import importlib
import pkgutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import trainer.data.readers
from trainer.data.reading.archive import Archive, is_special, is_zip
from trainer.data.reading.csv_table import Columns, csv_columns, detect_encoding, has_columns
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, NUMBERED_HINT, ReadOptions
from trainer.errors import DataError, UsageError
from trainer.labels import EXPRESSIONS

AUTO = "auto"
FOLDERS_HINT = "Class folders of other names: `--class-map FOLDER=CLASS,…`."
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Reader:
    """One layout of data sets: its name for `--format`, what it looks for, and how it is read.

    `listing` takes the path; with `takes_options`, ReadOptions too. Readers of a lower `order` are
    tried first, those `by_name_only` never unless they are named. A table needs `columns`; `title`
    names it in a sentence. `labels` are those by which a class map can make a data set known;
    `check` raises UsageError for options that can be refused before the pictures are read.
    """

    name: str
    looks_for: str
    recognises: Callable[[Path], bool]
    listing: Callable[..., Listing]
    by_name_only: bool = False
    takes_options: bool = False
    order: int = 0
    columns: Columns = field(default_factory=dict)
    title: str = ""
    labels: Callable[[Path], Iterable[str]] | None = None
    check: Callable[[Path, ReadOptions], None] = lambda source, options: None

    def read(self, source: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Listing:
        """List the pictures of `source`. Raises DataError or OSError."""
        return self.listing(source, options) if self.takes_options else self.listing(source)

    def fits(self, source: Path, options: ReadOptions) -> bool:
        """Whether `source` has this layout, perhaps with labels of the class map or of a person's
        own classes.
        """
        if self.recognises(source):
            return True
        known = {*options.class_map, *options.classes} - {*EXPRESSIONS}
        if self.labels is None or not known:
            return False
        return any(label.strip().lower() in known for label in self.labels(source))


_registered: list[Reader] = []


def register_reader(reader: Reader) -> None:
    """Add a layout of one's own; it is tried before the others."""
    _registered.insert(0, reader)


def readers() -> list[Reader]:
    """All readers in the order in which they are tried."""
    modules = [
        importlib.import_module(f"{trainer.data.readers.__name__}.{module.name}")
        for module in pkgutil.iter_modules(trainer.data.readers.__path__)
    ]
    built_in = [reader for module in modules for reader in getattr(module, "READERS", ())]
    return [*_registered, *sorted(built_in, key=lambda reader: reader.order)]


def format_names() -> list[str]:
    """The values of `--format`."""
    return [AUTO, *(reader.name for reader in readers())]


def find_reader(source: Path, layout: str = AUTO, options: ReadOptions = DEFAULT_OPTIONS) -> Reader:
    """The reader that recognises `source`, among all or only the one that `layout` names.

    Raises UsageError for an unknown `layout` or options that do not fit, DataError with what each
    looked for and what is there instead.
    """
    if layout not in format_names():
        raise UsageError(f"--format {layout}: known are {', '.join(format_names())}")
    if not source.exists():
        raise DataError(f"{source}: there is no such file or folder")
    if is_special(source):
        raise DataError(f"{source}: this is a device, a pipe or a socket, not a file or folder")
    candidates = [
        reader
        for reader in readers()
        if layout == reader.name or (layout == AUTO and not reader.by_name_only)
    ]
    try:
        for reader in candidates:
            if reader.fits(source, options):
                reader.check(source, options)
                return reader
        description, hint = _describe(source, candidates)
    except OSError as error:
        raise DataError(f"{error.filename or source}: cannot be read ({error.strerror})") from error
    looked_for = [reader.looks_for for reader in candidates]
    if layout == AUTO:
        looked_for.append("a folder made by `fertrain prepare`")
    raise DataError(
        f"{source}: the layout of this data set is not recognised",
        f"Looked for: {'; '.join(looked_for)}.\nFound: {description}.{hint}",
    )


def _describe(source: Path, candidates: list[Reader]) -> tuple[str, str]:
    """What lies at `source`, and a hint for folders that are numbered."""
    if source.is_dir():
        names = sorted(entry.name + "/" * entry.is_dir() for entry in source.iterdir())
        kind = "a folder"
    elif is_zip(source):
        with zipfile.ZipFile(source) as archive:
            names = sorted({"/".join(name.split("/")[:2]) for name in archive.namelist()})
        kind = "a zip"
    else:
        return _describe_file(source, candidates), ""
    if not names:
        return f"{kind} with nothing in it", ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    folders = {PurePosixPath(name).parent.name for name in Archive(source).picture_names()} - {""}
    numbered = sum(folder.isdecimal() for folder in folders)
    hint = f"\n{NUMBERED_HINT}" if numbered > 1 else f"\n{FOLDERS_HINT}" * bool(folders)
    return f"{kind} with {', '.join(names[:SHOWN])}{more}", hint


def _describe_file(source: Path, candidates: list[Reader]) -> str:
    columns = csv_columns(source)
    if columns:
        lacking = []
        for reader in candidates:
            if reader.columns:
                missing = [
                    name
                    for name, aliases in reader.columns.items()
                    if not has_columns(source, {name: aliases})
                ]
                verb = "is" if len(missing) == 1 else "are"
                lacking.append(f"for {reader.title} {' and '.join(missing)} {verb} missing")
        named = ", ".join(columns[: 2 * SHOWN])
        more = f" and {len(columns) - 2 * SHOWN} more" if len(columns) > 2 * SHOWN else ""
        return "; ".join([f"a CSV with the columns {named}{more}", *lacking])
    with source.open("rb") as stream:
        head = stream.read(4096)
    encoding = detect_encoding(head)
    if not head:
        return "an empty file"
    if encoding is None:
        return "a binary file"
    line = head.decode(encoding, errors="replace").strip().split("\n")[0][:60].strip()
    return f"a text file that begins with {line!r}"
