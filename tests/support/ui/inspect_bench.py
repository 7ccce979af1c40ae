"""Inspect pages in windows of their own, and small evaluations for them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import platformdirs
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import (
    OpenedEvaluation,
    classify_with,
    example,
    open_evaluation,
    open_split,
)
from ferapp.review.sample_explainer import SampleExplainer
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.inspect.inspect_views import InspectView
from ferapp.ui.widgets.theme import apply_theme
from trainer.labels import EXPRESSIONS
from trainer.model_index import bundled_models

MakePage = Callable[..., InspectPage]


@contextmanager
def inspect_pages(qtbot: QtBot, app: QApplication, runs: Path) -> Iterator[MakePage]:
    """Yields a function that makes pages, with the real tools or with `opener`.

    Each page has opened something when it is returned.
    """
    apply_theme(app, "dark")
    made_pages, windows = list[InspectPage](), list[QMainWindow]()

    def made(
        source: str = "",
        opener: Callable[..., OpenedEvaluation] | None = None,
        views: Sequence[InspectView] = (),
    ) -> InspectPage:
        tools = InspectTools(
            open=opener or (lambda name, report: open_evaluation(name, "default", report)),
            explain=SampleExplainer().explain,
            open_split=open_split,
            classify=classify_with,
            models=tuple(bundled_models()),
            first=str(example()),
            runs=runs,
        )
        page, window = InspectPage(tools, source, views), QMainWindow()
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


def small_opened(name: str, count: int, shift: int = 0) -> OpenedEvaluation:
    """Labels in turn; `shift` moves every prediction to another class."""
    rng = np.random.default_rng(0)
    label = np.arange(count, dtype=np.int64) % 7
    logits = np.eye(7, dtype=np.float32)[(label + rng.integers(0, 2, count) + shift) % 7]
    numbers = np.arange(count)
    evaluation = Evaluation(
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
    review = Path(platformdirs.user_data_dir("ferapp")) / "review.jsonl"  # each test's own
    return OpenedEvaluation(name, evaluation, lambda row: None, None, review)
