"""The class shares that probabilities assume: those of the training pictures, or of an audience.

A network learns how frequent classes are among its training pictures, along with how they look:
in FER2013 a quarter is happy and 1.5 % disgusted. Where other shares are expected, the logits are
shifted by log p_target − log p_train before softmax((logits + shift) / T), which by Bayes' rule
replaces one prior by the other (Saerens et al. 2002; Menon et al., ICLR 2021). Torch-free.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.card import ModelCard
from trainer.errors import UsageError

TRAINED, BALANCED = "trained", "balanced"


@dataclass(frozen=True, slots=True)
class ClassPrior:
    """The prior that a model's probabilities assume.

    `name` is trained, balanced or given; `shares` are p_target by class, empty where a model's
    card does not say p_train; `shift` (K,) is log p_target − log p_train, 0 where they are equal.
    """

    name: str
    shares: dict[str, float]
    shift: NDArray[np.float64]

    @classmethod
    def of(cls, card: ModelCard, choice: str | Mapping[str, float] = TRAINED) -> "ClassPrior":
        """The prior `choice` for the model of `card`.

        It is trained, balanced, a JSON file of class → share, or such shares, which need not add
        up to 1. Raises UsageError for shares that do not fit the classes, and where the card does
        not say with which shares the model was trained.
        """
        if choice == TRAINED:
            return cls(TRAINED, dict(card.prior), np.zeros(len(card.classes)))
        if choice == BALANCED:
            name, shares = BALANCED, dict.fromkeys(card.classes, 1 / len(card.classes))
        else:
            name = "given"
            read = _read_shares(choice) if isinstance(choice, str) else choice
            source = str(choice) if isinstance(choice, str) else "the prior"
            shares = _normalised(source, read, card.classes)
        return cls(name, shares, _log(shares, card) - _log(_trained_shares(card), card))

    def adjust(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The logits (…, K) as if the network had been trained with these shares."""
        return np.asarray(logits + self.shift, np.float32)

    def as_json(self) -> str | dict[str, float]:
        """Its name; where it was given, its shares."""
        return dict(self.shares) if self.name == "given" else self.name

    def __str__(self) -> str:
        return prior_text(self.as_json())


def prior_text(stated: str | Mapping[str, float]) -> str:
    """What `ClassPrior.as_json` gave, for a person."""
    if isinstance(stated, str):
        return stated
    return ", ".join(f"{name} {100 * share:.3g} %" for name, share in stated.items())


def training_shares(
    classes: Iterable[str], sums: Iterable[float], weights: Iterable[float] | None = None
) -> dict[str, float]:
    """Class → share of a training set, whose targets add up to `sums` (K,).

    A picture with annotators' votes counts for each class by its share of the target. `weights`
    (K,) are those of the classes in the loss: a class that counts twice is as if it were twice as
    frequent.
    """
    masses = [float(mass) for mass in sums]
    if weights is not None:
        masses = [mass * float(weight) for mass, weight in zip(masses, weights, strict=True)]
    total = math.fsum(masses)
    return {name: mass / total for name, mass in zip(classes, masses, strict=True)}


def _trained_shares(card: ModelCard) -> dict[str, float]:
    if not card.prior:
        raise UsageError(
            f"the model card of {card.name} does not say how frequent the classes were in training",
            "Use the prior trained, or a model trained by this version, whose card says it.",
        )
    never = [name for name in card.classes if card.prior[name] <= 0]
    if never:
        raise UsageError(
            f"{card.name} was trained without any picture of {', '.join(never)}: "
            "its prior cannot be replaced",
            "Use the prior trained.",
        )
    return dict(card.prior)


def _log(shares: Mapping[str, float], card: ModelCard) -> NDArray[np.float64]:
    return np.log([shares[name] for name in card.classes])


def _read_shares(text: str) -> Mapping[str, Any]:
    """The object in a JSON file. Raises UsageError."""
    file = Path(text).expanduser()
    try:
        content = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except FileNotFoundError as error:
        raise UsageError(
            f"the prior {text!r} is neither trained nor balanced, and there is no such file",
            'A file has JSON such as {"happy": 0.4, "neutral": 0.6}, with every class.',
        ) from error
    except OSError as error:
        raise UsageError(f"{text}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{text}: is not JSON of class → share ({error})") from error
    if not isinstance(content, dict):
        raise UsageError(
            f"{text}: is not a JSON object of class → share",
            'It looks like {"happy": 0.4, "neutral": 0.6}, with every class.',
        )
    return content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)} is named twice")
    return content


def _normalised(
    source: str, shares: Mapping[str, Any], classes: tuple[str, ...]
) -> dict[str, float]:
    """Class → share in the order of `classes`, with the sum 1. Raises UsageError."""
    hint = f"Every class needs one: {', '.join(classes)}."
    unknown = [str(name) for name in shares if name not in classes]
    if unknown:
        raise UsageError(f"{source}: the model has no class {' or '.join(unknown)}", hint)
    missing = [name for name in classes if name not in shares]
    if missing:
        raise UsageError(f"{source}: the share of {', '.join(missing)} is missing", hint)
    for name in classes:
        share = shares[name]
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise UsageError(f"{source}: the share of {name} is no number: {share!r}")
        if not 0 < share < math.inf:
            raise UsageError(
                f"{source}: the share of {name} must be more than 0 and finite, it is {share}",
                "A class that hardly ever occurs gets a small share, such as 0.001.",
            )
    return training_shares(classes, [shares[name] for name in classes])
