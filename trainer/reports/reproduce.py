"""A table of the recipes, run as a whole: each recipe with each seed, in processes of their own.

Files are the truth here too: what is done is skipped, what was stopped goes on, so that a second
call continues the first.
"""

import json
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.errors import DataError, RunStopped, UsageError
from trainer.files import file_stem, write_json, write_text
from trainer.recipes import FAST, RECIPES, Recipe, tables
from trainer.reports.comparison import Spread, metric_text
from trainer.reports.document import markdown_table
from trainer.reports.run_records import DONE, find_runs, flat, read_head, read_status
from trainer.training.run_dir import RunDir, with_absolute_paths

STOPPED = RunStopped.exit_code
SPLIT = "val"
ELSEWHERE = (
    "run.device",
    "run.threads",
    "run.loaders",
    "data.memory",
)  # may differ from call to call
MEASURED = ("accuracy", "mean_class_accuracy")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child process ended; `error` is the last line of its complaint."""

    code: int
    error: str = ""


Runner = Callable[[list[str]], Outcome]  # of the arguments after `python -m trainer`


@dataclass(frozen=True, slots=True)
class Job:
    """One run that the table asks for."""

    recipe: Recipe
    seed: int
    config: TrainConfig

    @property
    def name(self) -> str:
        return f"{file_stem(self.recipe.name)}-s{self.seed}"


@dataclass(frozen=True, slots=True)
class Result:
    """A row of the table; `runs` are the measured ones, `metrics` those of `fertrain evaluate`."""

    recipe: Recipe
    runs: tuple[Path, ...] = ()
    metrics: dict[str, Spread] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "title": self.recipe.title,
            "source": self.recipe.source,
            "published": self.recipe.published,
            "n": len(self.runs),
            **{name: spread.as_dict() for name, spread in self.metrics.items()},
            "runs": [str(path) for path in self.runs],
        }


@dataclass(frozen=True, slots=True)
class Table:
    """What came of it. `failed` are names of runs with the reason."""

    name: str
    data: str
    seeds: int
    results: tuple[Result, ...]
    failed: dict[str, str]

    def cells(self) -> tuple[list[str], list[list[str]]]:
        columns = ["recipe", "published", "val accuracy %", "mean class %", "seeds"]
        rows = [
            [
                each.recipe.name,
                each.recipe.published,
                *(metric_text(each.metrics.get(name), name) for name in MEASURED),
                f"{len(each.runs)} of {self.seeds}",
            ]
            for each in self.results
        ]
        return columns, rows

    def as_dict(self) -> dict[str, Any]:
        return {
            "table": self.name,
            "data": self.data,
            "split": SPLIT,
            "seeds": self.seeds,
            "rows": [each.as_dict() for each in self.results],
            "failed": self.failed,
        }

    def write(self, folder: Path) -> None:
        stem = file_stem(self.name)
        notes = [f"# {self.name}", f"Data: {self.data}, split {SPLIT}. Mean ± sample deviation."]
        notes.append(markdown_table(*self.cells()))
        notes += [f"- {run} failed: {reason}" for run, reason in self.failed.items()]
        write_text(folder / f"{stem}.md", "\n\n".join(notes) + "\n")
        write_json(folder / f"{stem}.json", self.as_dict())


def recipes_of(table: str, fast: bool) -> list[Recipe]:
    """The rows of a table, or with a slash those whose name starts so: `dacl/raf-db`.

    Raises UsageError with what is known.
    """
    plain = {name.removesuffix(FAST): name for name in RECIPES if name.endswith(FAST) == fast}
    starts = (f"{table}/",) if "/" not in table else (f"{table}-",)
    found = [RECIPES[plain[n]] for n in plain if n.startswith(starts) or ("/" in n and n == table)]
    if found:
        return found
    if fast and any(name.startswith((f"{table}/", f"{table}-")) for name in RECIPES):
        raise UsageError(f"{table} has no fast form", "Leave --fast out.")
    raise UsageError(f"there is no table {table!r}", f"Known: {', '.join(tables())}.")


def reproduce(
    table: str,
    data: Path,
    runs: Path,
    *,
    fast: bool = False,
    seeds: int = 3,
    sets: list[str] | None = None,
    run_child: Runner | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Table:
    """Train and evaluate what is missing; write `<runs>/<table>.md` and `.json` after each run.

    Raises RunStopped after Ctrl+C, once the child has saved its state, and UsageError when the
    folder has a run of the same name with other settings, or of other data.
    """
    rows, settings, run_child = recipes_of(table, fast), sets or [], run_child or run_trainer
    if not data.exists():
        raise DataError(f"{data}: there is no such data set")
    jobs = [
        Job(row, seed, load_config(None, [*settings, f"run.seed={seed}"], **row.values))
        for row in rows
        for seed in range(seeds)
    ]
    for job in jobs:
        _refuse_others(job, _find(job, runs), data)
    name, failed = table + FAST * fast, dict[str, str]()
    done: dict[str, dict[Path, dict[str, Any]]] = {row.name: {} for row in rows}

    def so_far() -> Table:
        results = tuple(_result(row, done[row.name]) for row in rows)
        return Table(name, str(data), seeds, results, failed)

    for number, job in enumerate(jobs, 1):
        say(f"{number} of {len(jobs)}: {job.name}")
        reason = ""
        for arguments in _missing(job, runs, data, settings):
            outcome = run_child(arguments)
            if outcome.code == STOPPED:
                so_far().write(runs)
                raise RunStopped(f"stopped in {job.name}", "The same command goes on from here.")
            if outcome.code:
                reason = outcome.error or f"exit code {outcome.code}"
                break
        run = _find(job, runs)
        measured = _measured(run) if run else {}
        if run is None or reason or not measured:
            failed[job.name] = reason or "it left no metrics"
            say(f"{job.name} failed: {failed[job.name]}")
        else:
            done[job.recipe.name][run.path] = measured
        so_far().write(runs)
    return so_far()


def run_trainer(arguments: list[str]) -> Outcome:
    """`python -m trainer …` with its messages on stderr; Ctrl+C is passed on to it once."""
    complaints: deque[str] = deque(maxlen=40)
    with _forwarded() as (asked, children):
        child = subprocess.Popen(
            [sys.executable, "-m", "trainer", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # the terminal's Ctrl+C reaches this process alone, which passes it on
            start_new_session=True,
        )
        children.append(child)
        if asked:  # before there was a child to tell
            _interrupt(child)
        assert child.stderr is not None
        for line in child.stderr:
            sys.stderr.write(line)
            if line.strip():
                complaints.append(line.strip())
        code = child.wait()
    if asked or code == -signal.SIGINT:  # the latter before the child handled signals
        return Outcome(STOPPED)
    last = complaints[-1] if complaints else ""
    return Outcome(code, next((c for c in reversed(complaints) if c.startswith("Error:")), last))


@contextmanager
def _forwarded() -> Iterator[tuple[list[int], list["subprocess.Popen[str]"]]]:
    """While it lasts, SIGINT and SIGTERM are noted and reach the listed children as SIGINT."""
    asked: list[int] = []
    children: list[subprocess.Popen[str]] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        for child in children:
            _interrupt(child)

    previous = {
        number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield asked, children
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(child: "subprocess.Popen[str]") -> None:
    if sys.platform != "win32":  # there the console has told every process itself
        child.send_signal(signal.SIGINT)


def _missing(job: Job, runs: Path, data: Path, sets: list[str]) -> Iterator[list[str]]:
    """Arguments of the processes that the job still needs, one after the other."""
    run = _find(job, runs)
    if run is None:
        settings = [word for text in (*sets, f"run.seed={job.seed}") for word in ("--set", text)]
        yield [
            *("train", "--recipe", job.recipe.name, "--data", str(data)),
            *("--name", job.name, "--runs", str(runs), *settings),
        ]
        run = _find(job, runs)
    elif read_status(run) != DONE:
        yield ["resume", str(run.path)]
    if run is not None and not _measured(run):
        yield [
            *("evaluate", "--model", str(run.best), "--data", str(data), "--split", SPLIT),
            *("--device", job.config.run.device, "--json"),
            *(() if job.config.data.landmarks else ("--no-landmarks",)),
        ]


def _find(job: Job, runs: Path) -> RunDir | None:
    """The job's latest finished run, else the latest with a state to go on from."""
    known = [run for run in _run_dirs(runs) if run.path.name.endswith(f"-{job.name}")]
    named = [run for run in known if read_head(run)[0] == job.name]
    finished = [run for run in named if read_status(run) == DONE]
    stopped = [run for run in named if run.state.is_file()]
    taken = finished or stopped
    return taken[-1] if taken else None


