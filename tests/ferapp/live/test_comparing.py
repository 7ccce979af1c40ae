"""Two models look at the same frames; the engine is scripted, the analyzer real."""

import threading
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.live.status import ModelState
from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import Options
from ferapp.vision.classifier import Classifier
from ferapp.vision.pipeline import Analyzer
from tests.support.app.engine_parts import (
    Bench,
    FakeClassifier,
    next_analysis,
    ready,
    status_when,
    until,
)
from trainer.faces.landmarker import FaceLandmarker


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench.in_folder(tmp_path)


def test_a_second_model_joins_and_leaves(bench: Bench) -> None:
    with bench.engine() as engine:
        ready(engine)
        assert next_analysis(engine, lambda a: "model" in a.classes).other is None
        engine.compare_with("two")
        status = status_when(engine, lambda s: s.other_name == "two")
        assert (status.other_state, status.model_name) == (ModelState.READY, "one")
        second = next_analysis(engine, lambda a: a.other is not None)
        assert second.other is not None
        assert second.other.classes == ("two",)
        assert second.other.frame is second.frame
        engine.compare_with("")
        status_when(engine, lambda s: s.other_state is ModelState.NONE)
        next_analysis(engine, lambda a: a.other is None)
        assert engine._other is not None
        assert engine._other.current.loaded is None  # its memory is free
        engine.compare_with("two")
        status_when(engine, lambda s: s.other_name == "two")


def test_ending_the_comparison_cancels_a_load_in_progress(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, made = threading.Event(), []
    make = bench.make_classifier

    def make_slowly(model: str, device: str) -> FakeClassifier:
        if model == "two":
            gate.wait(20)
        classifier = make(model, device)
        made.append(weakref.ref(classifier))
        return classifier

    monkeypatch.setattr(bench, "make_classifier", make_slowly)
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("two")
        loader = engine._other
        assert loader is not None
        until(lambda: loader._is_loading)
        engine.compare_with("")
        gate.set()
        until(lambda: len(made) == 2 and not loader._is_loading)
        until(lambda: made[1]() is None, "the second model is released")
        assert loader.current.state is ModelState.NONE
        engine.compare_with("two")
        status_when(engine, lambda s: s.other_name == "two")


def test_a_load_that_has_not_begun_is_cancelled_too(bench: Bench) -> None:
    gate = threading.Event()
    bench.load_fails = lambda model, _: model == "two" and gate.wait(20)
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("two")
        loader = engine._other
        assert loader is not None
        until(lambda: loader._is_loading)
        engine.compare_with("nobody")  # waits for the load of "two"
        engine.compare_with("")
        gate.set()
        until(lambda: not loader._is_loading)
        assert loader.current.state is ModelState.NONE
        assert "nobody" not in [model for model, _ in bench.loads]


def test_a_second_model_that_is_not_there_says_so(bench: Bench) -> None:
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("nobody")
        status = status_when(engine, lambda s: s.other_state is ModelState.FAILED)
        assert "nobody" in status.other_notice
        assert (status.model_state, status.model_notice) == (ModelState.READY, "")
        next_analysis(engine, lambda a: "model" in a.classes)


def test_a_second_model_that_fails_is_released_and_the_first_goes_on(bench: Bench) -> None:
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("two")
        next_analysis(engine, lambda a: a.other is not None)
        calls: list[int] = []

        def every_second(device: str, options: Options) -> None:
            calls.append(1)
            if len(calls) % 2 == 0:  # the first model's turn, then the second's
                raise RuntimeError("it gives NaN")

        bench.model_fails = every_second
        status = status_when(engine, lambda s: s.other_notice)
        assert "it gives NaN" in status.other_notice or "two" in status.other_notice


def test_both_see_the_same_face(demo_frame: np.ndarray) -> None:
    landmarker = FaceLandmarker(video=True)
    analyzer = Analyzer(landmarker)
    first, second = Classifier("twin-ce", "cpu"), Classifier("twin-pal", "cpu")
    options = Options(smoothing_s=0)
    alone = analyzer.analyze(Frame(demo_frame, 0, 0.0, 0.0), first, options, paint=False)
    both = analyzer.compare(alone, second, options)
    landmarker.close()
    assert both.other is not None
    (a,), (b,) = both.faces, both.other.faces
    assert (a.face_id, a.box) == (b.face_id, b.box)
    np.testing.assert_array_equal(a.crop, b.crop)
    assert not np.allclose(a.probabilities, b.probabilities, atol=1e-3)
    other = Analyzer()
    other._found = analyzer._found
    again = other.compare(replace(both, other=None), first, options)
    assert again.other is not None
    np.testing.assert_allclose(again.other.faces[0].probabilities, a.probabilities, atol=1e-5)
