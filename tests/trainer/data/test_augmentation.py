"""Augmentation: landmarks move with the picture, left and right swap, draws are repeatable."""

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import template_landmarks
from trainer.config.sections import AugmentConfig
from trainer.data.augmentation import Batch, augment, mixup, warp
from trainer.faces.points import FLIP_68

OFF = AugmentConfig(
    flip=0, rotation=0, scale=0, stretch=0, shift=0, gamma=0, blur=0, noise=0, erase=0, mixup=0
)


def dotted(points: np.ndarray, size: int = 48) -> torch.Tensor:
    """A black picture with a soft white dot (σ 1 px) at each point, a batch of one dot each."""
    rows, columns = np.mgrid[:size, :size]
    dots = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2) for x, y in points]
    return torch.tensor(np.stack(dots), dtype=torch.float32)[:, None]


def centre_of_mass(x: torch.Tensor) -> np.ndarray:
    rows, columns = np.mgrid[: x.shape[-1], : x.shape[-1]]
    weight = x[:, 0].numpy()
    total = weight.sum(axis=(1, 2))
    return np.stack(
        [(weight * columns).sum(axis=(1, 2)) / total, (weight * rows).sum(axis=(1, 2)) / total], 1
    )


@pytest.mark.parametrize(("view", "side"), [(48, 48), (44, 44), (44, 32), (40, 80)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_dot_and_its_landmark_move_alike(view: int, side: int, mirrored: bool) -> None:
    points = np.array([[18.0, 21.0], [29.0, 16.0], [24.0, 30.0], [17.0, 33.0]])
    draw = np.random.default_rng(1)
    maps = np.zeros((4, 2, 3), np.float32)
    for k in range(4):
        angle, zoom = draw.uniform(-0.3, 0.3), draw.uniform(0.9, 1.15)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
        maps[k, :, :2] = turn @ np.diag([-1.0 if mirrored else 1.0, 1.0])
        maps[k, :, 2] = draw.uniform(-0.1, 0.1, 2)
    landmarks = torch.tensor(points, dtype=torch.float32)[:, None].expand(4, 68, 2)
    x, moved = warp(dotted(points), landmarks, torch.from_numpy(maps), view, side)
    assert x.shape == (4, 1, side, side)
    assert moved[:, 0].numpy() == pytest.approx(centre_of_mass(x), abs=0.1)


def test_a_flip_swaps_left_and_right_points() -> None:
    points = torch.tensor(template_landmarks())[None]
    crops = torch.zeros(1, 48, 48, dtype=torch.uint8)
    flip = OFF.model_copy(update={"flip": 1.0})
    generator = torch.Generator().manual_seed(0)
    batch = augment(crops, points, torch.ones(1, 7), flip, view=48, side=48, generator=generator)
    expected = points[0, FLIP_68].clone()
    expected[:, 0] = 47 - expected[:, 0]
    assert torch.allclose(batch.landmarks[0], expected, atol=1e-3)
    assert batch.landmarks[0, 36, 0] < batch.landmarks[0, 45, 0]


def test_switched_off_it_is_the_central_crop() -> None:
    draw = torch.Generator().manual_seed(0)
    crops = torch.randint(0, 256, (3, 48, 48), dtype=torch.uint8, generator=draw)
    points = torch.zeros(3, 68, 2)
    batch = augment(crops, points, torch.ones(3, 7), OFF, view=44, side=44, generator=draw)
    assert torch.allclose(batch.x[:, 0], crops[:, 2:46, 2:46].float() / 255, atol=2e-3)
    assert torch.allclose(batch.landmarks, torch.full((3, 68, 2), -2.0), atol=1e-4)


def test_the_same_generator_state_draws_the_same_batch() -> None:
    crops = torch.randint(0, 256, (4, 48, 48), dtype=torch.uint8)

    def draw() -> Batch:
        generator = torch.Generator().manual_seed(7)
        batch = augment(
            crops,
            torch.zeros(4, 68, 2),
            torch.eye(7)[:4],
            AugmentConfig(),
            view=44,
            side=44,
            generator=generator,
        )
        return mixup(batch, 0.2, generator)

    first, second = draw(), draw()
    assert torch.equal(first.x, second.x)
    assert torch.equal(first.targets, second.targets)
    assert 0 <= float(first.x.min()) <= float(first.x.max()) <= 1


def test_mixup_blends_pictures_and_targets_by_one_share() -> None:
    batch = Batch(
        torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)]),
        torch.zeros(2, 68, 2),
        torch.eye(2),
    )
    for seed in range(20):
        mixed = mixup(batch, 0.5, torch.Generator().manual_seed(seed))
        share = mixed.targets[0, 0]
        assert share >= 0.5  # the picture of the landmarks stays the stronger one
        assert torch.allclose(mixed.targets.sum(1), torch.ones(2))
        assert torch.allclose(mixed.x[0], (1 - share).expand(1, 2, 2))


