"""Runs that share a name are told apart, briefly."""

import pytest

from ferapp.runs.run_names import title_of, unique_names, when


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
            ("a · 22.11. 10:15", "a · 23.11. 10:15"),
        ),
        (("20261122-101500-a", "20261122-101507-a"), ("a · 10:15:00", "a · 10:15:07")),
        (("20251122-101500-a", "20261122-101500-a"), ("20251122-101500-a", "20261122-101500-a")),
        (("mine", "20261122-1-a"), ("mine", "a")),
        (("20261122-1-a", "20261122-2-a"), ("20261122-1-a", "20261122-2-a")),
    ],
)
def test_names_beside_each_other(folders: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert unique_names(folders) == dict(zip(folders, names, strict=True))


def test_the_parts_of_a_folders_name() -> None:
    assert title_of("20261122-101500-my-run") == "my-run"
    assert title_of("mine") == "mine"
    assert when("20261122-101500-a") == "22.11. 10:15"
    assert when("mine") == ""
