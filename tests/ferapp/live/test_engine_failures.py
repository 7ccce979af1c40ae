"""The engine when memory runs out, and when model or landmarks fail; everything is scripted."""

import logging
import threading
from pathlib import Path

import pytest
import torch

from ferapp.live.inference import MAX_FAILURES
from ferapp.live.oom_fallback import NOTICES, Degradation, OomFallback
from ferapp.live.status import ModelState
from ferapp.vision.analysis_options import AnalysisOptions
from tests.support.app.engine_parts import (
    FULL,
    EngineBench,
    failed,
    next_analysis,
    ready,
    status_when,
    until,
)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineBench:
    monkeypatch.chdir(tmp_path)  # its ./runs is empty
    return EngineBench.in_folder(tmp_path)


class TestOutOfMemory:
    def test_the_whole_fallback(self, bench: EngineBench, caplog: pytest.LogCaptureFixture) -> None:
        gates = {
            level: threading.Event() for level in (Degradation.NO_ATTRIBUTION, Degradation.ONE_FACE)
        }

        def full(device: str, options: AnalysisOptions) -> None:
            if device == "cpu":
                return
            if options.max_faces == 1:
                level = Degradation.ONE_FACE
            else:
                level = Degradation.NONE if options.attribution else Degradation.NO_ATTRIBUTION
            if level is Degradation.NONE or gates[level].is_set():
                raise torch.OutOfMemoryError(FULL)

        bench.model_fails = full
        caplog.set_level(logging.INFO, "ferapp")
        with bench.engine() as engine:
            status = status_when(engine, lambda s: "attribution is off" in s.analysis_notice)
            assert status.analysis_notice.startswith("cuda:0 has too little free memory")
            next_analysis(engine, lambda a: "model" in a.classes)
            assert bench.seen[-1] == ("cuda", AnalysisOptions(attribution=False))
            gates[Degradation.NO_ATTRIBUTION].set()
            status_when(engine, lambda s: "only one face" in s.analysis_notice)
            next_analysis(engine, lambda a: "model" in a.classes)
            until(
                lambda: bench.seen[-1] == ("cuda", AnalysisOptions(attribution=False, max_faces=1))
            )
            gates[Degradation.ONE_FACE].set()
            status = ready(engine, device="cpu")
            assert "moved to the CPU" in status.analysis_notice
            assert status.model.notice == ""
            until(lambda: bench.seen[-1] == ("cpu", AnalysisOptions()))  # all of it again
            assert bench.loads == [("one", "auto"), (status.model.spec, "cpu")]
            logged = [r.message for r in caplog.records if "too little" in r.message]
            assert logged == [
                NOTICES[level].format(device="cuda:0")
                for level in Degradation
                if level is not Degradation.NONE
            ]

            engine.load_model("two")  # a chosen model stays on the CPU and is no degradation
            assert ready(engine, "two", "cpu")
            status_when(engine, lambda s: s.analysis_notice == "")

    def test_the_gpu_can_be_chosen_again_when_memory_is_free(self, bench: EngineBench) -> None:
        full = threading.Event()
        full.set()

        def fail(device: str, _: AnalysisOptions) -> None:
            if device != "cpu" and full.is_set():
                raise torch.OutOfMemoryError(FULL)

        bench.model_fails = fail
        with bench.engine() as engine:
            assert "Choose cuda:0 again" in ready(engine, device="cpu").analysis_notice
            full.clear()
            engine.use_device("cuda:0")
            ready(engine, device="cuda:0")
            status_when(engine, lambda s: s.analysis_notice == "")
            until(lambda: bench.seen[-1] == ("cuda", AnalysisOptions()))

    def test_video_keeps_playing_while_the_model_moves_to_the_cpu(self, bench: EngineBench) -> None:
        gate = threading.Event()
        bench.load_fails = lambda _, device: device == "cpu" and gate.wait(10)

        def full(device: str, _: AnalysisOptions) -> None:
            if device != "cpu":
                raise torch.OutOfMemoryError(FULL)

        bench.model_fails = full
        with bench.engine() as engine:
            next_analysis(engine, lambda a: a.classes == ("landmarks",) and len(bench.loads) == 2)
            status = engine.status()
            assert (status.model.state, status.model.spec) == (ModelState.LOADING, "")
            gate.set()
            ready(engine, device="cpu")

    def test_switching_attribution_on_again_retries_it(self, bench: EngineBench) -> None:
        full = threading.Event()
        full.set()

        def fail(_: str, options: AnalysisOptions) -> None:
            if full.is_set() and options.attribution:
                raise torch.OutOfMemoryError(FULL)

        bench.model_fails = fail
        with bench.engine() as engine:
            status_when(engine, lambda s: "attribution is off" in s.analysis_notice)
            engine.set_options(AnalysisOptions(attribution=True, smoothing_s=1))  # it was on before
            until(lambda: bench.seen and bench.seen[-1][1].smoothing_s == 1)
            assert not bench.seen[-1][1].attribution
            full.clear()
            engine.set_options(AnalysisOptions(attribution=False))
            engine.set_options(AnalysisOptions(attribution=True))
            status_when(engine, lambda s: s.analysis_notice == "")
            until(lambda: bench.seen[-1] == ("cuda", AnalysisOptions()))

    @pytest.mark.parametrize("change", ["model", "device"])
    def test_another_model_or_device_starts_with_everything(
        self, bench: EngineBench, change: str
    ) -> None:
        def full(device: str, options: AnalysisOptions) -> None:
            if options.attribution and device == "cuda" and engine.status().model.name == "one":
                raise torch.OutOfMemoryError(FULL)

        bench.model_fails = full
        with bench.engine() as engine:
            status_when(engine, lambda s: "attribution is off" in s.analysis_notice)
            if change == "model":
                engine.load_model("two")
            else:
                engine.use_device("cpu")
            status_when(engine, lambda s: s.analysis_notice == "")
            until(lambda: bench.seen and bench.seen[-1][1] == AnalysisOptions())

    def test_without_attribution_that_level_is_skipped(self) -> None:
        fallback = OomFallback()
        assert (
            fallback.degrade(AnalysisOptions(attribution=False), "cuda:0") is Degradation.ONE_FACE
        )
        assert fallback.limit(AnalysisOptions()) == AnalysisOptions(attribution=False, max_faces=1)
        assert fallback.degrade(AnalysisOptions(), "cuda:0") is Degradation.NO_GPU
        assert fallback.limit(AnalysisOptions()) == AnalysisOptions()
        assert fallback.degrade(AnalysisOptions(), "cuda:0") is Degradation.NO_GPU


