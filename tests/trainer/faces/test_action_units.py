"""Action unit maps lie on the right parts, and mirror, scale and rotate with the face."""

import math

import pytest
import torch

from trainer.errors import UsageError
from trainer.faces import au_heatmap, au_valid
from trainer.faces.action_units import FACS, UNITS
from trainer.faces.points import FLIP_68
from trainer.labels import EXPRESSIONS

SIDE = 96


def face(side: int = SIDE) -> torch.Tensor:
    """(1, 68, 2) a symmetric upright face: eyes at 0.4 of the height, mouth at 0.75."""
    x, y = torch.full((68,), 0.5), torch.full((68,), 0.5)
    jaw = torch.linspace(-math.pi * 0.95, -math.pi * 0.05, 17)
    x[:17], y[:17] = 0.5 + 0.38 * torch.cos(jaw), 0.5 - 0.45 * torch.sin(jaw)
    brow = torch.linspace(0.2, 0.42, 5)
    x[17:22], y[17:22] = brow, 0.28
    x[27:31], y[27:31] = 0.5, torch.linspace(0.4, 0.58, 4)
    x[31:36], y[31:36] = torch.linspace(0.44, 0.56, 5), 0.62
    eye = torch.tensor([[0.25, 0.4], [0.29, 0.38], [0.35, 0.38], [0.39, 0.4], [0.35, 0.42]])
    x[36:41], y[36:41] = eye[:, 0], eye[:, 1]
    x[41], y[41] = 0.29, 0.42
    upper = torch.linspace(0.38, 0.62, 7)
    x[48:55], y[48:55] = upper, 0.75 - 0.03 * torch.sin((upper - 0.38) / 0.24 * math.pi)
    x[55:60], y[55:60] = upper[1:6].flip(0), 0.79
    points = torch.stack([x, y], dim=1)
    flip = torch.tensor(FLIP_68)
    mirrored = points[flip] * torch.tensor([-1, 1]) + torch.tensor([1, 0])
    return _symmetric(points, mirrored)[None] * side - 0.5


def _symmetric(points: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """The left half as given, the right half its mirror image."""
    right = torch.tensor([*range(9, 17), *range(22, 27), *range(42, 48)])
    both = (points + mirrored) / 2
    both[:9], both[17:22], both[36:42] = points[:9], points[17:22], points[36:42]
    both[right] = mirrored[right]
    return both


def at(heatmap: torch.Tensor, points: torch.Tensor, *index: int) -> list[float]:
    """Values at iBUG points."""
    place = points[0, list(index)].round().long()
    return heatmap[0, place[:, 1], place[:, 0]].tolist()


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_map_of_a_mirrored_face_is_the_mirrored_map(name: str) -> None:
    draw = torch.Generator().manual_seed(0)
    points = face() + torch.randn(1, 68, 2, generator=draw)  # no face is symmetric
    mirrored = points[:, torch.tensor(FLIP_68)].clone()
    mirrored[..., 0] = SIDE - 1 - mirrored[..., 0]
    torch.testing.assert_close(
        au_heatmap(mirrored, SIDE, name), au_heatmap(points, SIDE, name).flip(-1)
    )


def test_units_lie_on_their_part_of_the_face() -> None:
    points = face()
    happy = au_heatmap(points, SIDE, "happy")
    assert at(happy, points, 48, 54) == [1, 1]  # lip corners
    assert at(happy, points, 19, 24, 27, 8) == [0, 0, 0, 0]  # neither brows, nose nor chin
    surprise = au_heatmap(points, SIDE, "surprise")
    assert at(surprise, points, 18, 20, 23, 25) == [1, 1, 1, 1]
    assert at(surprise, points, 30, 8) == [0, 0]
    angry = au_heatmap(points, SIDE, "angry")
    between = ((points[0, 19] + points[0, 24]) / 2).round().long()
    assert float(angry[0, between[1], between[0]]) == 1  # the frown
    assert at(angry, points, 17, 26) == [0, 0]


@pytest.mark.parametrize("side", [24, 192])
def test_maps_scale_with_their_size(side: int) -> None:
    """A larger picture's map is the same map, larger."""
    large = au_heatmap(face(side), side, "generic")
    small = au_heatmap(face(), SIDE, "generic")
    resized = torch.nn.functional.interpolate(large[:, None], SIDE, mode="area")[:, 0]
    if side < SIDE:
        resized = large
        small = torch.nn.functional.interpolate(small[:, None], side, mode="area")[:, 0]
    assert float((resized - small).abs().mean()) < 0.04  # edges of few cells


def test_maps_rotate_with_the_head() -> None:
    points, angle = face() - (SIDE - 1) / 2, math.radians(20)
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned = au_heatmap(points @ turn + (SIDE - 1) / 2, SIDE, "generic")
    theta = torch.tensor(
        [[[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0]]]
    )
    grid = torch.nn.functional.affine_grid(theta, [1, 1, SIDE, SIDE], align_corners=False)
    expected = torch.nn.functional.grid_sample(
        au_heatmap(face(), SIDE, "generic")[:, None], grid, align_corners=False
    )[:, 0]
    assert float((turned - expected).abs().mean()) < 0.02


def test_labels_names_and_indices_agree() -> None:
    points = face().repeat(7, 1, 1)
    batch = au_heatmap(points, SIDE, torch.arange(7))
    for index, name in enumerate(EXPRESSIONS):
        torch.testing.assert_close(batch[index], au_heatmap(points[:1], SIDE, name)[0])
        torch.testing.assert_close(batch[index], au_heatmap(points[:1], SIDE, index)[0])
    assert batch.amin() == 0
    assert batch[:6].amax(dim=(1, 2)).tolist() == [1] * 6
    assert float(batch[6].abs().max()) == 0  # neutral has no units
    assert au_valid(torch.arange(7)).tolist() == [True] * 6 + [False]
    assert [bool(au_valid(name)) for name in EXPRESSIONS] == [True] * 6 + [False]


def test_the_codebooks_differ_in_disgust_alone() -> None:
    points = face()
    for name in EXPRESSIONS:
        facs, paper = (au_heatmap(points, SIDE, name, book) for book in ("facs", "paper"))
        assert torch.equal(facs, paper) == (name != "disgust")
    lid = [38, 43]
    assert at(au_heatmap(points, SIDE, "disgust"), points, *lid) == [0, 0]  # the upper lip
    assert min(at(au_heatmap(points, SIDE, "disgust", "paper"), points, *lid)) > 0.3  # the lid


def test_every_unit_of_the_codebook_has_an_ellipse() -> None:
    assert {unit for units in FACS.values() for unit in units} == set(UNITS)


def test_a_face_without_landmarks_has_no_map() -> None:
    points = torch.cat([face(), torch.full((1, 68, 2), torch.nan)])
    heatmap = au_heatmap(points, SIDE, "fear")
    assert float(heatmap[0].max()) == 1
    assert float(heatmap[1].abs().max()) == 0


@pytest.mark.parametrize(
    ("expression", "codebook", "message"),
    [("smug", "facs", "no expression 'smug'"), ("happy", "ekman", "no codebook 'ekman'")],
)
def test_unknown_expressions_are_refused_with_the_known_ones(
    expression: str, codebook: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        au_heatmap(face(), SIDE, expression, codebook)  # type: ignore[arg-type]