def test_erasing_fills_with_the_mean() -> None:
    crops = torch.zeros(64, 48, 48, dtype=torch.uint8)
    crops[:, :, 24:] = 200
    erase = OFF.model_copy(update={"erase": 1.0})
    generator = torch.Generator().manual_seed(0)
    batch = augment(
        crops,
        torch.zeros(64, 68, 2),
        torch.ones(64, 7),
        erase,
        view=48,
        side=48,
        generator=generator,
    )
    new = (batch.x[:, 0] - crops.float() / 255).abs() > 0.01
    areas = new.float().mean(dim=(1, 2))
    assert ((areas > 0.005) & (areas < 0.2)).float().mean() > 0.9
    assert batch.x[new[:, None]] == pytest.approx(np.full(int(new.sum()), 100 / 255), abs=0.01)


def cut(config: AugmentConfig, count: int = 200, size: int = 60) -> tuple[Batch, np.ndarray]:
    """Views of 40 px of crops of 60 px with a dot in the middle; and where the dots are seen."""
    points = np.tile([(size - 1) / 2, (size - 1) / 2], (count, 1))
    crops = (dotted(points, size)[:, 0] * 255).round().to(torch.uint8)
    landmarks = torch.tensor(points, dtype=torch.float32)[:, None].expand(count, 68, 2)
    generator = torch.Generator().manual_seed(0)
    batch = augment(
        crops, landmarks, torch.ones(count, 7), config, view=40, side=40, generator=generator
    )
    return batch, centre_of_mass((batch.x - 0.02).clamp_min(0))  # black is not quite 0


def test_five_crops_are_the_centre_and_the_corners() -> None:
    batch, seen = cut(OFF.model_copy(update={"crop": "five"}))
    assert batch.landmarks[:, 0].numpy() == pytest.approx(seen, abs=0.1)
    places, counts = np.unique(np.round(seen, 1), axis=0, return_counts=True)
    middle = 19.5
    assert places == pytest.approx(
        np.array([[9.5, 9.5], [9.5, 29.5], [middle, middle], [29.5, 9.5], [29.5, 29.5]]), abs=0.06
    )
    assert counts.min() > 20


def test_random_crops_lie_anywhere_within_the_crop() -> None:
    batch, seen = cut(OFF.model_copy(update={"crop": "random"}))
    assert batch.landmarks[:, 0].numpy() == pytest.approx(seen, abs=0.1)
    assert seen.min() == pytest.approx(9.5, abs=0.5)  # at most 10 px from the middle
    assert seen.max() == pytest.approx(29.5, abs=0.5)
    assert np.unique(seen.round(2)).size > 200


def test_a_resized_crop_keeps_its_share_of_the_area() -> None:
    """RandomResizedCrop: dots 40 px apart in a crop of 60 px are seen ever further apart."""
    count, size = 200, 60
    ends = torch.tensor([[19.5, 19.5], [39.5, 39.5]])
    landmarks = torch.zeros(count, 68, 2)
    landmarks[:, :2] = ends
    batch = augment(
        torch.zeros(count, size, size, dtype=torch.uint8),
        landmarks,
        torch.ones(count, 7),
        OFF.model_copy(update={"area": 0.5}),
        view=40,
        side=40,
        generator=torch.Generator().manual_seed(0),
    )
    apart = (batch.landmarks[:, 1] - batch.landmarks[:, 0]).numpy()  # of 20 px in the crop
    sides = 20 / size * 40 / apart  # of the view, as a share of the crop's side
    area, ratio = sides.prod(1), sides[:, 0] / sides[:, 1]
    assert 0.5 <= area.min() < 0.53
    assert 0.9 < area.max() <= 1.0
    assert (ratio > 0.74).all()
    assert (ratio < 1.34).all()


