"""Workers for a study's sources: processes of this computer or of a Dask cluster, by joblib."""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import psutil
from joblib.externals.loky import get_reusable_executor

from ferapp.studies.study_record import (
    PROGRESS_FILE,
    State,
    StudyProgress,
    append_events,
    read_events,
)
from ferapp.studies.study_worker import StudyTask, analyze_study_source, ignore_interrupts
from trainer.errors import FerError, UsageError

WORKERS_FOLDER = ".workers"  # in the study's folder while it runs: the workers' events
COLLECT_S = 0.3
CONNECT_S = 10
PROCESS_BYTES = 1.2 * 2**30  # the most that a worker takes
ENDED = (
    "the process that analysed it was ended twice: memory may have run out, or a library may have "
    "crashed on this file"
)


@dataclass(frozen=True, slots=True)
class Workers:
    """`jobs` at once, each with `threads` of torch; `client` is Dask's, None on this computer."""

    jobs: int
    threads: int
    client: Any = None


@contextmanager
def local_workers(jobs: int | None, sources: int) -> Iterator[Workers]:
    """`jobs` None: one for each core, as far as memory reaches."""
    cores = int(joblib.cpu_count())
    room = int(psutil.virtual_memory().available // PROCESS_BYTES)
    count = jobs or max(1, min(cores, room, sources))
    try:
        yield Workers(count, max(1, cores // count))
    finally:
        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


@contextmanager
def cluster_workers(address: str, jobs: int | None) -> Iterator[Workers]:
    """Those of the Dask scheduler at `address`, which see the same files. Raises FerError."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            "--cluster needs the package dask, which is not installed",
            "Install it: pip install 'ferapp[cluster]'",
        ) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise FerError(
            f"--cluster {address}: no Dask scheduler answers there",
            "Start one with `dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`.",
        ) from error
    with client:
        cores = sum(client.ncores().values())
        if not cores:
            raise FerError(
                f"--cluster {address}: the scheduler has no workers",
                f"Start some: dask worker {address} --nthreads 1 --nworkers 2",
            )
        yield Workers(min(jobs or cores, cores), 1, client)


class EventCollector:
    """Copies what workers tell into `progress.jsonl`, in a thread, and keeps the state of all.

    `changed` is called with it, at least every COLLECT_S.
    """

    def __init__(self, out: Path, changed: Callable[[StudyProgress], None]) -> None:
        self.folder = out / WORKERS_FOLDER
        self.progress = StudyProgress(out)
        self._file, self._changed = out / PROGRESS_FILE, changed
        self._read: dict[Path, int] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="study events")

    def __enter__(self) -> "EventCollector":
        shutil.rmtree(self.folder, ignore_errors=True)  # of a killed run, whose workers end now
        self.folder.mkdir()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self.collect()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, **event: object) -> None:
        """An event of the study's own process."""
        with self._lock:
            self._append([event])
        self._changed(self.progress)

    def collect(self) -> None:
        with self._lock:
            for file in sorted(self.folder.glob("*.jsonl")):
                events, self._read[file] = read_events(file, self._read.get(file, 0))
                self._append(events)
        self._changed(self.progress)

    def state_of(self, task: StudyTask) -> State:
        return self.progress.of(task.source.name).state

    def _append(self, events: Sequence[dict[str, Any]]) -> None:
        if events:
            with suppress(OSError):  # a full disk; the tables say it, too
                append_events(self._file, events)
        for event in events:
            self.progress.apply(event)

    def _run(self) -> None:
        while not self._stopped.wait(COLLECT_S):
            self.collect()


def run_tasks(tasks: Sequence[StudyTask], workers: Workers, collector: EventCollector) -> None:
    """All of them, also where the system ends a worker.

    Then joblib gives up, and nobody knows whose source it was: those that were running are
    analysed again at the end, one at a time, and fail only if they end their worker once more.
    Raises FerError where workers end before they have begun.
    """
    waiting, suspects = list(tasks), list[StudyTask]()
    while waiting and _end_a_worker(waiting, workers, workers.jobs):
        collector.collect()
        running = [task for task in waiting if collector.state_of(task) == "running"]
        if not running:
            raise FerError(
                "The processes that analyse end as soon as they start",
                "Memory may be short: try --jobs 1, or close programs.",
            )
        suspects += running
        waiting = [task for task in waiting if collector.state_of(task) == "waiting"]
    for task in suspects:
        if _end_a_worker([task], workers, 1):
            collector.collect()
            collector.add(source=task.source.name, state="failed", reason=ENDED)


def _end_a_worker(tasks: Sequence[StudyTask], workers: Workers, jobs: int) -> bool:
    """Analyse `tasks`; whether a worker was ended meanwhile, and some are left."""
    try:
        if workers.client is not None:
            return _run_on_cluster(tasks, workers.client, jobs)
        if jobs == 1:
            # joblib would compute in this process, where a crash ends the study: loky, its own pool
            executor = get_reusable_executor(
                max_workers=1,
                initializer=ignore_interrupts,
                env={"OMP_NUM_THREADS": str(workers.threads)},
            )
            list(executor.map(analyze_study_source, tasks))
        else:
            with joblib.parallel_config(
                "loky", inner_max_num_threads=workers.threads, initializer=ignore_interrupts
            ):
                joblib.Parallel(jobs, pre_dispatch=jobs, batch_size=1)(_calls(tasks))
    except BrokenExecutor:
        return True
    return False


def _run_on_cluster(tasks: Sequence[StudyTask], client: Any, jobs: int) -> bool:
    from distributed import KilledWorker

    try:
        with joblib.parallel_config("dask", client=client):
            joblib.Parallel(pre_dispatch=jobs, batch_size=1)(_calls(tasks))
    except KilledWorker:  # after the third on the same source
        return True
    return False


def _calls(tasks: Sequence[StudyTask]) -> Iterator[Any]:
    return (joblib.delayed(analyze_study_source)(task) for task in tasks)
