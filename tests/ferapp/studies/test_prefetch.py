"""Order, depth and errors of the threads that read ahead of the model."""

import threading
from collections.abc import Iterator

import pytest

from ferapp.studies.prefetch import prefetch
from trainer.stop_signals import any_left_behind


class TestPrefetch:
    def test_order_and_depth(self) -> None:
        """Two wait, one is being made and no more are started: memory stays constant."""
        started: list[int] = []
        at = threading.Condition()

        def numbers() -> Iterator[int]:
            for number in range(9):
                with at:
                    started.append(number)
                    at.notify_all()
                yield number

        with prefetch(numbers(), 2, "numbers") as items:
            with at:
                assert at.wait_for(lambda: len(started) == 3, timeout=30)
            assert next(items) == 0
            with at:
                assert at.wait_for(lambda: len(started) == 4, timeout=30)
            assert started == [0, 1, 2, 3]
            assert list(items) == list(range(1, 9))

    def test_an_error_is_raised_after_the_items_before_it(self) -> None:
        def failing() -> Iterator[int]:
            yield from (1, 2)
            raise KeyboardInterrupt

        with prefetch(failing(), 5, "failing") as items:
            assert [next(items), next(items)] == [1, 2]
            with pytest.raises(KeyboardInterrupt):
                next(items)

    def test_leaving_early_ends_both_threads(self) -> None:
        with prefetch(iter(range(10**9)), 2, "one") as first, prefetch(first, 2, "two") as second:
            assert next(second) == 0
        assert {"one", "two"}.isdisjoint(thread.name for thread in threading.enumerate())

    def test_an_item_that_never_comes_is_not_waited_for(self) -> None:
        """The next stage, which waits for it, ends first; the thread that makes it is left."""
        comes, is_left = threading.Event(), False

        def stalled() -> Iterator[int]:
            yield 1
            comes.wait()
            yield 2

        with prefetch(stalled(), 2, "reading", patience_s=0.01) as read:
            with prefetch((item for item in read), 2, "next stage") as items:
                assert next(items) == 1
                read.end()
                assert list(items) == []
            names = {thread.name for thread in threading.enumerate()}
            is_left = any_left_behind()
            thread = next(each for each in threading.enumerate() if each.name == "reading")
            comes.set()
            thread.join()
        assert "next stage" not in names
        assert is_left
        assert thread.daemon
        assert not any_left_behind()
