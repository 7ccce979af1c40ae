"""Action unit maps lie on the right parts, and mirror, scale and rotate with the face."""

import math

import pytest
import torch

from trainer.errors import UsageError
from trainer.faces import au_heatmap, au_valid
from trainer.faces.action_units import CODEBOOKS, FACS, UNITS
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
    original = au_heatmap(points, SIDE, name)
    torch.testing.assert_close(
        au_heatmap(mirrored, SIDE, name), original.flip(-1), rtol=0, atol=1e-4
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


def upright_face() -> torch.Tensor:
    """(1, 68, 2) a face of 256 px whose halves differ; its eyes are on one level."""
    points = face(256) + 4 * torch.randn(1, 68, 2, generator=torch.Generator().manual_seed(3))
    level = points[:, 36:48, 1].mean()
    for eye in (slice(36, 42), slice(42, 48)):
        points[:, eye, 1] += level - points[:, eye, 1].mean()
    return points


def ellipses_of_the_source(points: torch.Tensor) -> dict[int, list[tuple[float, ...]]]:
    """Unit → (x, y, half width, half height) by the published code's formulas, its left half first.

    The second of a pair is the first with the points' partners.
    """
    flip = torch.tensor(FLIP_68)
    x, y = points[0, :, 0], points[0, :, 1]
    pixel = 0.0115 * float(x[42:48].mean() - x[36:42].mean())
    side, disc = 256 * pixel, 20 * pixel

    def half(a: float, b: float, least: float) -> float:
        return abs(a - b) / 2 if abs(a - b) / 2 >= pixel else least * pixel

    result: dict[int, list[tuple[float, ...]]] = {unit: [] for unit in UNITS}
    for side_of_face in (torch.arange(68), flip):
        u, v = x[side_of_face].tolist(), y[side_of_face].tolist()
        eye = ((u[36] + u[39]) / 2, (v[38] + v[41]) / 2, half(u[36], u[39], 5))
        lid = half(v[38], v[41], 5)
        pairs = {
            1: (u[20], v[20], side / 8, side / 10),
            2: (u[18], v[18], side / 8, side / 10),
            5: (*eye, lid),
            6: (u[41], v[41] + side / 6, side / 10, side / 10),
            7: (*eye, lid + 10 * pixel),
            9: (u[31], v[29], disc, disc),
            10: (u[48], v[50], disc, disc),
            12: (u[48], v[48], disc, disc),
            15: (u[48], v[48], disc, disc),
            16: (u[59], v[59], disc, disc),
            17: (
                (u[59] + u[8]) / 2,
                (v[59] + v[8]) / 2,
                half(u[59], u[8], 5),
                half(v[59], v[8], 5),
            ),
            20: ((u[48] + u[6]) / 2, (v[48] + v[6]) / 2, disc, disc),
        }
        for unit, ellipse in pairs.items():
            result[unit].append(ellipse)
    u, v = x.tolist(), y.tolist()
    frown = max(half(v[19], v[24], 10), 10 * pixel)
    result[4] = [((u[19] + u[24]) / 2, (v[19] + v[24]) / 2, half(u[19], u[24], 10), frown)]
    mouth = ((u[48] + u[54]) / 2, (v[51] + v[57]) / 2, half(u[48], u[54], 5), half(v[51], v[57], 5))
    for unit in (23, 24, 26, 27):
        result[unit] = [mouth]
    result[25] = [(u[point], v[point], 25 * pixel, 10 * pixel) for point in (51, 57)]
    return result


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_fills_the_ellipses_of_the_source(
    unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = upright_face()
    monkeypatch.setitem(CODEBOOKS, "facs", {**FACS, "angry": (unit,)})
    drawn = au_heatmap(points, 256, "angry")[0]
    grid_y, grid_x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")

    def filled(grown: float) -> torch.Tensor:
        """Where an ellipse is, its half-axes longer by `grown` px."""
        return torch.stack(
            [
                ((grid_x - x) / max(wide + grown, 0.1)) ** 2
                + ((grid_y - y) / max(high + grown, 0.1)) ** 2
                < 1
                for x, y, wide, high in ellipses_of_the_source(points)[unit]
            ]
        ).any(dim=0)

    assert float(drawn[filled(-3)].min()) == 1 if filled(-3).any() else True
    assert float(drawn[~filled(3)].max()) == 0
    assert int((drawn > 0.5).sum()) == pytest.approx(int(filled(0).sum()), rel=0.05)


def test_a_closed_mouth_still_has_an_ellipse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five pixels of the source's 256 high, as its code has it."""
    points = face(256)
    points[:, 57, 1] = points[:, 51, 1]
    monkeypatch.setitem(CODEBOOKS, "facs", {**FACS, "angry": (26,)})
    column = au_heatmap(points, 256, "angry")[0, :, 128]
    pixel = 0.0115 * float(points[0, 42:48, 0].mean() - points[0, 36:42, 0].mean())
    assert float(column.sum()) == pytest.approx(2 * 5 * pixel, abs=1)


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
