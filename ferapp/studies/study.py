"""`ferapp analyze SOURCE… --out DIR`: many sources into one folder of tables, in many processes."""

import csv
import io
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ferapp.overlays.anonymise import AnonymiseKind
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.methods_record import write_methods
from ferapp.studies.output_note import TIME_FORMAT
from ferapp.studies.plan import StudyPlan, plan_study
from ferapp.studies.report.study_report import write_report
from ferapp.studies.study_display import study_display
from ferapp.studies.study_record import (
    FAILED_FILE,
    STUDY_FILE,
    StudyProgress,
    StudyRecord,
    StudySource,
)
from ferapp.studies.study_start import (
    STUDY_FILES,
    StudyChoice,
    choose_sources,
    leftover_tables,
    machine_of,
    source_commit,
)
from ferapp.studies.study_worker import StudyTask, parquet_file, write_parquet
from ferapp.studies.study_workers import (
    EventCollector,
    Workers,
    cluster_workers,
    local_workers,
    run_tasks,
)
from ferapp.studies.summary_table import write_summary
from trainer.cli.printing import notices
from trainer.data.reading.bad_rows import name_some
from trainer.errors import UsageError
from trainer.file_lock import only_writer
from trainer.files import check_writable_folder, make_folder, write_text
from trainer.plugin import loaded_plugins


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """Where the tables go, and who makes them. `jobs` None is one for each core."""

    out: Path
    jobs: int | None = None
    manifest: Path | None = None
    parquet: bool = False
    cluster: str = ""  # a Dask scheduler's address
    overwrite: bool = False
    anonymise: AnonymiseKind | None = None  # the heads in the report's pictures


@dataclass(frozen=True, slots=True)
class StudySummary:
    """Of one run; `frames` and `seconds` are those of this run alone."""

    out: Path
    sources: int
    done: int
    failed: tuple[str, ...]
    unchanged: int
    frames: int
    seconds: float
    stopped: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "sources": self.sources,
            "done": self.done,
            "failed": len(self.failed),
            "unchanged": self.unchanged,
            "frames": self.frames,
            "seconds": round(self.seconds, 1),
            "ms_per_frame": round(1000 * self.seconds / max(1, self.frames), 1),
            "stopped": self.stopped,
            "out": str(self.out),
            "files": [name for name in (STUDY_FILE, *STUDY_FILES) if (self.out / name).exists()],
        }

    def as_text(self) -> str:
        values = self.as_dict()
        counts = [f"{self.done} done"]
        counts += [f"{self.unchanged} finished earlier"] if self.unchanged else []
        counts += [f"{len(self.failed)} failed"] if self.failed else []
        sources = "1 source" if self.sources == 1 else f"{self.sources} sources"
        frames = "1 frame" if self.frames == 1 else f"{self.frames} frames"
        lines = [
            f"{sources}: {', '.join(counts)}",
            f"{frames} in {self.seconds:.1f} s, {values['ms_per_frame']} ms a frame",
            f"{self.out}: a table of each source, {', '.join(values['files'])}",
        ]
        if self.failed:
            lines.append(f"Failed: {name_some(list(self.failed))}; {FAILED_FILE} says why.")
        return "\n".join(lines)


