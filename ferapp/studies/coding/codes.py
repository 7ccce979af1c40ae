"""What an interval can be coded as: the expressions, action units, and a few further labels."""

import re

from ferapp.vision.signals import UNITS
from trainer.labels import (
    EXPRESSIONS,
    OTHER_LABELS,
    canonical,
    canonical_other,
    nearest_label,
)

EXPRESSION = "expression"  # the track of all codes that exclude each other
# facial units of FACS that people code and the model has no signal for (Ekman et al. 2002)
UNMEASURED_UNITS = (11, 13, 19, 21, 23, 25, 27, 38, 39, 43, 46)
UNIT_CODES = tuple(f"AU{number}" for number in sorted((*UNITS, *UNMEASURED_UNITS)))
CODES = (*EXPRESSIONS, *dict.fromkeys(OTHER_LABELS.values()), *UNIT_CODES)
_UNIT = re.compile(r"(?:au|action unit)[ _-]?0*(\d{1,2})", re.IGNORECASE)


def canonical_code(name: str) -> str | None:
    """The project's name of a class or action unit, as `happy` and `AU12`; None when unknown."""
    unit = _UNIT.fullmatch(name.strip())
    if unit is None:
        return canonical(name) or canonical_other(name)
    code = f"AU{unit[1]}"
    return code if code in UNIT_CODES else None


def unknown_code_hint(name: str) -> str:
    """What else `name` may mean, and which codes there are."""
    nearest = nearest_label(name, (code.lower() for code in UNIT_CODES))
    guess = f"Did you mean {canonical_code(nearest) or nearest}? " if nearest else ""
    return f"{guess}Codes are {', '.join(EXPRESSIONS)}, contempt, and action units as AU12."


def is_unit(code: str) -> bool:
    """Whether the code is an action unit, which is present or absent beside all others."""
    return code.startswith("AU")


def track_of(code: str) -> str:
    """Codes of one track exclude each other: all expressions do, each action unit is its own."""
    return code if is_unit(code) else EXPRESSION