def test_brightness_and_contrast() -> None:
    crops = torch.full((300, 8, 8), 100, dtype=torch.uint8)
    crops[:, :, 4:] = 150
    points = torch.zeros(300, 68, 2)

    def light(**change: float) -> torch.Tensor:
        config = OFF.model_copy(update=change)
        generator = torch.Generator().manual_seed(0)
        batch = augment(
            crops, points, torch.ones(300, 7), config, view=8, side=8, generator=generator
        )
        return batch.x[:, 0] * 255

    brighter = light(brightness=0.4).mean((1, 2))
    assert float(brighter.min()) == pytest.approx(125 * 0.6, abs=2)
    assert float(brighter.max()) == pytest.approx(125 * 1.4, abs=2)
    contrasted = light(contrast=0.4)
    torch.testing.assert_close(contrasted.mean((1, 2)), torch.full((300,), 125.0))
    spread = (contrasted.amax((1, 2)) - contrasted.amin((1, 2))) / 50
    assert float(spread.min()) == pytest.approx(0.6, abs=0.02)
    assert float(spread.max()) == pytest.approx(1.4, abs=0.02)


def test_a_square_crop_stays_square() -> None:
    """The landmarks' box keeps its shape in both directions, whatever share of the area is cut."""
    points = torch.rand(64, 68, 2, generator=torch.Generator().manual_seed(1)) * 48
    crops, targets = torch.zeros(64, 48, 48, dtype=torch.uint8), torch.ones(64, 7)
    for aspect, is_square in ((1.0, True), (4 / 3, False)):
        config = OFF.model_copy(update={"area": 0.8, "aspect": aspect})
        generator = torch.Generator().manual_seed(2)
        moved = augment(
            crops, points, targets, config, view=42, side=42, generator=generator
        ).landmarks
        before, after = (p.amax(1) - p.amin(1) for p in (points, moved))
        zoom = after / before
        assert bool((zoom[:, 0] - zoom[:, 1]).abs().max() < 1e-3) == is_square
        shares = (42 / 48 / zoom).prod(1)  # of the whole crop's area
        assert float(shares.min()) > (0.79 if is_square else 0.76)  # sides end at the crop's
        assert float(shares.max()) < 1.01


def test_light_changes_only_its_share_of_the_pictures() -> None:
    crops = torch.full((400, 8, 8), 100, dtype=torch.uint8)
    points, targets = torch.zeros(400, 68, 2), torch.ones(400, 7)
    config = OFF.model_copy(update={"brightness": 0.4, "light": 0.8})
    generator = torch.Generator().manual_seed(0)
    x = augment(crops, points, targets, config, view=8, side=8, generator=generator).x
    changed = int(((x - 100 / 255).abs().amax((1, 2, 3)) > 1e-4).sum())
    assert 290 < changed < 350  # 320 expected, three deviations are 24


def test_erasing_by_noise_has_torchvisions_boxes() -> None:
    """One rectangle of 2 to 33 % of the area, in half of the pictures, of noise of deviation 1."""
    crops = torch.full((400, 48, 48), 100, dtype=torch.uint8)
    points, targets = torch.zeros(400, 68, 2), torch.ones(400, 7)
    config = OFF.model_copy(update={"erase": 0.5, "erase_fill": "noise"})
    generator = torch.Generator().manual_seed(0)
    x = augment(crops, points, targets, config, view=48, side=48, generator=generator).x[:, 0]
    erased = (x - 100 / 255).abs() > 1e-4
    some = erased.any(2).any(1)
    assert 170 < int(some.sum()) < 230  # 200 expected, three deviations are 30
    shares, ratios = [], []
    for mask in erased[some]:
        rows, columns = int(mask.any(1).sum()), int(mask.any(0).sum())
        assert int(mask.sum()) > 0.99 * rows * columns  # a whole rectangle
        shares.append(rows * columns / 48**2)
        ratios.append(rows / columns)
    assert min(shares) > 0.01
    assert 0.28 < max(shares) < 0.36
    assert min(ratios) > 0.2
    assert max(ratios) < 4
    assert 0.9 < float(x[erased].std()) < 1.1
