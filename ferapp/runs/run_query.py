"""What is typed to search the table of runs: words, and limits such as `accuracy>60`."""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer.reports.run_list.run_rows import RunRow

FIELDS: dict[str, Callable[[RunRow], float]] = {
    "accuracy": lambda row: 100 * row.figure("accuracy"),
    "mean": lambda row: 100 * row.figure("mean_class_accuracy"),
    "f1": lambda row: row.figure("macro_f1"),
    "ece": lambda row: row.figure("ece"),
    "epoch": lambda row: math.nan if row.best_epoch is None else row.best_epoch,
    "seed": lambda row: math.nan if row.seed is None else row.seed,
    "n": lambda row: row.n or math.nan,
}
QUERY_HELP = (
    "Every word must occur in name, status, data, network, tags or notes.\n"
    "tag:night finds that tag alone. Limits: accuracy>60 (%), mean>60 (%), f1>=0.6,\n"
    "ece<0.05, epoch>10, seed=3, n>1000."
)
_LIMIT = re.compile(rf"({'|'.join(FIELDS)})(<=|>=|<|>|=)(-?\d+(?:\.\d+)?)%?")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunQuery:
    """A run matches with all its `words` and `tags`, in lower case, within all `limits`."""

    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    limits: tuple[tuple[str, str, float], ...] = ()  # field, comparison, value

    def matches(self, row: RunRow, name: str) -> bool:
        """`name` is the one displayed. An unknown figure is within no limit."""
        if not all(_COMPARE[sign](FIELDS[key](row), value) for key, sign, value in self.limits):
            return False
        tags = [tag.casefold() for tag in row.about.tags]
        if not all(tag in tags for tag in self.tags):
            return False
        texts = (name, row.path.name, row.status_text, Path(row.data).name, row.network)
        text = "\n".join((*texts, *row.about.tags, row.about.notes)).casefold()
        return all(word in text for word in self.words)


def parse_query(text: str) -> RunQuery:
    """Whatever is no limit and no tag is a word."""
    words, tags, limits = list[str](), list[str](), list[tuple[str, str, float]]()
    for part in text.casefold().split():
        limit = _LIMIT.fullmatch(part)
        if limit is not None:
            limits.append((limit[1], limit[2], float(limit[3])))
        elif part.startswith("tag:") and part != "tag:":
            tags.append(part.removeprefix("tag:"))
        else:
            words.append(part)
    return RunQuery(tuple(words), tuple(tags), tuple(limits))
