"""Two models analyse the same frames; the engine is scripted, the analyzer real."""

import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from ferapp.live.status import ModelState
from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.pipeline import Analyzer
from tests.support.app.engine_parts import (
    EngineBench,
    FakeClassifier,
    next_analysis,
    ready,
    status_when,
    until,
)
from trainer.attribution_methods import DEFAULT_METHOD as DEFAULT
from trainer.faces.landmarker import FaceLandmarker


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineBench:
    monkeypatch.chdir(tmp_path)
    return EngineBench.in_folder(tmp_path)


def test_a_second_model_joins_and_leaves(bench: EngineBench) -> None:
    with bench.engine() as engine:
        ready(engine)
        assert next_analysis(engine, lambda a: "model" in a.classes).models[1:] == ()
        engine.compare_with("two")
        status = status_when(engine, lambda s: s.second_model and s.second_model.name == "two")
        assert status.second_model is not None
        assert (status.second_model.state, status.model.name) == (ModelState.READY, "one")
        second = next_analysis(engine, lambda a: len(a.models) == 2)
        assert second.models[1] is not None
        assert second.models[1].classes == ("two",)
        engine.compare_with("")
        status_when(engine, lambda s: s.second_model is None)
        next_analysis(engine, lambda a: len(a.models) == 1)
        assert engine._second_loader is not None
        assert engine._second_loader.current.loaded is None  # its memory is free
        engine.compare_with("two")
        status_when(engine, lambda s: s.second_model and s.second_model.name == "two")


def test_ending_the_comparison_cancels_a_load_in_progress(
    bench: EngineBench, monkeypatch: pytest.MonkeyPatch
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
        loader = engine._second_loader
        assert loader is not None
        until(lambda: loader._is_loading)
        engine.compare_with("")
        gate.set()
        until(lambda: len(made) == 2 and not loader._is_loading)
        until(lambda: made[1]() is None, "the second model is released")
        assert loader.current.state is ModelState.NONE
        engine.compare_with("two")
        status_when(engine, lambda s: s.second_model is not None and s.second_model.name == "two")


def test_a_load_that_has_not_begun_is_cancelled_too(bench: EngineBench) -> None:
    gate = threading.Event()
    bench.load_fails = lambda model, _: model == "two" and gate.wait(20)
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("two")
        loader = engine._second_loader
        assert loader is not None
        until(lambda: loader._is_loading)
        engine.compare_with("nobody")  # waits for the load of "two"
        engine.compare_with("")
        gate.set()
        until(lambda: not loader._is_loading)
        assert loader.current.state is ModelState.NONE
        assert "nobody" not in [model for model, _ in bench.loads]


def test_a_missing_second_model_is_reported(bench: EngineBench) -> None:
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("nobody")
        status = status_when(
            engine, lambda s: s.second_model and s.second_model.state is ModelState.FAILED
        )
        assert status.second_model is not None
        assert "nobody" in status.second_model.notice
        assert (status.model.state, status.model.notice) == (ModelState.READY, "")
        next_analysis(engine, lambda a: "model" in a.classes)


def test_a_failing_second_model_is_released_and_the_first_keeps_running(bench: EngineBench) -> None:
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("two")
        next_analysis(engine, lambda a: len(a.models) == 2)
        calls: list[int] = []

        def every_second(device: str, options: AnalysisOptions) -> None:
            calls.append(1)
            if len(calls) % 2 == 0:  # the first model's turn, then the second's
                raise RuntimeError("it gives NaN")

        bench.model_fails = every_second
        status = status_when(engine, lambda s: s.second_model and s.second_model.notice)
        assert status.second_model is not None
        notice = status.second_model.notice
        assert "it gives NaN" in notice or "two" in notice


def test_one_model_explains_by_two_methods(bench: EngineBench) -> None:
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("two")
        next_analysis(engine, lambda a: len(a.models) == 2)
        engine.compare_with("", "gradcam")
        status = status_when(engine, lambda s: s.second_method)
        assert status.second_model == status.model
        assert status.second_method == "gradcam"
        both = next_analysis(engine, lambda a: len(a.models) == 2 and a.models[1].method != DEFAULT)
        assert [model.method for model in both.models if model] == [DEFAULT, "gradcam"]
        assert engine._second_loader is not None
        assert engine._second_loader.current.loaded is None  # no second model is in memory
        engine.compare_with("")
        assert engine.status().second_model is None
        next_analysis(engine, lambda a: len(a.models) == 1)


def test_a_method_that_fails_leaves_the_first_explanation(bench: EngineBench) -> None:
    def fails(device: str, options: AnalysisOptions) -> None:
        if options.method == "gradcam":
            raise RuntimeError("it gives NaN")

    bench.model_fails = fails
    with bench.engine() as engine:
        ready(engine)
        engine.compare_with("", "gradcam")
        status = status_when(engine, lambda s: s.second_model and s.second_model.notice)
        assert status.second_model is not None
        assert "it gives NaN" in status.second_model.notice
        assert (status.model.state, status.model.notice) == (ModelState.READY, "")
        next_analysis(engine, lambda a: "model" in a.classes)
        engine.compare_with("", "layercam")  # another one may work
        next_analysis(engine, lambda a: len(a.models) == 2)


def test_both_models_get_the_same_face(demo_frame: np.ndarray) -> None:
    landmarker = FaceLandmarker(video=True)
    analyzer = Analyzer(landmarker)
    first, second = Classifier("twin-ce", "cpu"), Classifier("twin-pal", "cpu")
    options = AnalysisOptions(smoothing_s=0)
    alone = analyzer.analyze(Frame(demo_frame, 0, 0.0, 0.0), first, options, paint=False)
    both = analyzer.compare(alone, second, options)
    landmarker.close()
    (face,) = both.faces
    a, b = face.predictions
    assert a is not None
    assert b is not None
    assert [model.classes for model in both.models if model] == [a.classes, b.classes]
    assert a.attribution is not None
    assert b.attribution is not None
    np.testing.assert_array_equal(a.attribution.from_frame, b.attribution.from_frame)
    assert not np.allclose(a.probabilities, b.probabilities, atol=1e-3)
    other = Analyzer()
    other._detections = analyzer._detections
    again = other.compare(alone, first, options).faces[0].predictions[1]
    assert again is not None
    np.testing.assert_allclose(again.probabilities, a.probabilities, atol=1e-5)


def test_only_the_second_model_has_predictions_while_the_first_is_not_loaded(
    demo_frame: np.ndarray,
) -> None:
    with FaceLandmarker(video=True) as landmarker:
        analyzer, options = Analyzer(landmarker), AnalysisOptions()
        alone = analyzer.analyze(Frame(demo_frame, 0, 0.0, 0.0), None, options, paint=False)
        both = analyzer.compare(alone, Classifier("default", "cpu"), options)
    assert alone.models == ()
    assert (both.models[0], both.classes) == (None, ())
    (face,) = both.faces
    assert face.prediction is None
    assert face.predicted_by(1) is not None
