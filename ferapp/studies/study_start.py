"""What is there before a study begins: what is finished, what would be lost, what it runs on."""

import importlib.util
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

import joblib

from ferapp.sources.heavy_imports import load_torch
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_note import REPLACE_HINT, OutputNote, check_table_replaceable, content_of
from ferapp.studies.study_record import (
    FAILED_FILE,
    Machine,
    StudySettings,
    StudySource,
    is_study,
    read_study,
)
from ferapp.studies.study_worker import parquet_file, partial_file
from ferapp.vision.file_hash import file_hash
from trainer.data.reading.bad_rows import name_some
from trainer.device import resolve_device
from trainer.errors import UsageError
from trainer.files import asset
from trainer.model_index import MODEL_SUFFIX, find_model, read_card
from trainer.prior import ClassPrior

STUDY_FILES = ("summary.csv", FAILED_FILE, "report.html", "methods.md")
# where tables that differ in it may stand side by side: the same model under another name …
NOT_COMPARED = frozenset(("model", "device"))
# what a note without the field was made with; the note of a table of its own says no `max_frames`
DEFAULTS = StudySettings().model_dump(exclude={"max_frames"})


@dataclass(frozen=True, slots=True)
class StudyChoice:
    """What is to be analysed, and with what; `unchanged` are finished already."""

    settings: AnalysisSettings  # the model's file and the prior as they are found on any computer
    record: StudySettings
    todo: tuple[StudySource, ...]
    unchanged: tuple[StudySource, ...]


def choose_sources(
    sources: Sequence[StudySource],
    out: Path,
    settings: AnalysisSettings,
    *,
    parquet: bool,
    overwrite: bool,
) -> StudyChoice:
    """Leave out what an earlier run finished with the same settings and model.

    Raises UsageError for settings that cannot be, and where files would be lost.
    """
    settings, record = _resolve(settings)
    _check_pyarrow(parquet)
    unchanged = tuple(source for source in sources if _is_finished(source, out, record))
    todo = tuple(source for source in sources if source not in unchanged)
    if not overwrite:
        _check_settings(out, record)
        _check_files(todo, out, parquet)
    return StudyChoice(settings, record, todo, unchanged)


def _resolve(settings: AnalysisSettings) -> tuple[AnalysisSettings, StudySettings]:
    file = find_model(settings.model)
    card = read_card(file)
    is_bundled = file == asset("models") / f"{settings.model}{MODEL_SUFFIX}"
    model = settings.model if is_bundled else str(file.absolute())
    # twice: shares that are scaled to add up to 1 change in their last digit when scaled again,
    # as a worker does
    prior = ClassPrior.of(card, ClassPrior.of(card, settings.prior).as_json()).as_json()
    record = StudySettings(
        model=model,
        model_sha256=file_hash(file) or "",
        device=settings.device,
        prior=prior,
        every=settings.every,
        max_frames=settings.max_frames,
        faces=settings.faces,
        small_faces=settings.small_faces,
        rotate=settings.rotate,
        **asdict(settings.transforms),
    )
    return replace(settings, model=model, prior=prior), record


def _check_pyarrow(parquet: bool) -> None:
    if parquet and importlib.util.find_spec("pyarrow") is None:
        raise UsageError(
            "--parquet needs the package pyarrow, which is not installed",
            "Install it: pip install 'ferapp[parquet]'",
        )


def _is_finished(source: StudySource, out: Path, record: StudySettings) -> bool:
    """Whether its table is there, of the same content and made alike."""
    table = out / source.table
    note = OutputNote(table).read()
    if not table.is_file() or not note.get("finished"):
        return False
    wanted = record.model_dump(exclude={*NOT_COMPARED})
    alike = all(note.get(name, DEFAULTS.get(name)) == value for name, value in wanted.items())
    return alike and note["content"] == content_of(Path(source.source), [partial_file(table)])


def _check_settings(out: Path, record: StudySettings) -> None:
    """Refuse to replace, or to mix, the tables of a whole study that was made otherwise."""
    if not is_study(out):
        return
    before = read_study(out)
    tables = [source.table for source in before.sources if (out / source.table).is_file()]
    old, new = before.settings.model_dump(), record.model_dump()
    changes = [
        f"{name}: {old[name]} → {new[name]}"
        for name in new
        if name not in NOT_COMPARED and old[name] != new[name] and name != "model_sha256"
    ]
    if old["model_sha256"] != new["model_sha256"]:
        changes.insert(0, f"model: {old['model']} → {new['model']}")
    if tables and changes:
        count = "1 table was" if len(tables) == 1 else f"{len(tables)} tables were"
        raise UsageError(
            f"{out}: {count} made with other settings ({', '.join(changes)})",
            "Choose another folder, or use --overwrite to analyse them again.",
        )


def _check_files(todo: Sequence[StudySource], out: Path, parquet: bool) -> None:
    for source in todo:
        table = out / source.table
        check_table_replaceable(table)
        if parquet and parquet_file(table).exists() and not table.exists():
            raise UsageError(f"{parquet_file(table)}: exists, and is of no study", REPLACE_HINT)
    foreign = [name for name in STUDY_FILES if (out / name).exists()]
    if foreign and not is_study(out):
        raise UsageError(f"{out}: has files of these names: {name_some(foreign)}", REPLACE_HINT)


def leftover_tables(out: Path, sources: Sequence[StudySource]) -> list[str]:
    """Tables of the study before that are of none of these sources."""
    if not is_study(out):
        return []
    tables = {source.table for source in sources}
    before = (source.table for source in read_study(out).sources)
    return [table for table in before if table not in tables and (out / table).is_file()]


def machine_of(device: str) -> Machine:
    """This computer; on a cluster, that which asked. Raises UsageError for a missing device."""
    load_torch()
    return Machine(
        system=platform.platform(),
        python=platform.python_version(),
        processor=platform.processor() or platform.machine(),
        cores=int(joblib.cpu_count()),
        torch=metadata.version("torch"),
        mediapipe=metadata.version("mediapipe"),
        device=str(resolve_device(device)),
    )


def source_commit() -> str:
    """Of the checkout that the program runs from; empty where it is installed otherwise."""
    root = asset("").parent
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
