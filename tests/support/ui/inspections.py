"""Pages and small evaluations for the tests of the Inspect page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from ferapp.review.classify_pictures import classified_by
from ferapp.review.evaluation import Evaluation
from ferapp.review.opened import Inspected
from ferapp.review.opening import example, open_inspected
from ferapp.review.sample_explainer import Examiner
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.inspect.inspect_tools import Tools
from ferapp.ui.widgets.theme import apply_theme
from trainer.labels import EXPRESSIONS
from trainer.model_index import bundled_models

Make = Callable[..., InspectPage]


@contextmanager
def pages(qtbot: QtBot, app: QApplication, runs: Path) -> Iterator[Make]:
    """Makes pages with the real tools, or with `opener`; each has opened something already."""
    apply_theme(app, "dark")
    made_pages, windows = list[InspectPage](), list[QMainWindow]()

    def made(source: str = "", opener: Callable[..., Inspected] | None = None) -> InspectPage:
        tools = Tools(
            open=opener or (lambda name, say: open_inspected(name, "default", say)),
            examine=Examiner().examine,
            classify=classified_by,
            models=tuple(bundled_models()),
            first=str(example()),
            runs=runs,
        )
        page, window = InspectPage(tools, source), QMainWindow()
        made_pages.append(page)
        windows.append(window)  # qtbot holds it weakly
        qtbot.addWidget(window)
        window.setCentralWidget(page)
        window.setMinimumSize(960, 640)
        window.resize(1280, 760)
        window.show()
        qtbot.waitUntil(lambda: page.opened is not None, timeout=60_000)
        return page

    yield made
    for page in made_pages:
        page.stop()


def small(name: str, count: int, shift: int = 0) -> Inspected:
    """Labels in turn; with `shift` each prediction is another one."""
    rng = np.random.default_rng(0)
    label = np.arange(count, dtype=np.int64) % 7
    logits = np.eye(7, dtype=np.float32)[(label + rng.integers(0, 2, count) + shift) % 7]
    numbers = np.arange(count)
    found = Evaluation(
        name,
        EXPRESSIONS,
        np.array([f"{number:03d}" for number in numbers]),
        numbers,
        np.full(count, "val"),
        label,
        logits,
        np.full((count, 68, 2), np.nan, np.float32),
        np.full((count, 7), np.nan, np.float32),
        1.0,
    )
    return Inspected(name, found, lambda row: None, None, Path("none.jsonl"))
