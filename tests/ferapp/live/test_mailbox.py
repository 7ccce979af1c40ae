"""Mailbox, meters, capture and engine: threads without Qt."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ferapp.live.engine import Engine
from ferapp.live.mailbox import LatestMailbox
from ferapp.live.meters import Percentiles
from ferapp.live.status import LiveStatus, ModelState, SourceStatus
from ferapp.vision.analysis_options import AnalysisOptions
from tests.support.app.engine_parts import (
    THREADS,
    WAIT_S,
    has_map,
    next_analysis,
    status_when,
    until,
)
from trainer.files import asset


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    source, model = request.param
    before = set(threading.enumerate())
    made = Engine(source, model, "cpu")
    made.start()
    yield made
    made.close()
    assert not {t.name for t in set(threading.enumerate()) - before} & THREADS


def test_the_mailbox_keeps_the_latest_and_counts_the_rest() -> None:
    mailbox: LatestMailbox[int] = LatestMailbox()
    assert mailbox.take() is None
    for number in range(5):
        mailbox.put(number)
    assert mailbox.take() == 4
    assert mailbox.take() is None
    assert mailbox.overwritten == 4


def test_an_item_is_put_back_unless_a_newer_one_waits() -> None:
    mailbox: LatestMailbox[int] = LatestMailbox()
    mailbox.put(1)
    assert mailbox.take() == 1
    mailbox.put_back(10)
    assert mailbox.take() == 10
    mailbox.put(2)
    mailbox.put_back(20)
    assert mailbox.take() == 2
    assert mailbox.overwritten == 0


def test_a_waiting_reader_gets_the_item() -> None:
    mailbox: LatestMailbox[str] = LatestMailbox()
    taken: list[str | None] = []
    reader = threading.Thread(target=lambda: taken.append(mailbox.take(timeout=WAIT_S)))
    reader.start()
    mailbox.put("frame")
    reader.join(WAIT_S)
    assert taken == ["frame"]


def test_percentiles_of_known_values() -> None:
    values = Percentiles()
    for value in range(101):
        values.add(value)
    assert values.get() == pytest.approx((50, 95))
    assert Percentiles().get() == (0.0, 0.0)


@pytest.mark.parametrize("engine", [("demo", "default")], indirect=True)
def test_from_the_demo_clip_to_an_explained_face(engine: Engine) -> None:
    analysis = next_analysis(engine, has_map)
    face = analysis.faces[0]
    assert analysis.picture.shape == (360, 640, 4)
    assert face.prediction.smoothed.sum() == pytest.approx(1, abs=1e-4)
    status = engine.status()
    assert status.source.name == "Demo clip"
    assert status.source.notice == ""
    assert (status.model.state, status.model.name) == (ModelState.READY, "default")
    assert status.model.card
    assert "Not for hiring" in status.model.card.summary
    assert (status.model.spec, status.model.device, status.source.uri) == ("default", "cpu", "demo")
    assert status.model.file == asset("models").resolve() / "default.safetensors"
    until(lambda: engine.status().devices)
    assert engine.status().devices[0].name == "cpu"
    until(lambda: engine.status().models[0].ms)
    (listed,) = [model for model in engine.status().models if model.spec == status.model.spec]
    assert (listed.group, listed.name, listed.card) == ("bundled", "default", status.model.card)
    assert list(listed.ms) == ["cpu"]
    assert 0 < listed.ms["cpu"] < 5000
    assert engine.status().rates.face_ms > 0
    engine.painted(analysis)
    assert engine.status().rates.capture_to_paint_p50 > 0

    engine.set_options(AnalysisOptions(attribution=False))
    assert next_analysis(engine, lambda a: a.faces and not has_map(a))


def broken_models(folder: Path) -> dict[str, tuple[Path, str]]:
    """Unusable model files and the message for each, by what is wrong with them."""
    import pickle
    import struct

    import torch

    from trainer.card import ModelCard
    from trainer.models import create
    from trainer.models.model_file import load_model, save_model

    model, card = load_model(asset("models") / "default.safetensors")
    state = dict(model.state_dict())
    sound = folder / "sound.safetensors"
    save_model(sound, state, card)
    good = sound.read_bytes()
    flipped = bytearray(good)
    flipped[-10] ^= 16
    header = struct.unpack("<Q", good[:8])[0]
    huge = good[8 : 8 + header].replace(b'"shape":[7]', b'"shape":[7777777777]')
    contents = {
        "truncated": (good[: len(good) // 2], "truncated or damaged"),
        "flipped": (bytes(flipped), "its checksum"),
        "pickled": (pickle.dumps({"state_dict": {}}), "not a model file of this project"),
        "long header": (struct.pack("<Q", 2 << 30) + good[8:], "not a model file of this project"),
        "huge shape": (struct.pack("<Q", len(huge)) + huge + good[8 + header :], "damaged"),
    }
    states = {
        "NaN": ({"classifier.bias": torch.full((7,), float("nan"))}, card, "not finite"),
        "other type": ({"classifier.bias": torch.ones(7, dtype=torch.int64)}, card, "does not fit"),
        "other shape": ({"classifier.bias": torch.ones(8)}, card, "has the shape (8,)"),
    }
    files = {}
    for name, (content, message) in contents.items():
        files[name] = (folder / f"{name}.safetensors", message)
        files[name][0].write_bytes(content)
    for name, (changed, its_card, message) in states.items():
        files[name] = (folder / f"{name}.safetensors", message)
        save_model(files[name][0], {**state, **changed}, its_card)
    other = ModelCard(
        name="other",
        architecture="resnet18",
        arguments={},
        attribution_layer=card.attribution_layer,
    )
    files["other network"] = (folder / "other network.safetensors", "do not fit the card's network")
    save_model(files["other network"][0], create("compact").state_dict(), other)
    return files


@pytest.mark.parametrize("engine", [("demo", "default")], indirect=True)
def test_a_model_that_cannot_be_loaded_leaves_the_running_one_alone(
    engine: Engine, tmp_path: Path
) -> None:
    until(lambda: engine.status().model.state is ModelState.READY)
    for file, message in broken_models(tmp_path).values():
        engine.load_model(str(file))
        status = status_when(engine, lambda s, file=file: str(file) in s.model.notice)
        assert message in status.model.notice
        assert (status.model.state, status.model.name) == (ModelState.FAILED, "default")
        assert next_analysis(engine, lambda a: a.faces and a.faces[0].prediction)
    engine.load_model(str(tmp_path / "sound.safetensors"))
    assert status_when(engine, lambda s: s.model.state is ModelState.READY).model.notice == ""


@pytest.mark.parametrize("engine", [("demo", "/gone/model.safetensors")], indirect=True)
def test_video_plays_without_any_model(engine: Engine) -> None:
    until(lambda: engine.status().model.state is ModelState.FAILED)
    assert "/gone/model.safetensors" in engine.status().model.notice
    analysis = next_analysis(engine, lambda a: a.faces)
    assert analysis.classes == ()


@pytest.mark.parametrize("engine", [("/gone/clip.mp4", "default")], indirect=True)
def test_a_first_source_that_fails_is_replaced_by_the_demo_clip(engine: Engine) -> None:
    until(lambda: engine.status().source.name == "Demo clip")
    until(lambda: "/gone/clip.mp4" in engine.status().source.notice)
    assert next_analysis(engine, lambda a: True)


def test_the_status_is_a_snapshot() -> None:
    with pytest.raises(AttributeError):
        LiveStatus().source = SourceStatus("other")  # type: ignore[misc]
    assert np.isclose(LiveStatus().rates.stages.total, 0)
