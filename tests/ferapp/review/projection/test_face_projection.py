"""Positions of features on the map, their cache and process, and groups of like mistakes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.review.projection import embedding
from ferapp.review.projection.embedding import embedded_positions, progress_text
from ferapp.review.projection.mistake_clusters import mistake_clusters
from ferapp.review.projection.principal_components import principal_components
from ferapp.runs.task_queue import TaskCancelled
from tests.support.runs.evaluations import FEAR, HAPPY, SAD, SURPRISE, evaluation
from trainer.errors import FerError


def groups(count: int, *centres: float) -> np.ndarray:
    """`count` features of 8 dimensions around each of the centres on the diagonal."""
    draw = np.random.default_rng(0)
    return np.concatenate([c + draw.normal(0, 0.1, (count, 8)) for c in centres]).astype(np.float16)


def test_pca_keeps_the_distances_in_a_plane_of_any_direction() -> None:
    draw = np.random.default_rng(1)
    plane = draw.normal(0, 1, (50, 2)) * [3, 1]
    axes = np.linalg.qr(draw.normal(0, 1, (10, 10)))[0][:, :2]
    found = principal_components((plane @ axes.T + 5).astype(np.float32))
    between = np.linalg.norm(plane[:, None] - plane[None], axis=2)
    np.testing.assert_allclose(
        np.linalg.norm(found[:, None] - found[None], axis=2), between, atol=1e-4
    )
    assert found[:, 0].var() > found[:, 1].var()


def test_pca_does_not_depend_on_signs_and_stands_values_that_are_not_finite() -> None:
    features = groups(20, 0.0, 2.0)
    found = principal_components(features)
    assert (found.max(axis=0) >= -found.min(axis=0)).all()
    features[3, 2] = np.inf
    assert np.isfinite(principal_components(features)).all()
    assert principal_components(features[:, :1]).shape == (40, 2)


def test_tsne_keeps_groups_apart_and_is_read_from_the_cache_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, said = groups(15, 0.0, 4.0), list[str]()
    found = embedded_positions(features, "tsne", said.append)
    first, second = found[:15].mean(axis=0), found[15:].mean(axis=0)
    spread = np.linalg.norm(found[:15] - first, axis=1).max()
    assert np.linalg.norm(first - second) > 2 * spread
    assert all(text.startswith("t-SNE: ") for text in said)
    monkeypatch.setattr(embedding, "_run", lambda *_: pytest.fail("it is in the cache"))
    np.testing.assert_array_equal(embedded_positions(features, "tsne", said.append), found)


class FakeProcess:
    """Runs until it is killed, or ends at once with a code."""

    code: int | None = None
    killed = 0

    def __init__(self, *_: object) -> None: ...

    def poll(self) -> int | None:
        return self.code

    def kill(self) -> None:
        FakeProcess.killed += 1

    def last_output(self) -> str:
        return "Traceback\nMemoryError: too many faces"


def test_cancelling_kills_the_process_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedding, "ChildProcess", FakeProcess)

    def cancel(_: str) -> None:
        raise TaskCancelled

    with pytest.raises(TaskCancelled):
        embedded_positions(groups(10, 0.0), "tsne", cancel)
    assert FakeProcess.killed == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_failure_is_the_last_line_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "ChildProcess", FakeProcess)
    monkeypatch.setattr(FakeProcess, "code", 1)
    with pytest.raises(FerError, match="t-SNE failed: MemoryError: too many faces"):
        embedded_positions(groups(10, 0.0), "tsne", lambda _: None)
    with pytest.raises(FerError, match="at least 5 faces"):
        embedded_positions(groups(4, 0.0), "tsne", lambda _: None)


def test_progress_counts_the_steps_that_the_libraries_print() -> None:
    assert progress_text("tsne", "[t-SNE] Iteration 50: error\n[t-SNE] Iteration 250: e") == (
        "t-SNE: 25\u00a0%"
    )
    assert progress_text("umap", "Epochs completed:  40%| ### 80/200") == "UMAP: 40\u00a0%"
    assert "neighbours" in progress_text("tsne", "[t-SNE] Computing 91 nearest neighbors...")


def test_like_mistakes_are_grouped_by_pair_and_by_features() -> None:
    """30 fear → surprise in two groups, 8 happy → sad in one, 4 sad → happy are too few."""
    labels = [FEAR] * 30 + [HAPPY] * 8 + [SAD] * 4 + [HAPPY] * 10
    predicted = [SURPRISE] * 30 + [SAD] * 8 + [HAPPY] * 4 + [HAPPY] * 10
    features = np.concatenate([groups(20, 0.0), groups(10, 5.0), groups(22, 9.0)])
    made = replace(evaluation(labels, predicted), feature=features)
    found = [(c.true, c.predicted, c.rows.tolist()) for c in mistake_clusters(made)]
    assert found == [
        (FEAR, SURPRISE, list(range(20))),
        (FEAR, SURPRISE, list(range(20, 30))),
        (HAPPY, SAD, list(range(30, 38))),
    ]
    assert mistake_clusters(evaluation(labels, predicted)) == ()
