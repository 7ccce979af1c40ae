"""Further terms of the objective by name: one's own losses are registered here."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from trainer.errors import UsageError
from trainer.models.registry import FerModel


@dataclass(frozen=True, slots=True)
class Step:
    """What a term sees of a batch, with its graph.

    `model` in training; `run` gives its logits of any inputs, at the step's precision. `inputs`
    (B, C, H, W), `logits` (B, K), `embedding` (B, d), `features` (B, C, h, w) of the attribution
    layer, `targets` (B, K) probabilities, `landmarks` (B, 68, 2) in input px, NaN where none were
    found.
    """

    model: FerModel
    run: Callable[[Tensor], Tensor]
    inputs: Tensor
    logits: Tensor
    embedding: Tensor
    features: Tensor
    targets: Tensor
    landmarks: Tensor


Term = Callable[[Step], Tensor]
_TERMS: dict[str, Term] = {}


def register_term(name: str) -> Callable[[Term], Term]:
    """Make a function of a Step, which returns a scalar, known as `objective.terms.<name>`."""

    def add(term: Term) -> Term:
        _TERMS[name] = term
        return term

    return add


def find_term(name: str) -> Term:
    """Raises UsageError that lists the known names."""
    if name not in _TERMS:
        known = ", ".join(sorted(_TERMS)) or "none; register_term makes one known"
        raise UsageError(f"objective.terms: there is no term {name!r}", f"Known: {known}.")
    return _TERMS[name]
