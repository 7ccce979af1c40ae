"""What is going to be shown: the stimuli in their order, after a consent that somebody wrote."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferapp.studies.stimuli.stimulus_list import Stimulus
from trainer.data.reading.csv_table import HEAD, detect_encoding
from trainer.errors import UsageError
from trainer.files import asset

CONSENT_NAME = "consent.txt"  # beside the list: the consent text of this study
MAX_CONSENT_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class StimulusPlan:
    """`stimuli` in the order in which they are shown; `seed` None is the list's own order."""

    list_file: Path
    stimuli: tuple[Stimulus, ...]
    seed: int | None
    consent_file: Path
    consent: str

    @property
    def seconds(self) -> float:
        """How long all of it takes, fixations too, at least."""
        return sum(stimulus.fixation + stimulus.seconds for stimulus in self.stimuli)

    @property
    def order(self) -> list[dict[str, Any]]:
        """The stimuli as JSON, in the order in which they are shown."""
        return [
            {
                "file": stimulus.file,
                "seconds": stimulus.seconds,
                "fixation": stimulus.fixation,
                "condition": stimulus.condition,
                "others": dict(stimulus.others),
            }
            for stimulus in self.stimuli
        ]

    def as_settings(self, agreed: str, screen: dict[str, Any]) -> dict[str, Any]:
        """For session.json of the recording. `agreed` is when the person did, ISO; no name."""
        return {
            "list": str(self.list_file),
            "seed": self.seed,
            "consent": {
                "agreed": agreed,
                "text": self.consent,
                "sha256": hashlib.sha256(self.consent.encode()).hexdigest(),
            },
            "screen": screen,
            "order": self.order,
        }


def presentation_order(stimuli: Sequence[Stimulus], seed: int | None) -> tuple[Stimulus, ...]:
    """As listed, or shuffled: the same seed gives the same order of the same list everywhere."""
    order = list(stimuli)
    if seed is not None:
        random.Random(seed).shuffle(order)  # Fisher–Yates on the Mersenne Twister
    return tuple(order)


def consent_file(list_file: Path) -> Path:
    """`consent.txt` beside the list, or the text that comes with the app."""
    own = list_file.parent / CONSENT_NAME
    return own if own.is_file() else asset("stimuli") / CONSENT_NAME


def read_consent(file: Path) -> str:
    """The text, in any usual encoding. Raises UsageError."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_CONSENT_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{file}: the consent text could not be read ({error.strerror})"
        ) from error
    encoding = detect_encoding(content[:HEAD])
    if encoding is None or len(content) > MAX_CONSENT_BYTES:
        raise UsageError(
            f"{file}: this is no consent text",
            "Save it as plain text (.txt), in UTF-8 for example.",
        )
    text = content.decode(encoding, errors="replace").strip()
    if not text:
        raise UsageError(f"{file}: the consent text is empty")
    return text
