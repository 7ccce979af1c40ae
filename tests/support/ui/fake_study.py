"""Stands in for `ferapp analyze SOURCE --out DIR`: sources a and b done at once, c never.

`python -m tests.support.ui.fake_study OUT`; SIGTERM pauses it, and the second run finishes c.
"""

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ferapp.runs.child_process import ChildProcess
from ferapp.runs.study_process import StudyProcess
from ferapp.studies.study_record import PROGRESS_FILE, append_events
from tests.support.ui.study_files import begun, done, failed, running, write_study


class FakeStudyProcess(StudyProcess):
    """As StudyProcess, but nothing is analysed."""

    def __init__(self, arguments: Sequence[str], out: Path, cwd: Path | None = None) -> None:
        self.out, self.is_stopping = out, False
        self.arguments = list(arguments)
        ChildProcess.__init__(self, "tests.support.ui.fake_study", [str(out)], out.parent)


def main(out: Path) -> int:
    is_second = (out / PROGRESS_FILE).exists()
    if out.name == "refused":
        print("Error: There is no video here.")
        return 2
    paused = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: paused.set())
    first = [begun(), done("a", 120, 9.0), failed("b", "damaged"), running("c", 30, 90, 20.0)]
    if is_second:
        unchanged = {"source": "a", "state": "unchanged"}
        end = {"state": "finished", "jobs": 2}
        append_events(out / PROGRESS_FILE, [begun(), unchanged, done("c", 90), end])
        (out / "summary.csv").write_text("source,frames\na,120\nc,90\n", encoding="utf-8")
        return 1
    write_study(out, ("a", "b", "c"), first)
    paused.wait(60)
    append_events(out / PROGRESS_FILE, [{"state": "stopped", "jobs": 2}])
    return 143


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