def run_study(
    sources: Sequence[str], settings: AnalysisSettings, options: StudyOptions
) -> StudySummary:
    """Analyse what is not finished yet. A failing source ends nothing, nor does a killed worker.

    Ctrl+C leaves the finished tables, and a second run goes on. Raises UsageError before anything
    is written where something is wrong, and FerError where no worker can start.
    """
    out = options.out
    plan = _plan(sources, options)
    check_writable_folder(out)
    make_folder(out)
    refusal = UsageError(
        f"{out}: another process is analysing into this folder",
        "Wait for its end, stop it with Ctrl+C, or choose another folder.",
    )
    with only_writer(out / STUDY_FILE, refusal), ExitStack() as stack:
        choice = choose_sources(
            plan.sources, out, settings, parquet=options.parquet, overwrite=options.overwrite
        )
        _tell_notes(plan, out)
        machine = machine_of(settings.device)
        workers = stack.enter_context(_workers(options, len(choice.todo)))
        record = StudyRecord(
            app=f"ferapp {metadata.version('ferapp')}",
            commit=source_commit(),
            command=shlex.join(["ferapp", *sys.argv[1:]]),  # also of `python -m ferapp`
            cwd=str(Path.cwd()),
            begun=time.strftime(TIME_FORMAT),
            machine=machine,
            jobs=workers.jobs,
            threads=workers.threads,
            settings=choice.record,
            manifest=str(options.manifest.absolute()) if options.manifest is not None else "",
            sources=plan.sources,
        )
        record.write(out)
        began = time.perf_counter()
        progress, stopped = _run(choice, workers, options, stack)
        stack.close()  # workers end
        if not stopped:
            record = record.model_copy(update={"finished": time.strftime(TIME_FORMAT)})
            record.write(out)
        _write_failed(out, plan.sources, progress)
        finish_study(options, stopped)
        return _summary(out, plan.sources, progress, time.perf_counter() - began, stopped)


def _plan(sources: Sequence[str], options: StudyOptions) -> StudyPlan:
    out = options.out
    for source in sources:
        if out.exists() and Path(source).exists() and out.samefile(source):
            raise UsageError(
                f"--out {out}: this folder is a source itself", "Choose another folder for tables."
            )
    return plan_study(sources, out, options.manifest)


def _tell_notes(plan: StudyPlan, out: Path) -> None:
    for note in plan.notes:
        notices.print(note, soft_wrap=True)
    if leftover := leftover_tables(out, plan.sources):
        count = "1 table" if len(leftover) == 1 else f"{len(leftover)} tables"
        notices.print(
            f"{out}: {count} of an earlier run stay, and are not part of the summary, because "
            f"their sources are not named now: {name_some(leftover)}",
            soft_wrap=True,
        )


def _workers(options: StudyOptions, todo: int) -> Any:
    if options.cluster:
        return cluster_workers(options.cluster, options.jobs)
    return local_workers(options.jobs, todo)


def _run(
    choice: StudyChoice, workers: Workers, options: StudyOptions, stack: ExitStack
) -> tuple[StudyProgress, bool]:
    """How far each source is, and whether Ctrl+C stopped the study."""
    show = stack.enter_context(study_display(len(choice.todo)))
    collector = stack.enter_context(EventCollector(options.out, show))
    collector.add(state="begun", jobs=workers.jobs)
    tasks = [
        StudyTask(
            source,
            options.out.absolute(),
            choice.settings,
            workers.threads,
            collector.folder.absolute(),
            options.parquet,
            loaded_plugins(),
        )
        for source in choice.todo
    ]
    stopped = False
    try:
        for source in choice.unchanged:
            collector.add(source=source.name, state="unchanged")
            table = options.out / source.table
            if options.parquet and not parquet_file(table).exists():
                write_parquet(table)
        run_tasks(tasks, workers, collector)
    except KeyboardInterrupt:
        stopped = True
    collector.collect()
    collector.add(state="stopped" if stopped else "finished", jobs=workers.jobs)
    return collector.progress, stopped


def _write_failed(out: Path, sources: Sequence[StudySource], progress: StudyProgress) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["source", "reason"])
    for source in sources:
        state = progress.of(source.name)
        if state.state == "failed":
            writer.writerow([source.name, state.reason])
    write_text(out / FAILED_FILE, text.getvalue())


def finish_study(options: StudyOptions, stopped: bool) -> None:
    """What is made of the tables of the whole study; after Ctrl+C the summary alone."""
    write_summary(options.out)
    if not stopped:
        write_report(options.out, options.anonymise or "")
        write_methods(options.out)


def _summary(
    out: Path,
    sources: Sequence[StudySource],
    progress: StudyProgress,
    seconds: float,
    stopped: bool,
) -> StudySummary:
    states = {source.name: progress.of(source.name) for source in sources}
    count = [state.state for state in states.values()].count
    return StudySummary(
        out,
        len(sources),
        count("done"),
        tuple(name for name, state in states.items() if state.state == "failed"),
        count("unchanged"),
        sum(state.frames for state in states.values() if state.state == "done"),
        seconds,
        stopped,
    )