def _run_dirs(runs: Path) -> list[RunDir]:
    return find_runs([runs]) if any(runs.glob("*/config.json")) else []


def _refuse_others(job: Job, run: RunDir | None, data: Path) -> None:
    """Raise UsageError when the run was trained otherwise than the job asks."""
    if run is None:
        return
    _, source, config = read_head(run)
    if Path(source) != data.resolve():
        raise UsageError(
            f"{run.path}: it was trained on {source}, asked is {data}",
            "Use another folder: --runs DIR. A data set that moved can be linked to its old place.",
        )
    wanted, found = flat(with_absolute_paths(job.config).model_dump()), flat(config.model_dump())
    other = [
        f"{key} is {found.get(key)}, asked is {wanted.get(key)}"
        for key in {**wanted, **found}
        if key not in ELSEWHERE and wanted.get(key) != found.get(key)
    ]
    if other:
        raise UsageError(
            f"{run.path}: it was trained with other settings ({'; '.join(other)})",
            "Use another folder: --runs DIR.",
        )


def _measured(run: RunDir) -> dict[str, Any]:
    """The run's metrics on the plain pictures of val; empty when they have to be taken."""
    file = run.eval(SPLIT) / "metrics.json"
    if not file.is_file() or file.stat().st_mtime < run.best.stat().st_mtime:
        return {}
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return metrics if metrics.get("tta", "none") == "none" else {}


def _result(recipe: Recipe, measured: dict[Path, dict[str, Any]]) -> Result:
    metrics = {
        name: Spread(tuple(float(each[name]) for each in measured.values()))
        for name in MEASURED
        if measured
    }
    return Result(recipe, tuple(measured), metrics)
