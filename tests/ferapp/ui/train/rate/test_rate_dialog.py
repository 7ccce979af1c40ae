"""The learning-rate finder in the window: its curve, what it suggests, and how it ends."""

import errno

import numpy as np
import pytest

from ferapp.ui.train.rate import rate_dialog
from ferapp.ui.train.run_form import RATE
from tests.support.ui.train_bench import TrainBench
from trainer.training.rate_curve import rate_curve

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

RATES = np.geomspace(1e-5, 10, 100).tolist()
LOSSES = (1 + 0.3 * (np.log10(RATES) + 1) ** 2).tolist()  # a bowl around 0.1


class SearchStub:
    """A search whose steps and end a test decides."""

    started_at = 0.0

    def __init__(self) -> None:
        self.count, self.code, self.calls = 0, None, list[str]()
        self.output = ""

    def poll(self) -> int | None:
        return self.code

    def steps(self) -> tuple[list[float], list[float]]:
        return RATES[: self.count], LOSSES[: self.count]

    def last_output(self) -> str:
        return self.output

    def kill(self) -> None:
        self.calls.append("kill")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def search(bench: TrainBench, monkeypatch: pytest.MonkeyPatch) -> SearchStub:
    """What the page's button starts."""
    made = SearchStub()
    monkeypatch.setattr(rate_dialog, "POLL_MS", 5)
    monkeypatch.setattr(bench.page.form, "search_rate", lambda: made)
    bench.page.form.data.setText("/")
    bench.page.form.validate()
    bench.page.form.find_rate.click()
    return made


def test_the_suggestion_is_marked_and_fills_the_form(bench: TrainBench, search: SearchStub) -> None:
    finder, field = bench.page.rate_finder, bench.page.form.rows[RATE]
    dialog = finder.dialog
    assert dialog is not None
    assert "Reading the data" in dialog.state.text()
    assert not dialog.use.isEnabled()
    search.count = 40
    bench.wait(lambda: dialog.bar.value() == 40)
    assert dialog.state.text().startswith("Step 40 of 100")
    x, y = dialog.plot._mean.getOriginalDataset()
    np.testing.assert_allclose(x, RATES[:40])
    np.testing.assert_allclose(y, rate_curve(RATES[:40], LOSSES[:40]).smooth)
    assert not dialog.plot.suggestion.isVisible()
    search.count, search.code = 100, 0
    bench.wait(dialog.use.isEnabled)
    rate = rate_curve(RATES, LOSSES).suggestion
    assert rate is not None
    assert dialog.use.text() == f"Use {rate:g}"
    assert dialog.plot.suggestion.isVisible()
    assert dialog.plot.suggestion.value() == pytest.approx(np.log10(rate))
    bench.page.form.find_rate.click()
    assert finder.dialog is dialog  # one at a time
    dialog.use.click()
    assert field.text == f"{rate:g}"
    assert finder.dialog is None
    assert search.calls == ["close"]


def test_cancel_ends_the_search_and_keeps_its_curve(bench: TrainBench, search: SearchStub) -> None:
    dialog = bench.page.rate_finder.dialog
    assert dialog is not None
    search.count = 30
    bench.wait(lambda: dialog.bar.value() == 30)
    dialog.cancel.click()
    assert search.calls == ["kill"]
    assert dialog.state.text() == "Cancelled after 30\u00a0steps."
    assert len(dialog.curve.rates) == 30
    assert not dialog.use.isEnabled()
    assert not dialog.cancel.isEnabled()
    dialog.again.click()
    assert dialog.cancel.isEnabled()
    dialog.close()
    assert search.calls == ["kill", "close", "close"]


@pytest.mark.parametrize(
    ("code", "output", "words"),
    [(2, "Error: it has no split 'train'", "it has no split 'train'"), (0, "", "No learning rate")],
)
def test_a_search_without_a_suggestion_says_why(
    bench: TrainBench, search: SearchStub, code: int, output: str, words: str
) -> None:
    dialog = bench.page.rate_finder.dialog
    assert dialog is not None
    search.code, search.output, search.count = code, output, 3
    bench.wait(lambda: words in dialog.state.text())
    assert not dialog.use.isEnabled()
    assert dialog.again.isEnabled()
    dialog.close()


def test_a_search_that_cannot_be_started_says_so(
    bench: TrainBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bench.page.form, "search_rate", refuse)
    bench.page.rate_finder.open()
    assert bench.page.rate_finder.dialog is None
    assert "No space left on device" in bench.page.toast.label.text()
