"""Reproduce a table of recipes: train and evaluate each recipe with each seed, one process each.

The run files decide what is left to do: finished work is skipped and a stopped run is resumed, so
a second call continues the first.
"""

import json
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.document import markdown_table
from trainer.errors import DataError, RunStopped, UsageError
from trainer.files import check_writable_folder, file_stem, write_json, write_text
from trainer.prior import TRAINED
from trainer.recipes import FAST, RECIPES, Recipe, tables
from trainer.reports.comparison import Spread, metric_text
from trainer.reports.run_records import (
    DONE,
    find_runs,
    flatten_fields,
    read_run_header,
    read_run_status,
)
from trainer.stop_signals import signals_go_to
from trainer.training.run_dir import RunDir, with_absolute_paths

STOPPED = RunStopped.exit_code
SPLIT = "val"
MACHINE_FIELDS = ("run.device", "run.threads", "run.loaders", "data.memory")  # may differ by call
TABLE_METRICS = ("accuracy", "mean_class_accuracy")


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a child process ended; `error` is its last error message."""

    code: int
    error: str = ""


ProcessRunner = Callable[[list[str]], ProcessResult]  # of the arguments after `python -m trainer`


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of the table."""

    recipe: Recipe
    seed: int
    config: TrainConfig

    @property
    def name(self) -> str:
        return f"{file_stem(self.recipe.name)}-s{self.seed}"


@dataclass(frozen=True, slots=True)
class RecipeResult:
    """A row of the table: the evaluated `runs` and their metrics by `fertrain evaluate`.

    `epochs` are those of the best models, None where a card does not say it; `val_n` the samples.
    """

    recipe: Recipe
    runs: tuple[Path, ...] = ()
    metrics: dict[str, Spread] = field(default_factory=dict)
    epochs: tuple[int | None, ...] = ()
    val_n: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "title": self.recipe.title,
            "source": self.recipe.source,
            "published": self.recipe.published,
            "n": len(self.runs),
            "epochs": list(self.epochs),
            "val_n": self.val_n,
            **{name: spread.as_dict() for name, spread in self.metrics.items()},
            "runs": [str(path) for path in self.runs],
        }


