"""`python -m ferapp.review.projection.embed tsne|umap FEATURES.npy POSITIONS.npy`.

A process of its own: it can be killed at any time, and its native code never holds up the window.
Progress is what the libraries print.
"""

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.review.projection.principal_components import principal_components
from trainer.data.array_files import read_array
from trainer.stored_results import store_result

INPUT_DIMENSIONS = (
    50  # principal components that t-SNE starts from (van der Maaten and Hinton 2008)
)
PERPLEXITY = 30.0


def tsne(features: NDArray[np.float32]) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE

    few = principal_components(features, min(INPUT_DIMENSIONS, features.shape[1]))
    # scikit-learn wants it below the number of samples
    perplexity = min(PERPLEXITY, (len(few) - 1) / 3)
    method = TSNE(perplexity=perplexity, init="pca", random_state=0, verbose=2)
    return np.asarray(method.fit_transform(few), np.float32)


def umap(features: NDArray[np.float32]) -> NDArray[np.float32]:
    from umap import UMAP

    return np.asarray(UMAP(random_state=0, verbose=True).fit_transform(features), np.float32)


def main(method: str, source: Path, target: Path) -> None:
    if hasattr(os, "nice"):
        os.nice(10)  # the window and the camera come first
    features = np.nan_to_num(read_array(source).astype(np.float32), posinf=0.0, neginf=0.0)
    positions = {"tsne": tsne, "umap": umap}[method](features)
    store_result(target, lambda stream: np.save(stream, positions))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
