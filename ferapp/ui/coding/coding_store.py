"""Saves a coder's intervals after each change, in a thread, and at the end."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_file import read_stored, store_coder
from trainer.errors import FerError, error_text


class CodingStore:
    """Of one `file`. `report` gets a message when it cannot be written, once until it can again."""

    def __init__(self, file: Path, tasks: TaskQueue, report: Callable[[str], None]) -> None:
        self.file, self._tasks, self._report = file, tasks, report
        self._unsaved: dict[str, tuple[CodedInterval, ...]] = {}
        self._has_failed = False

    def save(self, coder: str, intervals: Sequence[CodedInterval]) -> None:
        """Write soon; of several changes that wait, the newest is written."""
        content = self._unsaved[coder] = tuple(intervals)

        def done(result: object) -> None:
            if isinstance(result, TaskFailure):
                self._fail(result.message)
            else:
                self._has_failed = False
                if self._unsaved.get(coder) is content:
                    del self._unsaved[coder]

        self._tasks.submit(_key(coder), lambda: store_coder(self.file, coder, content), done)

    def finish(self) -> None:
        """Write now what waits to be written."""
        unsaved, self._unsaved = self._unsaved, {}
        for coder, intervals in unsaved.items():
            self._tasks.cancel(_key(coder))
            try:
                store_coder(self.file, coder, intervals)
            except (OSError, FerError) as error:
                self._fail(error_text(error))

    def read(self) -> tuple[CodedInterval, ...]:
        """All coders' intervals. Raises FerError where the file is no coding."""
        return read_stored(self.file)

    def _fail(self, message: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._report(f"The coding could not be saved: {message}")


def _key(coder: str) -> str:
    return f"save {coder}"
