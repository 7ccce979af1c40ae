"""Runs side by side, as tables and curves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = tuple[list[str], list[list[str]]]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """`results` over seeds, settings that differ, and curves on val: name, epochs, accuracy."""

    results: Table
    differences: Table
    curves: tuple[tuple[str, NDArray[np.float64], NDArray[np.float64]], ...]
    losses: tuple[tuple[str, NDArray[np.float64], NDArray[np.float64]], ...]
