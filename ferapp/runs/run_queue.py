"""The queue of runs: `runs/queue.json`, which the app works off one run at a time per device.

The queue is a value that its owner replaces; reading, writing and starting are slow, and belong in
a task queue. Once an entry has made its run, that run's files are the truth, and the queue forgets
the entry. An entry that was started and left no run, because the app and it were killed, waits
again.
"""

import json
import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ferapp.runs.training_process import (
    TrainingProcess,
    config_arguments,
    find_run_of,
)
from trainer.config.loading import load_config, saved_config
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.file_lock import lock_file
from trainer.files import write_json
from trainer.reports.run_list.run_process import find_process
from trainer.training.run_dir import with_absolute_paths

log = logging.getLogger(__name__)

QUEUE_FILE = "queue.json"
GRID_FIELDS = 2  # at most
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A run that waits. `key` marks the run's files as this entry's once it is started."""

    name: str
    data: str
    config: TrainConfig
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, name: str, data: str, config: TrainConfig) -> "QueueEntry":
        """With absolute paths: the app may be started from another folder next time."""
        path = str(Path(data).expanduser().absolute())
        return cls(name, path, with_absolute_paths(config))

    @property
    def device(self) -> str:
        return self.config.run.device


@dataclass(frozen=True, slots=True)
class PreparingEntry:
    """An entry whose process has not made its run yet; pid -1 until it is started."""

    entry: QueueEntry
    pid: int = -1
    time: float = 0.0

    @property
    def is_alive(self) -> bool:
        return find_process({"pid": self.pid, "time": self.time}) is not None


@dataclass(frozen=True, slots=True)
class RunQueue:
    """`waiting` in their order. `problem` is what the file held that could not be read."""

    waiting: tuple[QueueEntry, ...] = ()
    preparing: tuple[PreparingEntry, ...] = ()
    is_paused: bool = False
    problem: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether there is something to start, or a start to follow."""
        return bool(self.preparing or (self.waiting and not self.is_paused))

    def added(self, entries: Iterable[QueueEntry]) -> "RunQueue":
        return replace(self, waiting=(*self.waiting, *entries))

    def removed(self, keys: Iterable[str]) -> "RunQueue":
        dropped = set(keys)
        return replace(self, waiting=tuple(e for e in self.waiting if e.key not in dropped))

    def ordered(self, keys: Sequence[str]) -> "RunQueue":
        """Waiting entries in the order of `keys`; those that it does not name come last."""
        place = {key: row for row, key in enumerate(keys)}
        waiting = sorted(self.waiting, key=lambda entry: place.get(entry.key, len(place)))
        return replace(self, waiting=tuple(waiting))

    def startable(self, busy: Iterable[str]) -> QueueEntry | None:
        """The first entry whose device is free, where runs train on the `busy` ones."""
        devices = [*busy, *(each.entry.device for each in self.preparing)]
        if self.is_paused or self.preparing:  # two would write the same cache of the data
            return None
        free = (e for e in self.waiting if not any(same_device(e.device, d) for d in devices))
        return next(free, None)

    def started(self, entry: QueueEntry, pid: int = -1) -> "RunQueue":
        """With `entry` no longer waiting, but preparing; once more when its `pid` is known."""
        others = tuple(each for each in self.preparing if each.entry.key != entry.key)
        preparing = (*others, PreparingEntry(entry, pid, time.time()))
        return replace(self.removed([entry.key]), preparing=preparing)

    def settled(self, key: str) -> "RunQueue":
        """Without the entry that has made its run, or failed before."""
        preparing = tuple(each for each in self.preparing if each.entry.key != key)
        return replace(self, preparing=preparing)


def same_device(first: str, second: str) -> bool:
    """Whether two runs may share a device; `auto` may be any."""
    names = {name.replace("cuda:0", "cuda") for name in (first, second)}
    return AUTO in names or len(names) == 1


def expand(
    config: TrainConfig, seeds: int, grid: Mapping[str, Sequence[Any]]
) -> list[tuple[str, TrainConfig]]:
    """One configuration for each combination of the grid's values and of `seeds` seeds.

    `grid` maps at most two fields (`optim.learning_rate`) to their values. Seeds count up from the
    configuration's. Each comes with the end of a name, such as `learning_rate-0.1-s2`; "" where
    there is one only. Raises UsageError for a field or a value that does not fit.
    """
    if len(grid) > GRID_FIELDS:
        raise UsageError(f"a grid has at most {GRID_FIELDS} fields")
    made = []
    for values in product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        label = "-".join(f"{_short(key)}-{_plain(value)}" for key, value in chosen.items())
        for seed in range(config.run.seed, config.run.seed + seeds):
            seeded = {**chosen, "run.seed": seed} if seeds > 1 else chosen
            ending = f"s{seed}" if seeds > 1 else ""
            name = "-".join(filter(None, (label, ending)))
            made.append((name, load_config(None, seeded, **config.model_dump())))
    return made


