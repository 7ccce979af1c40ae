"""Runs side by side: results with their spread over seeds, complexity, and different settings."""

import json
import re
import statistics
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.evaluation.intervals import Interval
from trainer.prior import TRAINED
from trainer.reports.best_predictions import best_intervals, val_count
from trainer.reports.paired_tests import paired_tests
from trainer.reports.run_records import DONE, RunRecord, flatten_fields

METRICS = {
    "accuracy": "val accuracy %",
    "mean_class_accuracy": "mean class %",
    "macro_f1": "macro F1",
    "ece": "ECE, calibrated",
    "landmark_r": "attribution r",
}
PERCENT_METRICS = ("accuracy", "mean_class_accuracy")
SEED_FIELD = "run.seed"
FIGURES_NOTE = (
    "Figures are those of the best epoch on val. Finished runs that differ only in the seed share "
    "a row: mean ± sample standard deviation. A single run has 95 % intervals (low to high) "
    "instead, over the drawing of its validation pictures. The ECE is calibrated: with the "
    "temperature that a finished run has fitted to val, from 100 pictures on."
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and sample standard deviation of `values`; a single value has no deviation."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def std(self) -> float | None:
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def text(self, digits: int = 3, scale: float = 1.0) -> str:
        spread = "" if self.std is None else f" ± {self.std * scale:.{digits}f}"
        return f"{self.mean * scale:.{digits}f}{spread}"

    def as_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "std": self.std, "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Complexity:
    """`flops` are per picture, with a multiplication and an addition counted as two."""

    parameters: int | None
    flops: int | None
    images_per_second: float | None
    ms_per_step: float | None


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One run, or finished runs whose configurations differ only in the seed.

    `metrics` leaves out those that no run of the row has. `intervals` (95 %) are about the drawing
    of the validation samples, of a single run; those of several show their spread over seeds.
    """

    name: str
    status: str
    records: tuple[RunRecord, ...]
    metrics: dict[str, Spread]
    complexity: Complexity
    intervals: dict[str, Interval]

    @property
    def val_data(self) -> str:
        return self.records[0].val_data

    @property
    def val_n(self) -> int | None:
        return val_count(self.records[0])

    @property
    def seeds(self) -> list[int]:
        return [record.config.run.seed for record in self.records]

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "runs": [str(record.run.path) for record in self.records],
            "seeds": self.seeds,
            "best_epochs": [record.best.get("epoch") for record in self.records],
            "split": "val",
            "n": self.val_n,
            "val_data": self.val_data,
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
            **{name: spread.as_dict() for name, spread in self.metrics.items()},
            **asdict(self.complexity),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """`differences` are the settings that differ: dotted name → a value for each row."""

    rows: tuple[ComparisonRow, ...]
    differences: dict[str, list[Any]]

    def of_same_samples(self) -> tuple["Comparison", ...]:
        """A comparison for each set of validation samples: figures of two are not comparable."""
        groups: dict[str, list[ComparisonRow]] = {}
        for row in self.rows:
            groups.setdefault(row.val_data, []).append(row)
        return tuple(Comparison(rows, _differences(rows)) for rows in map(tuple, groups.values()))

    def as_dict(self) -> dict[str, Any]:
        names = [row.name for row in self.rows]
        return {
            "rows": [row.as_dict() for row in self.rows],
            "differences": {
                field: dict(zip(names, values, strict=True))
                for field, values in self.differences.items()
            },
            "tests": [test.as_dict() for test in paired_tests(self.rows)],
        }


def compare_records(records: list[RunRecord]) -> Comparison:
    """Rows in the order of the records; each is one run, or the seeds of one configuration."""
    groups: dict[str, list[RunRecord]] = {}
    for index, record in enumerate(records):
        key = _group_key(record)
        seeds = {other.config.run.seed for other in groups.get(key, ())}
        # an unfinished run, or a repeated seed, would distort mean and spread
        if record.status != DONE or record.config.run.seed in seeds:
            key = str(index)
        groups.setdefault(key, []).append(record)
    grouped = [tuple(group) for group in groups.values()]
    names = _row_names(grouped)
    rows = tuple(_row(name, group) for name, group in zip(names, grouped, strict=True))
    return Comparison(rows, _differences(rows))


def validation_title(number: int, count: int) -> str:
    """The heading of the runs that share validation samples, where there are several such sets."""
    return (
        f"Validation data {number} of {count}: other pictures or labels than the other tables', so "
        "figures of two tables are not comparable."
    )


def network_complexity(config: TrainConfig, classes: int) -> tuple[int | None, int | None]:
    """Parameters and FLOPs of the configured network; None if it cannot be built."""
    from trainer.models import create
    from trainer.models.describe import describe_network
    from trainer.models.shapes_only import shapes_only

    side = config.data.input_size
    try:
        with shapes_only():
            model = create(config.model.name, classes, 1, side, **config.model.options)
            table = describe_network(model, 1, side)
    except UsageError:
        return None, None
    return table.parameters, table.flops


def results_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the results."""
    columns = ["run", "status", "seeds", "best epoch", "val n", *METRICS.values()]
    columns += ["parameters", "MFLOP", "img/s", "ms per step"]
    rows = []
    for row in comparison.rows:
        cost = row.complexity
        rows.append(
            [
                row.name,
                row.status,
                str(len(row.records)),
                ", ".join(str(record.best.get("epoch", "–")) for record in row.records),
                "–" if row.val_n is None else f"{row.val_n:,}",
                *(
                    metric_text(row.metrics.get(name), name, row.intervals.get(name))
                    for name in METRICS
                ),
                "–" if cost.parameters is None else f"{cost.parameters:,}",
                "–" if cost.flops is None else f"{cost.flops / 1e6:,.1f}",
                "–" if cost.images_per_second is None else f"{cost.images_per_second:.0f}",
                "–" if cost.ms_per_step is None else f"{cost.ms_per_step:.0f}",
            ]
        )
    return columns, rows


def differences_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the settings that differ."""
    rows = [[field, *map(_value_text, values)] for field, values in comparison.differences.items()]
    return ["setting", *(row.name for row in comparison.rows)], rows


def evaluations_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the evaluations that `fertrain evaluate` has written into the runs."""
    values = ["accuracy %", "mean class %", "macro F1", "ECE, calibrated", "n"]
    columns = ["run", "epoch", "split", "views", "prior", *values]
    rows = [
        [
            record.run.path.name,
            str(result.get("epoch", "–")),
            split,
            str(result.get("tta", "none")),
            prior if isinstance(prior := result.get("prior", TRAINED), str) else "given",
            *(
                metric_text(
                    Spread((float(result[name]),)) if name in result else None,
                    name,
                    result.get("intervals", {}).get(name),
                )
                for name in ("accuracy", "mean_class_accuracy", "macro_f1", "ece")
            ),
            str(result.get("n", "–")),
        ]
        for row in comparison.rows
        for record in row.records
        for split, result in record.evaluations.items()
    ]
    return columns, rows


def metric_text(
    spread: Spread | None, name: str, interval: Interval | list[float] | None = None
) -> str:
    """A figure with its spread, or with its interval as `(low to high)`."""
    if spread is None:
        return "–"
    digits, scale = (2, 100.0) if name in PERCENT_METRICS else (3, 1.0)
    text = spread.text(digits, scale)
    if not interval:
        return text
    low, high = (scale * limit for limit in interval)
    return f"{text} ({low:.{digits}f} to {high:.{digits}f})"


def _group_key(record: RunRecord) -> str:
    return json.dumps({**_settings(record), "val data": record.val_data}, sort_keys=True)


def _settings(record: RunRecord) -> dict[str, Any]:
    values = flatten_fields(record.config.model_dump())
    return {"data": record.data, **{key: values[key] for key in values if key != SEED_FIELD}}


def _row(name: str, group: tuple[RunRecord, ...]) -> ComparisonRow:
    metrics = {}
    for metric in METRICS:
        values = tuple(v for record in group if (v := _metric_value(record, metric)) is not None)
        if values:
            metrics[metric] = Spread(values)
    parameters, flops = network_complexity(group[0].config, len(group[0].classes))
    complexity = Complexity(
        parameters or group[0].parameters,
        flops,
        _mean_or_none([record.images_per_second for record in group]),
        _mean_or_none([record.ms_per_step for record in group]),
    )
    intervals = best_intervals(group[0]) if len(group) == 1 else {}
    return ComparisonRow(name, group[0].status, group, metrics, complexity, intervals)


def _metric_value(record: RunRecord, metric: str) -> float | None:
    if metric != "landmark_r":
        return record.best.get(metric)
    for result in record.evaluations.values():
        if metric in result:
            return float(result[metric]["mean"])
    return None


def _mean_or_none(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _row_names(groups: list[tuple[RunRecord, ...]]) -> list[str]:
    """The runs' name without its seed; the directory's name where that is not unique."""
    names = [
        group[0].name if len(group) == 1 else re.sub(r"-s\d+$", "", group[0].name)
        for group in groups
    ]
    counts = Counter(names)
    return [
        name if counts[name] == 1 else group[0].run.path.name
        for name, group in zip(names, groups, strict=True)
    ]


def _differences(rows: tuple[ComparisonRow, ...]) -> dict[str, list[Any]]:
    settings = [
        {**_settings(row.records[0]), SEED_FIELD: row.seeds if len(row.seeds) > 1 else row.seeds[0]}
        for row in rows
    ]
    fields = dict.fromkeys(field for values in settings for field in values)
    columns = {field: [values.get(field) for values in settings] for field in fields}
    return {
        field: values
        for field, values in columns.items()
        if any(value != values[0] for value in values)
    }


def _value_text(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value)
