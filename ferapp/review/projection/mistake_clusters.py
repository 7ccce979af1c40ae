"""Groups of mistakes that look alike to the model: the same label, the same wrong answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation
from ferapp.review.projection.principal_components import principal_components

MIN_MISTAKES = 5  # of a group
DIMENSIONS = 10  # principal components in which distances are compared
MAX_GROUPS = 4  # of one pair of classes
_MIN_SILHOUETTE = 0.35  # below it groups overlap, and the pair stays one group
_ROUNDS = 30  # of k-means


@dataclass(frozen=True, slots=True)
class MistakeCluster:
    """`rows` labelled `true` and predicted `predicted`, which are class indices."""

    true: int
    predicted: int
    rows: NDArray[np.int64]


def mistake_clusters(evaluation: Evaluation) -> tuple[MistakeCluster, ...]:
    """The mistakes of each pair of classes, in as many groups as features tell apart.

    The largest group comes first. Each pair is grouped by k-means for 2 to `MAX_GROUPS` groups, and
    split if the silhouette says that the groups lie apart. Empty without features. In numpy:
    importing scikit-learn would hold up the window for longer than this takes.
    """
    if evaluation.feature is None:
        return ()
    count = len(evaluation.classes)
    pairs = np.where(evaluation.wrong, evaluation.label * count + evaluation.predicted, -1)
    components = principal_components(evaluation.feature, DIMENSIONS)
    clusters = list[MistakeCluster]()
    for pair in np.unique(pairs[pairs >= 0]).tolist():
        rows = np.flatnonzero(pairs == pair)
        groups = _groups(components[rows])
        for group in np.unique(groups):
            members = rows[groups == group]
            if len(members) >= MIN_MISTAKES:
                clusters.append(MistakeCluster(pair // count, pair % count, members))
    return tuple(sorted(clusters, key=lambda cluster: -len(cluster.rows)))


def _groups(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """The number of the group of each of the values (M, d)."""
    best, groups = _MIN_SILHOUETTE, np.zeros(len(values), np.int64)
    for k in range(2, MAX_GROUPS + 1):
        if len(values) < k * MIN_MISTAKES:
            break
        distances = _distances(values, _k_means(values, k))
        score = _silhouette(distances)
        if score > best:
            best, groups = score, distances.argmin(axis=1)
    return groups


def _k_means(values: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Centres (k, d). Each starts at the value that is farthest from the ones before it."""
    centres = values.mean(axis=0, keepdims=True)
    for _ in range(k):
        farthest = _distances(values, centres).min(axis=1).argmax()
        centres = np.vstack([centres, values[farthest]])
    centres = centres[1:]
    for _ in range(_ROUNDS):
        groups = _distances(values, centres).argmin(axis=1)
        moved = [
            values[groups == g].mean(axis=0) if (groups == g).any() else centres[g]
            for g in range(k)
        ]
        centres = np.stack(moved)
    return np.asarray(centres, np.float32)


def _silhouette(distances: NDArray[np.float32]) -> float:
    """The mean of (b − a) / b: a to the own centre, b to the next one (Hruschka et al. 2004)."""
    own, other = np.partition(distances, 1, axis=1)[:, :2].T
    return float(((other - own) / np.maximum(other, 1e-9)).mean())


def _distances(values: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M, k) Euclidean, of values (M, d) to centres (k, d)."""
    return np.asarray(np.linalg.norm(values[:, None] - centres[None], axis=2), np.float32)
