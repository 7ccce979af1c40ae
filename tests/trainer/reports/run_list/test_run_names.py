"""Names and start times of runs, from the names of their folders."""

from datetime import date, datetime

import pytest

from trainer.reports.run_list.run_names import run_start, run_title, short_start, unique_names


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (("20261122-101500-default", "20261122-111500-pal"), ("default", "pal")),
        (
            ("20261122-101500-a-b", "20261122-111507-a-b", "20261122-111507-c"),
            ("a-b · 10:15", "a-b · 11:15", "c"),
        ),
        (
            ("20261122-101500-a", "20261123-101500-a"),
            ("a · 2026-11-22 10:15", "a · 2026-11-23 10:15"),
        ),
        (("20261122-101500-a", "20261122-101507-a"), ("a · 10:15:00", "a · 10:15:07")),
        (
            ("20251122-101500-a", "20261122-101500-a"),
            ("a · 2025-11-22 10:15", "a · 2026-11-22 10:15"),
        ),
        (("20261122-101500-a", "a"), ("20261122-101500-a", "a")),
        (("mine", "20261122-1-a"), ("mine", "20261122-1-a")),
        (("best-of-three", "best-of-two"), ("best-of-three", "best-of-two")),
    ],
)
def test_names_tell_runs_apart(folders: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert unique_names(folders) == dict(zip(folders, names, strict=True))


@pytest.mark.parametrize(
    ("folder", "title", "start"),
    [
        ("20261122-101500-my-run", "my-run", datetime(2026, 11, 22, 10, 15)),
        ("20261122-101500-2026", "2026", datetime(2026, 11, 22, 10, 15)),
        ("mine", "mine", None),
        ("best-of-three", "best-of-three", None),
        ("20261322-101500-a", "20261322-101500-a", None),  # there is no 13th month
        ("20261122-101500-", "20261122-101500-", None),
    ],
)
def test_the_parts_of_a_folders_name(folder: str, title: str, start: datetime | None) -> None:
    assert run_title(folder) == title
    assert run_start(folder) == start


def test_the_start_has_a_date_unless_it_is_today() -> None:
    assert short_start("20261122-101500-a", date(2026, 11, 22)) == "10:15"
    assert short_start("20261122-101500-a", date(2026, 11, 23)) == "2026-11-22 10:15"
    assert short_start("20261122-101500-a", date(2027, 11, 22)) == "2026-11-22 10:15"
    assert short_start("mine", date(2026, 11, 22)) == ""
