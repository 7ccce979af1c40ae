"""Which samples are trained on."""

import numpy as np

from tests.support.trainer.drawn import drawn_data
from trainer.training.batches import limit_samples


def test_a_limit_keeps_the_class_shares() -> None:
    data = drawn_data(20, splits=("train",))
    part = limit_samples(data, 70)
    assert np.bincount(part.label).tolist() == [10] * 7
    assert part.sample_id.tolist() == limit_samples(data, 70).sample_id.tolist()
