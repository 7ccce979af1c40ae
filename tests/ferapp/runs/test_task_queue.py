"""Work off the caller's thread."""

import threading
import time

from ferapp.runs.task_queue import Desk, Failure
from trainer.errors import DataError


def wait(desk: Desk) -> None:
    deadline = time.monotonic() + 20
    while desk.busy:
        assert time.monotonic() < deadline
        desk.collect()
        time.sleep(0.001)


def test_outcomes_come_in_the_callers_thread() -> None:
    desk, threads = Desk(), list[threading.Thread]()
    work = lambda: threads.append(threading.current_thread()) or 5  # noqa: E731
    outcomes = list[object]()

    def done(outcome: object) -> None:
        threads.append(threading.current_thread())
        outcomes.append(outcome)

    desk.ask("a", work, done)
    wait(desk)
    desk.close()
    assert outcomes == [5]
    assert threads[0] is not threading.current_thread()
    assert threads[1] is threading.current_thread()


def test_only_the_newest_of_a_key_arrives() -> None:
    desk, gate, outcomes = Desk(), threading.Event(), list[object]()
    desk.ask("key", lambda: gate.wait(20) and 1, outcomes.append)
    desk.ask("other", lambda: "kept", outcomes.append)
    for number in range(2, 6):
        desk.ask("key", lambda n=number: n, outcomes.append)
    gate.set()
    wait(desk)
    desk.close()
    assert sorted(map(str, outcomes)) == ["5", "kept"]


def test_what_is_forgotten_does_not_arrive() -> None:
    desk, gate, outcomes = Desk(), threading.Event(), list[object]()
    desk.ask("key", lambda: gate.wait(20), outcomes.append)
    desk.ask("waiting", lambda: 2, outcomes.append)
    desk.forget("key")
    desk.forget("waiting")
    gate.set()
    wait(desk)
    desk.close()
    assert outcomes == []


def test_a_failure_is_an_outcome_with_words() -> None:
    desk, outcomes = Desk(), list[object]()

    def fail() -> None:
        raise DataError("it is gone", "Look elsewhere.")

    def crash() -> None:
        raise RuntimeError("boom")

    desk.ask("a", fail, outcomes.append)
    desk.ask("b", crash, outcomes.append)
    wait(desk)
    desk.close()
    assert outcomes == [
        Failure("it is gone\nLook elsewhere."),
        Failure("That failed: RuntimeError: boom"),
    ]


def test_what_reports_ends_at_its_next_report_when_the_desk_closes() -> None:
    desk, begun, said = Desk(), threading.Event(), list[str]()

    def for_ever() -> None:
        report = desk.reporting(said.append)
        while True:
            report("still reading")
            begun.set()
            time.sleep(0.001)

    desk.ask("a", for_ever, lambda _: None)
    assert begun.wait(20)
    desk.close()
    assert said[0] == "still reading"  # words arrive as long as somebody waits for the outcome
    assert not desk._thread.is_alive()
