"""Bad rows and pictures: skipped and listed up to a share; beyond it reading stops."""

import logging
from pathlib import Path

from trainer.errors import DataError
from trainer.shown_text import shown_name

log = logging.getLogger(__name__)

TOLERATED_SHARE = 0.01
SHOWN = 5


class BadRows:
    """Collects the rows or files of `source` that could not be read."""

    def __init__(
        self,
        source: Path | str = "the data set",
        unit: str = "rows",
        tolerated: float = TOLERATED_SHARE,
    ) -> None:
        self.source, self.unit, self._tolerated = source, unit, tolerated
        self.reasons: list[str] = []
        self._checked = 0  # reasons that are logged already

    def add(self, where: str, reason: str) -> None:
        self.reasons.append(f"{shown_name(where)} {shown_name(reason)}")

    def check(self, total: int) -> None:
        """Log the skipped rows; raise DataError when they are too large a share of `total`.

        A second call does so only where there are more of them.
        """
        count = len(self.reasons)
        if count == self._checked:
            return
        self._checked = count
        listed = "\n".join(f"  {reason}" for reason in self.reasons[:SHOWN])
        if count > SHOWN:
            listed += f"\n  … and {count - SHOWN} more"
        if count > self._tolerated * total:
            raise DataError(
                f"{self.source}: {count} of {total} {self.unit} cannot be used:\n{listed}",
                f"Up to {self._tolerated:.0%} of bad {self.unit} would be skipped.",
            )
        log.warning("%s: skipped %d of %d %s:\n%s", self.source, count, total, self.unit, listed)


def name_some(names: list[str], shown: int = SHOWN) -> str:
    """The first few of `names`, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(shown_name, names[:shown])) + more
