"""The curve of a learning rate range test, and the rate that it suggests. Light to import."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 100
LOWEST, HIGHEST = 1e-5, 10.0  # learning rates of the first and last step
SMOOTHING = 0.9  # decay of the moving average of the loss
BELOW_LOWEST = 10.0  # the suggestion is the rate of the lowest loss, divided by this
FLAT_STEPS = 5  # a lowest loss within these is the start's: nothing was learned


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Learning rates (S,) and the loss (S,) at each, as it was and smoothed; S at most STEPS."""

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]

    @property
    def lowest(self) -> int:
        """The step of the lowest smoothed loss."""
        return int(np.argmin(self.smooth))

    @property
    def suggestion(self) -> float | None:
        """A tenth of the rate at the lowest loss, two digits; None where no rate lowers it."""
        if self.lowest < FLAT_STEPS:
            return None
        return float(f"{self.rates[self.lowest] / BELOW_LOWEST:.1e}")

    def sentence(self) -> str:
        if self.suggestion is None:
            return "No learning rate lowers the loss: look at the data and the loss first."
        return (
            f"Try optim.learning_rate={self.suggestion:g}: a tenth of {self.rates[self.lowest]:.2g}"
            ", where the loss is lowest."
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "suggestion": self.suggestion,
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smooth": self.smooth.tolist(),
        }


def rate_curve(rates: Sequence[float], losses: Sequence[float]) -> RateCurve:
    """The curve of the steps so far, with a moving average that is not biased towards its start."""
    smooth, average = [], 0.0
    for step, loss in enumerate(losses, 1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smooth.append(average / (1 - SMOOTHING**step))
    return RateCurve(np.array(rates), np.array(losses), np.array(smooth))
