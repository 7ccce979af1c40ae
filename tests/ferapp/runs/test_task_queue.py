"""Tasks run in a thread of their own; their results arrive in the owner's thread."""

import threading
import time

from ferapp.runs.task_queue import TaskFailure, TaskQueue
from trainer.errors import DataError


def deliver_all(tasks: TaskQueue) -> None:
    deadline = time.monotonic() + 20
    while tasks.busy:
        assert time.monotonic() < deadline
        tasks.deliver()
        time.sleep(0.001)


def test_results_are_delivered_in_the_callers_thread() -> None:
    tasks, threads, results = TaskQueue(), list[threading.Thread](), list[object]()

    def work() -> int:
        threads.append(threading.current_thread())
        return 5

    def on_done(result: object) -> None:
        threads.append(threading.current_thread())
        results.append(result)

    tasks.submit("a", work, on_done)
    deliver_all(tasks)
    tasks.close()
    assert results == [5]
    assert threads[0] is not threading.current_thread()
    assert threads[1] is threading.current_thread()


def test_only_the_newest_task_of_a_key_has_a_result() -> None:
    tasks, gate, results = TaskQueue(), threading.Event(), list[object]()
    tasks.submit("key", lambda: gate.wait(20) and 1, results.append)
    tasks.submit("other", lambda: "other", results.append)
    for number in range(2, 6):
        tasks.submit("key", lambda n=number: n, results.append)
    gate.set()
    deliver_all(tasks)
    tasks.close()
    assert sorted(map(str, results)) == ["5", "other"]


def test_a_cancelled_task_has_no_result() -> None:
    tasks, gate, results = TaskQueue(), threading.Event(), list[object]()
    tasks.submit("running", lambda: gate.wait(20), results.append)
    tasks.submit("waiting", lambda: 2, results.append)
    tasks.cancel("running")
    tasks.cancel("waiting")
    gate.set()
    deliver_all(tasks)
    tasks.close()
    assert results == []


def test_a_task_that_raises_results_in_a_failure_with_its_message() -> None:
    tasks, results = TaskQueue(), list[object]()

    def fail() -> None:
        raise DataError("it is gone", "Look elsewhere.")

    def crash() -> None:
        raise RuntimeError("boom")

    tasks.submit("a", fail, results.append)
    tasks.submit("b", crash, results.append)
    deliver_all(tasks)
    tasks.close()
    assert results == [
        TaskFailure("it is gone\nLook elsewhere."),
        TaskFailure("Unexpected error: RuntimeError: boom"),
    ]


def test_closing_ends_a_task_at_its_next_report() -> None:
    tasks, has_begun, reports = TaskQueue(), threading.Event(), list[str]()

    def run_for_ever() -> None:
        report = tasks.interruptible(reports.append)
        while True:
            report("still reading")
            has_begun.set()
            time.sleep(0.001)

    tasks.submit("a", run_for_ever, lambda _: None)
    assert has_begun.wait(20)
    tasks.close()
    assert reports[0] == "still reading"
    assert not tasks._thread.is_alive()