@dataclass(frozen=True, slots=True)
class ReproductionTable:
    """The results so far. `failed` maps the names of failed runs to the reason."""

    name: str
    data: str
    seeds: int
    results: tuple[RecipeResult, ...]
    failed: dict[str, str]

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Columns and rows."""
        columns = ["recipe", "published", "val accuracy %", "mean class %"]
        columns += ["best epochs", "val n", "seeds"]
        rows = [
            [
                result.recipe.name,
                result.recipe.published,
                *(metric_text(result.metrics.get(name), name) for name in TABLE_METRICS),
                ", ".join("–" if epoch is None else str(epoch) for epoch in result.epochs) or "–",
                f"{result.val_n:,}" if result.runs else "–",
                f"{len(result.runs)} of {self.seeds}",
            ]
            for result in self.results
        ]
        return columns, rows

    def as_dict(self) -> dict[str, Any]:
        return {
            "table": self.name,
            "data": self.data,
            "split": SPLIT,
            "seeds": self.seeds,
            "rows": [result.as_dict() for result in self.results],
            "failed": self.failed,
        }

    def write(self, folder: Path) -> None:
        """Write `<name>.md` and `<name>.json`."""
        stem = file_stem(self.name)
        blocks = [
            f"# {self.name}",
            f"Data: {self.data}, split {SPLIT}. Mean ± sample standard deviation.",
            markdown_table(*self.cells()),
            *(f"- {run} failed: {reason}" for run, reason in self.failed.items()),
        ]
        write_text(folder / f"{stem}.md", "\n\n".join(blocks) + "\n")
        write_json(folder / f"{stem}.json", self.as_dict())


def recipes_in_table(table: str, fast: bool) -> list[Recipe]:
    """The recipes of a table; with a slash, those whose name starts so: `dacl/raf-db`.

    Raises UsageError with the known tables.
    """
    plain = {name.removesuffix(FAST): name for name in RECIPES if name.endswith(FAST) == fast}
    starts = (f"{table}/",) if "/" not in table else (f"{table}-",)
    rows = [RECIPES[plain[n]] for n in plain if n.startswith(starts) or ("/" in n and n == table)]
    if rows:
        return rows
    if fast and any(name.startswith((f"{table}/", f"{table}-")) for name in RECIPES):
        raise UsageError(f"{table} has no fast form", "Leave out --fast.")
    raise UsageError(f"there is no table {table!r}", f"Known: {', '.join(tables())}.")


def reproduce(
    table: str,
    data: Path,
    runs: Path,
    *,
    fast: bool = False,
    seeds: int = 3,
    sets: list[str] | None = None,
    run_process: ProcessRunner | None = None,
    log: Callable[[str], None] = lambda _: None,
) -> ReproductionTable:
    """Train and evaluate what is missing; write `<runs>/<table>.md` and `.json` after each run.

    `sets` are settings of every run. Raises RunStopped after Ctrl+C, once the child process has
    saved its state, and UsageError if `runs` has a run of the same name with other settings or
    other data.
    """
    recipes, settings = recipes_in_table(table, fast), sets or []
    run_process = run_process or run_trainer
    if not data.exists():
        raise DataError(f"{data}: there is no such data set")
    check_writable_folder(runs)
    planned = [_plan_run(recipe, seed, settings) for recipe in recipes for seed in range(seeds)]
    for plan in planned:
        _check_same_training(plan, _existing_run(plan, runs), data)
    failed: dict[str, str] = {}
    metrics: dict[str, dict[Path, dict[str, Any]]] = {recipe.name: {} for recipe in recipes}

    def current_table() -> ReproductionTable:
        results = tuple(_recipe_result(recipe, metrics[recipe.name]) for recipe in recipes)
        return ReproductionTable(table + FAST * fast, str(data), seeds, results, failed)

    for number, plan in enumerate(planned, 1):
        log(f"{number} of {len(planned)}: {plan.name}")
        error = ""
        for arguments in _pending_commands(plan, runs, data, settings):
            result = run_process(arguments)
            if result.code == STOPPED:
                current_table().write(runs)
                raise RunStopped(f"stopped in {plan.name}", "Run the same command to continue.")
            if result.code:
                error = result.error or f"exit code {result.code}"
                break
        run = _existing_run(plan, runs)
        run_metrics = _plain_metrics(run) if run else {}
        if run is None or error or not run_metrics:
            failed[plan.name] = error or "the run has no metrics"
            log(f"{plan.name} failed: {failed[plan.name]}")
        else:
            metrics[plan.recipe.name][run.path] = run_metrics
        current_table().write(runs)
    return current_table()


def run_trainer(arguments: list[str]) -> ProcessResult:
    """Run `python -m trainer …`, copying its stderr to ours and forwarding Ctrl+C to it once."""
    last_lines: deque[str] = deque(maxlen=40)
    received: list[int] = []
    children: list[subprocess.Popen[str]] = []

    def forward(number: int) -> None:
        received.append(number)
        for child in children:
            _interrupt(child)

    with signals_go_to(forward):
        child = subprocess.Popen(
            [sys.executable, "-m", "trainer", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # the terminal's Ctrl+C reaches only this process, which forwards it
            start_new_session=True,
        )
        children.append(child)
        if received:  # a signal came before the child started
            _interrupt(child)
        assert child.stderr is not None
        for line in child.stderr:
            sys.stderr.write(line)
            if line.strip():
                last_lines.append(line.strip())
        code = child.wait()
    if received or code == -signal.SIGINT:  # the latter before the child handled signals
        return ProcessResult(STOPPED)
    last = last_lines[-1] if last_lines else ""
    errors = (line for line in reversed(last_lines) if line.startswith("Error:"))
    return ProcessResult(code, next(errors, last))


def _interrupt(child: "subprocess.Popen[str]") -> None:
    if sys.platform != "win32":  # there the console signals every process itself
        child.send_signal(signal.SIGINT)


def _plan_run(recipe: Recipe, seed: int, settings: list[str]) -> PlannedRun:
    config = load_config(None, [*settings, f"run.seed={seed}"], **recipe.values)
    return PlannedRun(recipe, seed, config)


def _pending_commands(
    plan: PlannedRun, runs: Path, data: Path, sets: list[str]
) -> Iterator[list[str]]:
    """The arguments of the commands that the run still needs, one after the other."""
    run = _existing_run(plan, runs)
    if run is None:
        settings = [word for text in (*sets, f"run.seed={plan.seed}") for word in ("--set", text)]
        yield [
            *("train", "--recipe", plan.recipe.name, "--data", str(data)),
            *("--name", plan.name, "--runs", str(runs), *settings),
        ]
        run = _existing_run(plan, runs)
    elif read_run_status(run) != DONE:
        yield ["resume", str(run.path)]
    if run is not None and not _plain_metrics(run):
        yield [
            *("evaluate", "--model", str(run.best), "--data", str(data), "--split", SPLIT),
            *("--device", plan.config.run.device, "--json"),
            *(() if plan.config.data.landmarks else ("--no-landmarks",)),
        ]


def _existing_run(plan: PlannedRun, runs: Path) -> RunDir | None:
    """The latest finished run of that name, otherwise the latest that can be resumed."""
    directories = find_runs([runs]) if any(runs.glob("*/config.json")) else []
    candidates = [run for run in directories if run.path.name.endswith(f"-{plan.name}")]
    same_name = [run for run in candidates if read_run_header(run)[0] == plan.name]
    finished = [run for run in same_name if read_run_status(run) == DONE]
    resumable = [run for run in same_name if run.state.is_file()]
    usable = finished or resumable
    return usable[-1] if usable else None


def _check_same_training(plan: PlannedRun, run: RunDir | None, data: Path) -> None:
    """Raise UsageError if the run was trained on other data or with other settings."""
    if run is None:
        return
    _, source, config = read_run_header(run)
    if Path(source) != data.resolve():
        raise UsageError(
            f"{run.path}: it was trained on {source}, not on {data}",
            "Use another folder: --runs DIR. "
            "If the data set has moved, link it to its former location.",
        )
    expected = flatten_fields(with_absolute_paths(plan.config).model_dump())
    stored = flatten_fields(config.model_dump())
    differences = [
        f"{key} is {stored.get(key)}, not {expected.get(key)}"
        for key in {**expected, **stored}
        if key not in MACHINE_FIELDS and expected.get(key) != stored.get(key)
    ]
    if differences:
        raise UsageError(
            f"{run.path}: it was trained with other settings ({'; '.join(differences)})",
            "Use another folder: --runs DIR.",
        )


def _plain_metrics(run: RunDir) -> dict[str, Any]:
    """The run's metrics on the unaltered pictures of val, with the prior that it was trained with;
    empty if they must be measured.
    """
    file = run.eval(SPLIT) / "metrics.json"
    if not file.is_file() or file.stat().st_mtime < run.best.stat().st_mtime:
        return {}
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    as_trained = metrics.get("prior", TRAINED) == TRAINED
    return metrics if as_trained and metrics.get("tta", "none") == "none" else {}


def _recipe_result(recipe: Recipe, metrics_by_run: dict[Path, dict[str, Any]]) -> RecipeResult:
    spreads = {
        name: Spread(tuple(float(metrics[name]) for metrics in metrics_by_run.values()))
        for name in TABLE_METRICS
        if metrics_by_run
    }
    measured = list(metrics_by_run.values())
    epochs = tuple(metrics.get("epoch") for metrics in measured)
    val_n = max((int(metrics.get("n", 0)) for metrics in measured), default=0)
    return RecipeResult(recipe, tuple(metrics_by_run), spreads, epochs, val_n)
