"""The seven basic expressions, in FER2013's order, and their names in other data sets."""

from collections.abc import Iterable
from difflib import get_close_matches

EXPRESSIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

SYNONYMS: dict[str, str] = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "calm": "neutral",
}

# labels of data sets that are none of the seven, with their other names
OTHER_LABELS: dict[str, str] = {
    "contempt": "contempt",
    "contemptuous": "contempt",
    "none": "none",
    "uncertain": "uncertain",
    "unsure": "uncertain",
    "other": "other",
    "others": "other",
    "unknown": "unknown",
    "no face": "no face",
    "no-face": "no face",
    "no_face": "no face",
    "noface": "no face",
    "nf": "no face",
}


def canonical(name: str) -> str | None:
    """The project's name of an expression, or None when `name` is unknown."""
    key = name.strip().lower()
    key = SYNONYMS.get(key, key)
    return key if key in EXPRESSIONS else None


def canonical_other(name: str) -> str | None:
    """The name of a known label that is none of the seven, such as contempt; otherwise None."""
    return OTHER_LABELS.get(name.strip().lower())


def nearest_label(name: str, further: Iterable[str] = ()) -> str | None:
    """The known label that `name` most likely misspells, by its project name; None if unlike all.

    `further` are known names besides those of this module.
    """
    known = (*EXPRESSIONS, *SYNONYMS, *OTHER_LABELS, *further)
    matches = get_close_matches(name.strip().lower(), known, n=1)
    return canonical(matches[0]) or canonical_other(matches[0]) or matches[0] if matches else None
