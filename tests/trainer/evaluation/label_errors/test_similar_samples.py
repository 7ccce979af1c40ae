"""Neighbours, near duplicates, and what their labels say."""

from dataclasses import replace

import numpy as np

from tests.support.trainer.varied_faces import varied_faces
from trainer.evaluation.label_errors.similar_samples import (
    copy_shares,
    duplicate_groups,
    nearest,
    neighbour_shares,
    small_pictures,
)


def test_the_nearest_are_by_angle_and_never_the_sample_itself() -> None:
    vectors = np.array([[1, 0], [9, 1], [0, 1], [1, 4]], np.float16)
    rows, cosines = nearest(vectors, 2)
    assert rows.tolist() == [[1, 3], [0, 3], [3, 1], [2, 1]]
    np.testing.assert_allclose(cosines[0], [9 / np.sqrt(82), 1 / np.sqrt(17)], rtol=1e-6)
    assert nearest(vectors, 10)[0].shape == (4, 3)


def test_many_samples_have_the_same_neighbours_as_all_pairs() -> None:
    """More rows than a block."""
    vectors = np.random.default_rng(0).normal(size=(1100, 8)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similar = unit @ unit.T
    np.fill_diagonal(similar, -1)
    assert nearest(vectors, 1)[0][:, 0].tolist() == similar.argmax(axis=1).tolist()


def test_copies_are_grouped_whatever_their_brightness_and_no_others() -> None:
    data = varied_faces(4)
    images = np.asarray(data.images).copy()
    draw = np.random.default_rng(1)
    images[5] = images[20]
    images[9] = np.clip(images[20] * 0.7 + 20 + draw.normal(0, 2, (48, 48)), 0, 255)
    group = duplicate_groups(small_pictures(replace(data, images=images)))
    same = np.flatnonzero(group == group[20])
    assert same.tolist() == [5, 9, 20]
    assert len(set(group.tolist())) == 26


def test_neighbours_of_the_own_group_have_no_vote() -> None:
    label = np.array([0, 1, 1, 2])
    neighbours = np.array([[1, 2, 3], [0, 2, 3], [1, 0, 3], [0, 1, 2]])
    group = np.array([0, 0, 1, 2])
    shares = neighbour_shares(label, neighbours, group, 3)
    np.testing.assert_allclose(shares[0], [0, 0.5, 0.5])
    np.testing.assert_allclose(shares[3], [1 / 3, 2 / 3, 0])
    assert np.isnan(neighbour_shares(label, neighbours[:, :1], group, 3)[0]).all()


def test_copies_vote_for_their_own_labels() -> None:
    shares = copy_shares(np.array([0, 1, 1, 2]), np.array([0, 0, 0, 1]), 3)
    np.testing.assert_allclose(shares[0], [0, 1, 0])
    np.testing.assert_allclose(shares[1], [0.5, 0.5, 0])
    assert np.isnan(shares[3]).all()
