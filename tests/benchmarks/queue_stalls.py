"""How long the window's thread is kept from its events while a queue of five runs is worked off.

    python -m tests.benchmarks.queue_stalls

Prints the longest time between two events of a timer of 5 ms, and the longest that the thread spent
computing between two: on a machine whose cores all train, the first is also the scheduler's.
"""

import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ferapp.runs.run_queue import QueueEntry, RunQueue, expand, read_queue, write_queue
from tests.support.app.queue_app import make_page
from tests.support.ui.train_bench import SETS, save_cartoons
from trainer.config.loading import load_config

BEAT_MS = 5


class Beats:
    """The gaps between beats (ms), of the clock and of the thread's own computing."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.computed: list[float] = []
        self._last = (time.perf_counter(), time.thread_time())

    def beat(self) -> None:
        now = (time.perf_counter(), time.thread_time())
        self.gaps.append(1000 * (now[0] - self._last[0]))
        self.computed.append(1000 * (now[1] - self._last[1]))
        self._last = now


def main(folder: Path) -> None:
    runs, data = folder / "runs", folder / "data"
    save_cartoons(data)
    config = load_config(None, [f"{key}={value}" for key, value in SETS.items()])
    entries = [
        QueueEntry.of(f"q{k}", str(data), each) for k, (_, each) in enumerate(expand(config, 5, {}))
    ]
    write_queue(runs, RunQueue().added(entries))
    app = QApplication([])
    page = make_page(runs)
    page.resize(1280, 760)
    page.show()
    beats = Beats()
    timer = QTimer(interval=BEAT_MS)
    timer.timeout.connect(beats.beat)

    def end_if_done() -> None:
        is_done = read_queue(runs) == RunQueue() and not page.trainings
        if is_done and len(list(runs.glob("*/config.json"))) == len(entries):
            app.quit()

    watch = QTimer(interval=2000)
    watch.timeout.connect(end_if_done)
    # the page's first layout is that of every start
    QTimer.singleShot(1500, lambda: (beats.beat(), beats.gaps.clear(), beats.computed.clear()))
    QTimer.singleShot(1500, timer.start)
    QTimer.singleShot(1500, watch.start)
    began = time.perf_counter()
    app.exec()
    page.stop()
    slow = sum(gap > 50 for gap in beats.gaps)
    print(
        f"{len(entries)} runs in {time.perf_counter() - began:.0f} s, {len(beats.gaps)} beats: "
        f"longest gap {max(beats.gaps):.0f} ms ({slow} over 50 ms), "
        f"longest computing {max(beats.computed):.0f} ms"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
