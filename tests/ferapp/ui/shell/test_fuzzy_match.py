"""Fuzzy search: which texts match, where, and what comes first."""

import pytest

from ferapp.ui.shell.action_search.fuzzy_match import fuzzy_match


@pytest.mark.parametrize(
    ("query", "text", "positions"),
    [
        ("", "Freeze", ()),
        ("fz", "Freeze", (0, 4)),
        ("of", "Open file…", (0, 5)),  # beginnings of words rather than the first letters
        ("file", "Open file…", (5, 6, 7, 8)),
        ("op fi", "Open file…", (0, 1, 5, 6)),
        ("SNAP", "Snapshot", (0, 1, 2, 3)),
    ],
)
def test_the_letters_are_found_where_a_person_would_see_them(
    query: str, text: str, positions: tuple[int, ...]
) -> None:
    match = fuzzy_match(query, text)
    assert match is not None
    assert match.positions == positions


@pytest.mark.parametrize(("query", "text"), [("x", "Freeze"), ("ef", "Freeze"), ("ff", "Freeze")])
def test_all_letters_must_be_there_in_order(query: str, text: str) -> None:
    assert fuzzy_match(query, text) is None


def test_letters_that_belong_together_come_first() -> None:
    def score(text: str) -> float:
        match = fuzzy_match("rec", text)
        assert match is not None
        return match.score

    assert score("Record") > score("Open recording…") > score("Trim exact")
    assert fuzzy_match("a", "İa") is not None  # whose lower case has two letters
