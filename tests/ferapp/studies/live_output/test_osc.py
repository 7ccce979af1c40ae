"""Bundles of OSC, received by another process on the loopback."""

import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from ferapp.studies.live_output import osc_output
from ferapp.studies.live_output.face_output import NotSentError
from ferapp.studies.live_output.face_values import SentModel
from ferapp.studies.live_output.live_outputs import open_output
from ferapp.studies.live_output.osc_output import MESSAGES, OscOutput
from ferapp.studies.live_output.output_target import OutputTarget, osc_target
from ferapp.studies.live_output.sender import Sender
from tests.support.app.engine_parts import until
from tests.support.app.output_parts import MODEL, receiver, values
from trainer.errors import FerError, UsageError

pytest.importorskip("pythonosc", reason="needs the extra lsl")


def by_address(bundle: dict[str, Any]) -> dict[str, list[Any]]:
    return {address: arguments for address, *arguments in bundle["messages"]}


def closed_port() -> int:
    """A port on which nobody listens."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_frame_arrives_in_order_with_the_time_of_its_capture() -> None:
    count = 60
    with receiver("osc") as received:
        target = osc_target(f"127.0.0.1:{received.next()['port']}")
        sender = Sender(target, lambda target: open_output(target, 1))
        sender.start()
        first = time.perf_counter() - 5  # captured long before it is sent
        start = time.time() - 5
        for i in range(count):
            sender.send(MODEL, {1: values(i, face_id=i), 2: values(i)}, first + i / 30)
        sender.marker("stimulus: cat.png", first)
        description, *frames, marker = received.take(count + 2)
        delays = []
        for _ in range(20):
            sender.send(MODEL, {}, time.perf_counter())
            one = received.next()
            delays.append(1000 * (one["arrived"] - one["time"]))
    until(lambda: sender.status.sent == count + 21)
    status = sender.status
    sender.end()
    sender.join()
    named = by_address(description)
    assert named["/ferapp/classes"] == list(MODEL.classes)
    assert named["/ferapp/model"] == ["default"]
    assert named["/ferapp/action_unit_names"][:3] == ["au01", "au02", "au04"]
    assert "dark" in named["/ferapp/doubt_names"]
    for i, frame in enumerate(frames):
        content, sent = by_address(frame), values(i, face_id=i)
        assert content["/ferapp/frame"] == [i, 2]
        assert content["/ferapp/face/1/id"] == [i]
        assert content["/ferapp/face/2/id"] == [0]
        assert sent.probabilities is not None
        assert content["/ferapp/face/1/probabilities"] == sent.probabilities.tolist()
        assert content["/ferapp/face/1/label"] == [MODEL.classes[-1], sent.probabilities[-1]]
        signals = [
            *content["/ferapp/face/1/pose"],
            *content["/ferapp/face/1/eyes"],
            *content["/ferapp/face/1/action_units"],
        ]
        assert signals == sent.signals.tolist()
        dark = named["/ferapp/doubt_names"].index("dark")
        assert content["/ferapp/face/1/doubts"][dark] == i % 2
        assert frame["time"] == pytest.approx(start + i / 30, abs=0.01)
    assert by_address(marker) == {"/ferapp/marker": ["stimulus: cat.png"]}
    assert marker["time"] == pytest.approx(start, abs=0.01)
    assert 0 < np.median(delays) < 100
    assert (status.lost, status.notice) == (0, "")
    print(f"OSC: median delay {np.median(delays):.2f} ms on the loopback")


def test_every_message_is_in_the_list_that_the_window_shows() -> None:
    model = SentModel("affect", ("awake", "asleep"), valence_arousal=True)
    with receiver("osc") as received:
        output = OscOutput(osc_target(f"127.0.0.1:{received.next()['port']}"))
        output.use_model(model)
        output.send({1: values(3, model=model)}, time.perf_counter())
        output.marker("mark", time.perf_counter())
        bundles = received.take(3)
        output.close()
    sent = {address for bundle in bundles for address, *_ in bundle["messages"]}
    assert {address.replace("/face/1/", "/face/N/") for address in sent} == set(MESSAGES)


def test_another_model_is_described_before_its_first_frame() -> None:
    with receiver("osc") as received:
        output = OscOutput(osc_target(f"127.0.0.1:{received.next()['port']}"))
        for model in (MODEL, SentModel("three", ("awake", "asleep", "bored"))):
            output.use_model(model)
            output.send({1: values(0, model=model)}, time.perf_counter())
            named, frame = map(by_address, received.take(2))
            assert named["/ferapp/classes"] == list(model.classes)
            assert len(frame["/ferapp/face/1/probabilities"]) == len(model.classes)
        output.close()


def test_a_receiver_that_is_not_there_is_noticed_and_found_when_it_comes() -> None:
    port = closed_port()
    output = OscOutput(osc_target(f"127.0.0.1:{port}"))
    output.use_model(MODEL)

    def is_refused() -> bool:
        output.send({}, time.perf_counter())
        return output.notice == f"No program receives at 127.0.0.1:{port}."

    until(is_refused)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as late:
        late.bind(("127.0.0.1", port))
        late.settimeout(10)
        output.send({}, time.perf_counter())
        output.send({}, time.perf_counter())
        assert late.recv(1 << 16).startswith(b"#bundle")
    output.close()


def _unknown(*_: object, **__: object) -> None:
    raise socket.gaierror(-2, "Name or service not known")


def _unreachable(*_: object, **__: object) -> None:
    raise OSError(101, "Network is unreachable")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(_unknown, "Name or service not known"), (_unreachable, "Network is unreachable")],
)
def test_a_lost_network_is_a_sentence_and_sending_goes_on_when_it_is_back(
    fault: Callable[..., None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osc_output, "RECONNECT_S", 0.05)
    with receiver("osc") as received:
        target = osc_target(f"127.0.0.1:{received.next()['port']}")
        with monkeypatch.context() as lost:
            lost.setattr(osc_output, "_connect", fault)
            sender = Sender(target, lambda target: open_output(target, 1))
            sender.start()
            for i in range(10):
                sender.send(MODEL, {}, float(i))
            until(lambda: sender.status.lost == 10)
            assert (
                sender.status.notice == f"{target.address} cannot be reached: {reason}. Retrying."
            )
            assert not sender.status.over

        def arrives() -> bool:
            sender.send(MODEL, {}, time.perf_counter())
            time.sleep(0.01)
            return sender.status.sent > 0

        until(arrives)
        assert by_address(received.next())["/ferapp/model"] == ["default"]
    assert sender.status.notice == ""
    sender.end()
    sender.join()


def test_a_name_that_no_computer_can_have() -> None:
    output = OscOutput(OutputTarget("osc", "a" * 70 + ".example", 9000))
    output.use_model(MODEL)
    with pytest.raises(NotSentError, match="no computer can have this name"):
        output.send({}, 0.0)


@pytest.mark.parametrize(
    ("text", "host", "port", "shown"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000, "127.0.0.1:9000"),
        (" lab-pc:57120 ", "lab-pc", 57120, "lab-pc:57120"),
        ("[::1]:9000", "::1", 9000, "[::1]:9000"),
        ("[fe80::1%eth0]:1", "fe80::1%eth0", 1, "[fe80::1%eth0]:1"),
    ],
)
def test_addresses(text: str, host: str, port: int, shown: str) -> None:
    target = osc_target(text)
    assert (target.host, target.port, target.address) == (host, port, shown)
    assert osc_target(target.address) == target


@pytest.mark.parametrize(
    "text",
    ["", "9000", "127.0.0.1", "host:", ":9000", "host:0", "host:65536", "host:x", "::1:9000"],
)
def test_wrong_addresses_say_what_one_looks_like(text: str) -> None:
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:9000"):
        osc_target(text)


def test_a_missing_package_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FerError, match=r"OSC needs the package python-osc.*\n.*ferapp\[lsl\]"):
        open_output(osc_target("127.0.0.1:9000"), 1)
