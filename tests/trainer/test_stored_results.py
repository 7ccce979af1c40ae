"""Stored results take no more room than allowed, and those used last are kept."""

import os
from pathlib import Path

from trainer.stored_results import mark_used, results_folder, store_result


def store(name: str, size: int, limit: int) -> Path:
    file = results_folder("made") / name
    store_result(file, lambda stream: stream.write(b"x" * size), limit)
    return file


def names() -> set[str]:
    return {file.name for file in results_folder("made").iterdir()}


def age(file: Path, days: int) -> None:
    before = file.stat().st_mtime - 86_400 * days
    os.utime(file, (before, before))


def test_the_oldest_results_are_deleted_beyond_the_limit() -> None:
    for days, name in ((3, "old"), (2, "middle"), (1, "young")):
        age(store(name, 40, limit=1000), days)
    store("new", 40, limit=130)
    assert names() == {"middle", "young", "new"}


def test_a_result_that_was_read_is_new_again() -> None:
    for days, name in ((3, "old"), (2, "middle"), (1, "young")):
        age(store(name, 40, limit=1000), days)
    mark_used(results_folder("made") / "old")
    store("new", 40, limit=90)
    assert names() == {"old", "new"}


def test_a_result_beyond_the_limit_by_itself_is_kept_alone() -> None:
    age(store("old", 40, limit=1000), 1)
    file = store("huge", 500, limit=100)
    assert names() == {"huge"}
    assert file.stat().st_size == 500
