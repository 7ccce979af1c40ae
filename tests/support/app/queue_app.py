"""A Train page that works off the queue of a folder of runs, until it is killed.

python -m tests.support.app.queue_app RUNS
"""

import sys
from dataclasses import fields
from pathlib import Path

from PySide6.QtWidgets import QApplication

from ferapp.review.retraining import retraining_verdict
from ferapp.runs.checks.data_check import check_data
from ferapp.runs.compare import compare_runs
from ferapp.ui.shell.page import Links
from ferapp.ui.train.train_page import TrainPage, TrainTools


def make_page(runs: Path) -> TrainPage:
    links = Links(*[lambda *_: None] * len(fields(Links)))
    return TrainPage(TrainTools(check_data, retraining_verdict, compare_runs, runs), links)


def main(runs: Path) -> None:
    app = QApplication([])
    page = make_page(runs)
    page.show()
    app.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