def _short(key: str) -> str:
    """`learning_rate`; of a loss its name, too: `pal.weight`."""
    return key.split(".", 1)[1]


def _plain(value: Any) -> str:
    """A value with the characters that a run's name may have."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in str(value)).strip("_")


# --- the file, and processes: slow --------------------------------------------------------------


class QueueLock:
    """Of several windows that share a folder of runs one works off its queue: who has this lock.

    The lock is the system's and ends with the process, however that ends.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._lock = FileLock(lock_file(runs / QUEUE_FILE), thread_local=False)

    @property
    def is_held(self) -> bool:
        return self._lock.is_locked

    def acquire(self) -> bool:
        """Whether nobody else has it. Without a folder there is no queue yet, and nothing to lock.

        Where the file system has no locks, nobody is kept out.
        """
        if self.is_held or not self._runs.is_dir():
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            log.warning("The queue cannot be locked: %s", error)
        return True

    def release(self) -> None:
        self._lock.release()


def read_queue(runs: Path) -> RunQueue:
    """The queue of a folder of runs; without a file an empty one."""
    file = runs / QUEUE_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        stored, preparing = list(content["waiting"]), list(content["preparing"])
        is_paused = content["paused"] is True
    except FileNotFoundError:
        return RunQueue()
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        log.warning("%s cannot be read: %s", file, error)
        return RunQueue(problem=f"The queue in {file} could not be read.")
    entries = [_read_entry(value) for value in stored]
    waiting = tuple(entry for entry in entries if entry is not None)
    started = [(_read_entry(value.get("entry")), value) for value in preparing]
    lost = len(entries) - len(waiting)
    noun = "run" if lost == 1 else "runs"
    return RunQueue(
        waiting,
        tuple(PreparingEntry(e, v["pid"], v["time"]) for e, v in started if e is not None),
        is_paused,
        f"{lost} queued {noun} in {file} could not be read." if lost else "",
    )


def _read_entry(value: Any) -> QueueEntry | None:
    try:
        config = saved_config(value["config"])
        return QueueEntry(str(value["name"]), str(value["data"]), config, str(value["key"]))
    except (ValidationError, LookupError, TypeError) as error:
        log.warning("An entry of the queue cannot be read: %s", error)
        return None


def write_queue(runs: Path, queue: RunQueue) -> None:
    """Raises OSError."""
    content = {
        "paused": queue.is_paused,
        "waiting": [_entry_values(entry) for entry in queue.waiting],
        "preparing": [
            {"entry": _entry_values(each.entry), "pid": each.pid, "time": each.time}
            for each in queue.preparing
        ],
    }
    write_json(runs / QUEUE_FILE, content)


def _entry_values(entry: QueueEntry) -> dict[str, Any]:
    config = entry.config.model_dump()
    return {"name": entry.name, "data": entry.data, "config": config, "key": entry.key}


def start_entry(runs: Path, entry: QueueEntry) -> TrainingProcess:
    """Start the training of an entry. Raises OSError."""
    file = _config_file(runs, entry.key)
    write_json(file, {"config": entry.config.model_dump()})
    arguments = config_arguments(file, entry.data, entry.name, runs)
    return TrainingProcess(arguments, runs, token=entry.key)


def forget_start(runs: Path, key: str) -> None:
    """Remove what `start_entry` wrote, once the process has read it."""
    _config_file(runs, key).unlink(missing_ok=True)


def _config_file(runs: Path, key: str) -> Path:
    return runs / f".queued-{key}.json"


def recovered(runs: Path, queue: RunQueue) -> RunQueue:
    """The queue after processes that no app watched: a start without a run or process waits."""
    for each in queue.preparing:
        key = each.entry.key
        has_run = find_run_of(key, runs) is not None
        if not has_run and each.is_alive:
            continue
        queue = queue.settled(key)
        if not has_run:
            queue = replace(queue, waiting=(each.entry, *queue.waiting))
        forget_start(runs, key)
    return queue
