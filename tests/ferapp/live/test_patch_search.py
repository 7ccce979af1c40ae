"""A search that runs in steps, with the thread and the model of the live view."""

from types import SimpleNamespace

import numpy as np

from ferapp.live.patch_search import PatchSearch
from ferapp.vision.face_mesh import TYPICAL_FACE
from trainer.card import Preprocessing

FACE = (4 * TYPICAL_FACE + 20).astype(np.float32)
PICTURE = np.full((240, 240, 3), 90, np.uint8)


class Stubborn:
    """The same answer, whatever it sees."""

    card = SimpleNamespace(preprocessing=Preprocessing())

    def __init__(self) -> None:
        self.batches: list[int] = []

    def classify(self, crops: np.ndarray, *, attribution: bool) -> object:
        self.batches.append(len(crops))
        return SimpleNamespace(probabilities=np.tile(np.float32([0.9, 0.1]), (len(crops), 1)))


class Failing(Stubborn):
    def classify(self, crops: np.ndarray, *, attribution: bool) -> object:
        raise RuntimeError("no more memory")


def test_one_step_is_one_batch() -> None:
    search, model = PatchSearch(), Stubborn()
    search.step(model)  # type: ignore[arg-type]
    assert not model.batches  # nothing to do
    search.start(PICTURE, FACE, "blur")
    assert search.state is None
    search.step(model)  # type: ignore[arg-type]
    assert search.state is not None
    assert search.state.tested == len(search.state.patches) == model.batches[-1]
    assert len(model.batches) == 2  # the whole face, then the first batch
    steps = 1
    while search.is_running:
        search.step(model)  # type: ignore[arg-type]
        steps += 1
    assert len(model.batches) == steps  # the last step only says that it is done
    assert search.state.is_done
    assert search.state.tested == sum(model.batches) - 1


def test_a_cancelled_search_leaves_nothing() -> None:
    search, model = PatchSearch(), Stubborn()
    search.start(PICTURE, FACE, "blur")
    search.step(model)  # type: ignore[arg-type]
    search.cancel()
    search.step(model)  # type: ignore[arg-type]
    assert not search.is_running
    assert search.state is None
    assert not search.failure


def test_another_model_ends_the_search() -> None:
    search = PatchSearch()
    search.start(PICTURE, FACE, "blur")
    search.step(Stubborn())  # type: ignore[arg-type]
    search.step(Stubborn())  # type: ignore[arg-type]
    assert not search.is_running
    assert "model changed" in search.failure


def test_a_failure_is_reported_once_and_the_next_search_starts_anew() -> None:
    search = PatchSearch()
    search.start(PICTURE, FACE, "blur")
    search.step(Failing())  # type: ignore[arg-type]
    assert not search.is_running
    assert "no more memory" in search.failure
    search.start(PICTURE, FACE, "blur")
    assert not search.failure
    search.step(Stubborn())  # type: ignore[arg-type]
    assert search.state is not None