class TestFailures:
    def test_a_model_that_fails_occasionally_is_reported_and_stays(
        self, bench: EngineBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        count, stay_bad = 0, threading.Event()

        def fail(_: str, options: AnalysisOptions) -> None:
            nonlocal count
            count += 1
            if count % MAX_FAILURES or stay_bad.is_set():
                raise ValueError("odd picture")

        bench.model_fails = fail
        with bench.engine() as engine:
            status_when(engine, lambda s: "one fails on these pictures" in s.analysis_notice)
            assert next_analysis(engine, lambda a: a.classes == ("landmarks",))  # shown without it
            status_when(engine, lambda s: s.analysis_notice == "")  # a good one cleared it
            until(lambda: count > 10 * MAX_FAILURES)
            assert engine.status().model.name == "one"
            stay_bad.set()
            status = failed(engine)
            assert status.model.name == ""
            assert "one failed 5 times in a row and was stopped" in status.model.notice
            assert "ValueError: odd picture" in status.model.notice
            assert next_analysis(engine, lambda a: a.classes == ("landmarks",))
            status_when(engine, lambda s: s.analysis_notice == "")
            assert "Traceback" in caplog.text
            stay_bad.clear()
            bench.model_fails = lambda *_: None
            engine.use_device("cpu")  # the same model again
            ready(engine, device="cpu")

    def test_out_of_memory_on_the_cpu_is_an_ordinary_failure(self, bench: EngineBench) -> None:
        def full(*_: object) -> None:
            raise RuntimeError("DefaultCPUAllocator: out of memory")

        bench.model_fails = full
        with bench.engine(device="cpu") as engine:
            assert "was stopped" in failed(engine).model.notice

    def test_video_plays_on_when_landmarks_fail(self, bench: EngineBench) -> None:
        bad = threading.Event()
        bad.set()

        def fail() -> None:
            if bad.is_set():
                raise RuntimeError("graph broke")

        bench.faces_fail = fail
        with bench.engine() as engine:
            assert next_analysis(engine, lambda a: a.classes == ())
            status = status_when(engine, lambda s: s.analysis_notice)
            assert status.analysis_notice == "Faces cannot be found: RuntimeError: graph broke"
            bad.clear()
            next_analysis(engine, lambda a: a.classes == ("landmarks", "model"))
            status_when(engine, lambda s: s.analysis_notice == "")

    def test_models_load_even_without_a_landmarker(
        self, bench: EngineBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken() -> None:
            raise RuntimeError("no such graph")

        monkeypatch.setattr(bench, "make_landmarker", broken)
        with bench.engine() as engine:
            status = ready(engine)
            assert status.analysis_notice == "Faces cannot be found: RuntimeError: no such graph"
