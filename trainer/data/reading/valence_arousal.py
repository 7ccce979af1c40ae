"""Valence and arousal as tables and files state them."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from trainer.data.reading.csv_table import parse_number

ValenceArousal = tuple[float, float]

UNKNOWN = (math.nan, math.nan)
MISSING = -2.0  # as AffectNet writes a value that nobody annotated


def parse_valence_arousal(valence: str, arousal: str) -> ValenceArousal:
    """Both from −1 to 1, NaN where empty or −2. Raises ValueError with the reason."""
    return _parse("valence", valence), _parse("arousal", arousal)


def known_or_none(values: Iterable[ValenceArousal]) -> NDArray[np.float32] | None:
    """(N, 2), NaN where unknown; None where all are."""
    array = np.array(list(values), np.float32).reshape(-1, 2)
    return array if np.isfinite(array).any() else None


def _parse(name: str, text: str) -> float:
    if not text.strip():
        return math.nan
    try:
        value = parse_number(text)
    except ValueError:
        raise ValueError(f"has the {name} {text.strip()!r}, which is no number") from None
    if math.isnan(value) or value == MISSING:
        return math.nan
    if not -1 <= value <= 1:
        raise ValueError(f"has the {name} {value:g}, which is not between -1 and 1")
    return value
