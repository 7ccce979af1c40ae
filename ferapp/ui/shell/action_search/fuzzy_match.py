"""Fuzzy search: the letters of a query in a text, in order but not necessarily together. No Qt."""

from dataclasses import dataclass

_LETTER, _WORD_START, _ADJACENT, _GAP = 1.0, 3.0, 2.0, 0.05


@dataclass(frozen=True, slots=True)
class FuzzyMatch:
    score: float  # higher is better
    positions: tuple[int, ...]  # of the letters of the query in the text


def fuzzy_match(query: str, text: str) -> FuzzyMatch | None:
    """The best way to find the letters of `query` in `text`; None if they are not all there.

    Letters at the beginning of words and next to each other count most. Spaces in the query and
    case do not matter.
    """
    letters, places = query.casefold().replace(" ", ""), text.casefold()
    if len(places) != len(text):  # a letter whose lower case is longer
        places = text.lower()
    best = {-1: FuzzyMatch(0.0, ())}  # by the position of the last letter
    for letter in letters:
        found: dict[int, FuzzyMatch] = {}
        for at in (i for i, other in enumerate(places) if other == letter):
            starts = at == 0 or not places[at - 1].isalnum()
            options = [
                FuzzyMatch(
                    earlier.score
                    + _LETTER
                    + _WORD_START * starts
                    + _ADJACENT * (before == at - 1 and before >= 0)
                    - _GAP * (at - before - 1),
                    (*earlier.positions, at),
                )
                for before, earlier in best.items()
                if before < at
            ]
            if options:
                found[at] = max(options, key=lambda match: match.score)
        best = found
    return max(best.values(), key=lambda match: match.score, default=None)
