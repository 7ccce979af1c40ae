"""The engine with live output: a second process receives what it analyses."""

import socket
from pathlib import Path

import pytest

from ferapp.studies.live_output import osc_output
from ferapp.studies.live_output.output_target import osc_target
from tests.support.app.engine_parts import EngineBench, ready, status_when, until
from tests.support.app.output_parts import Receiver, receiver

pytest.importorskip("pythonosc", reason="needs the extra lsl")


def next_model(received: Receiver, name: str) -> list[str]:
    """The classes of this model, once its description arrives."""
    while True:
        messages = {address: rest for address, *rest in received.next()["messages"]}
        if messages.get("/ferapp/model") == [name]:
            return list(messages["/ferapp/classes"])


def test_it_is_off_until_asked_and_goes_on_behind_other_pages(tmp_path: Path) -> None:
    bench = EngineBench.in_folder(tmp_path)
    with receiver("osc") as received, bench.engine() as engine:
        target = osc_target(f"127.0.0.1:{received.next()['port']}")
        ready(engine)
        assert engine.status().outputs == ()
        engine.start_output(target)
        engine.set_visible(False)  # nobody looks, but somebody receives
        (status,) = status_when(engine, lambda s: s.outputs and s.outputs[0].sent > 5).outputs
        assert (status.target, status.notice) == (target, "")
        assert next_model(received, "one") == ["landmarks", "model"]
        engine.load_model("two")
        assert next_model(received, "two") == ["landmarks", "model"]
        engine.stop_output(target)
        assert engine.status().outputs == ()
        analysed = len(bench.seen)
        until(lambda: not engine._wants_frames())
        assert len(bench.seen) <= analysed + 3


def test_an_unknown_computer_leaves_the_live_view_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(host: str, port: int) -> socket.socket:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(osc_output, "_connect", unknown)
    with EngineBench.in_folder(tmp_path).engine() as engine:
        ready(engine)
        engine.start_output(osc_target("no-such-computer.invalid:9000"))
        (status,) = status_when(engine, lambda s: s.outputs and s.outputs[0].lost > 3).outputs
        assert status.notice.startswith("no-such-computer.invalid:9000 cannot be reached: ")
        assert engine.status().rates.analysis_fps > 0
        assert not status.over
