"""Principal component analysis of a model's features, in numpy."""

import numpy as np
from numpy.typing import NDArray


def principal_components(
    features: NDArray[np.float16] | NDArray[np.float32], count: int = 2
) -> NDArray[np.float32]:
    """The first `count` principal components (N, count) of features (N, d), largest first.

    Each is signed so that its largest value is positive, so that the map is the same on every
    machine. Components beyond d are 0.
    """
    values = np.nan_to_num(features.astype(np.float32), posinf=0.0, neginf=0.0)
    values -= values.mean(axis=0)
    _, axes = np.linalg.eigh(values.T @ values)  # smallest first
    components = values @ axes[:, ::-1][:, :count]
    largest = np.abs(components).argmax(axis=0)
    signs = np.where(components[largest, np.arange(components.shape[1])] < 0, -1, 1)
    missing = count - components.shape[1]
    return np.pad(components * signs, ((0, 0), (0, missing))).astype(np.float32)
