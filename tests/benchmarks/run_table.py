"""How long 200 runs on the Train page block its window.

    python tests/benchmarks/run_table.py [RUNS]

Offscreen at 1280 × 720, with made-up runs of 30 epochs, of which one grows while others are sorted
and searched. Prints one JSON object: the longest pass of the event loop in ms for each operation,
as CPU time of the window's thread and as wall-clock time, which other programs lengthen; and the
ms of the first and of a later reading of all runs' files.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow

from ferapp.review.retraining import retraining_verdict
from ferapp.runs.checks.data_check import check_data
from ferapp.runs.compare import compare_runs
from ferapp.runs.run_reader import RunFolder
from ferapp.ui.shell.page import Links
from ferapp.ui.train.train_page import TrainPage, TrainTools
from ferapp.ui.widgets import theme
from tests.support.runs.many_runs import made_up_step, make_many_runs

SECONDS = 3.0  # watched after each operation: four readings of the files


def longest_ms(app: QApplication, operation: Callable[[], object]) -> dict[str, float]:
    began, cpu, wall = time.perf_counter(), 0.0, 0.0
    first: Callable[[], object] | None = operation
    while time.perf_counter() - began < SECONDS:
        start, start_cpu = time.perf_counter(), time.thread_time()
        if first is not None:
            first()
            first = None
        app.processEvents()
        cpu = max(cpu, time.thread_time() - start_cpu)
        wall = max(wall, time.perf_counter() - start)
        time.sleep(0.001)
    return {"cpu": round(1000 * cpu, 1), "wall": round(1000 * wall, 1)}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    app = QApplication([])
    theme.apply_theme(app, "dark")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        made = make_many_runs(runs, count)
        reader, reading = RunFolder(runs), []
        for _ in range(2):
            start = time.perf_counter()
            reader.list()
            reading.append(round(1000 * (time.perf_counter() - start), 1))
        links = Links(*(lambda *_: None for _ in fields(Links)))
        page = TrainPage(TrainTools(check_data, retraining_verdict, compare_runs, runs), links)
        window = QMainWindow()
        window.setCentralWidget(page)
        window.resize(1280, 720)

        def grow() -> None:
            with made[5].events.open("a") as stream:
                stream.write(json.dumps(made_up_step(601, 900, 31)) + "\n")

        operations: dict[str, Callable[[], object]] = {
            "open": window.show,
            "table": page.desk.wide.click,
            "sort": lambda: page.list.sortByColumn(2, Qt.SortOrder.DescendingOrder),
            "search": lambda: page.desk.search.setText("accuracy>60 done"),
            "clear": page.desk.search.clear,
            "live update": grow,
            "select all": page.list.selectAll,
            "cards": page.desk.wide.click,
        }
        result = {name: longest_ms(app, operation) for name, operation in operations.items()}
        listed = len(page.list.entries.runs)
        page.stop()
        window.close()
    print(json.dumps({"runs": listed, "read_ms": reading, **result}))


if __name__ == "__main__":
    main()
