"""The seven basic expressions, in FER2013's order, and their names in other data sets."""

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


def canonical(name: str) -> str | None:
    """The project's name of an expression, or None when `name` is unknown."""
    key = name.strip().lower()
    key = SYNONYMS.get(key, key)
    return key if key in EXPRESSIONS else None
