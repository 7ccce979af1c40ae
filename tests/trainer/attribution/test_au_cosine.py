"""CAM-COS, ATT-COS and their floors against hand-made maps."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from trainer.attribution import AuCosines
from trainer.faces import au_heatmap
from trainer.labels import EXPRESSIONS
from trainer.models import FerModel

SIDE = 32


class Painter(FerModel):
    """Its only feature map is its input, which the class weights scale."""

    attribution_layer = "maps"
    default_input_size = SIDE

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Identity()
        self.classifier = nn.Linear(1, 7)
        nn.init.ones_(self.classifier.weight)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        return self.maps(x).mean(dim=(2, 3))

    def classify(self, embedding: torch.Tensor) -> torch.Tensor:
        return self.classifier(embedding)


class Cam(Painter):
    """Its class activation map is its input."""

    @property
    def linear_head(self) -> nn.Linear:
        return self.classifier


def faces(count: int) -> torch.Tensor:
    return torch.rand(count, 68, 2, generator=torch.Generator().manual_seed(0)) * SIDE


def test_the_action_unit_map_itself_scores_one() -> None:
    points, labels = faces(6), torch.tensor([0, 1, 2, 3, 4, 5])
    cosines = AuCosines(EXPRESSIONS)
    heat = au_heatmap(points, SIDE, labels)
    cosines.add(Painter(), heat[:, None], points, labels)
    result = cosines.result()
    for kind in ("cam_cos", "att_cos"):
        assert result[kind]["mean"] == pytest.approx(1, abs=1e-3)
        assert result[kind]["per_class"][6] is None  # neutral has no units


def test_the_floors_are_the_scores_of_constant_maps() -> None:
    points, labels = faces(8), torch.tensor([3, 3, 3, 5, 5, 0, 0, 0])
    cosines = AuCosines(EXPRESSIONS)
    draw = torch.Generator().manual_seed(1)
    for part in (slice(0, 5), slice(5, 8)):  # batches do not matter
        x = torch.rand(len(labels[part]), 1, SIDE, SIDE, generator=draw)
        cosines.add(Painter(), x, points[part], labels[part])
    result = cosines.result()
    heat = au_heatmap(points, SIDE, labels)
    flat = heat.flatten(1)
    uniform = flat.sum(1) / (flat.norm(dim=1) * SIDE)
    means = [float(uniform[labels == k].mean()) for k in (3, 5, 0)]
    assert result["uniform"]["mean"] == pytest.approx(sum(means) / 3, abs=1e-3)
    assert result["uniform"]["per_class"][3] == pytest.approx(means[0], abs=1e-3)
    constant = torch.stack([heat[labels == k].mean(0) for k in (0, 3, 5)]).mean(0).flatten()
    cosine = F.cosine_similarity(constant[None], flat, dim=1)
    expected = sum(float(cosine[labels == k].mean()) for k in (0, 3, 5)) / 3
    assert result["mean_au"]["mean"] == pytest.approx(expected, abs=1e-3)
    assert result["mean_au"]["mean"] > result["uniform"]["mean"]


def test_neutral_and_faces_without_landmarks_are_left_out() -> None:
    points = faces(3)
    points[1] = torch.nan
    cosines = AuCosines(EXPRESSIONS)
    cosines.add(Painter(), torch.rand(3, 1, SIDE, SIDE), points, torch.tensor([6, 3, 6]))
    assert cosines.result() == {}


def test_classes_of_another_data_set_are_matched_by_name() -> None:
    """Contempt has no units here, and the order of classes makes no difference."""
    points, labels = faces(6), torch.tensor([0, 1, 2, 3, 4, 5])
    x = torch.rand(6, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    expected, permuted = AuCosines(EXPRESSIONS), AuCosines(("contempt", *EXPRESSIONS[::-1]))
    expected.add(Painter(), x, points, labels)
    painter = Painter()
    painter.classifier = nn.Linear(1, 8)
    nn.init.ones_(painter.classifier.weight)
    contempt = torch.zeros(1, dtype=torch.long)
    permuted.add(
        painter,
        torch.cat([x, x[:1]]),
        torch.cat([points, points[:1]]),
        torch.cat([7 - labels, contempt]),
    )
    whole, other = expected.result(), permuted.result()
    for kind, values in whole.items():
        assert other[kind]["mean"] == pytest.approx(values["mean"], abs=1e-5)
        assert other[kind]["per_class"][0] is None
        assert other[kind]["per_class"][7] == pytest.approx(values["per_class"][0], abs=1e-5)


def test_both_ways_to_treat_negative_evidence() -> None:
    """Ours clamps the map; the authors' code scales it to [0, 1] and then clamps."""
    points, labels = faces(6), torch.tensor([0, 1, 2, 3, 4, 5])
    x = torch.randn(6, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    cosines = AuCosines(EXPRESSIONS, "cam")
    cosines.add(Cam(), x, points, labels)
    result = cosines.result()
    heat, cam = au_heatmap(points, SIDE, labels).flatten(1), x[:, 0].flatten(1)
    low, high = cam.amin(1, keepdim=True), cam.amax(1, keepdim=True)
    expected = {
        "cam_cos": F.cosine_similarity(cam.clamp(0), heat),
        "cam_cos_min_max": F.cosine_similarity(((cam - low) / (high - low)).clamp(0, 1), heat),
    }
    for kind, values in expected.items():
        assert result[kind]["mean"] == pytest.approx(float(values.mean()), abs=1e-4)
        assert result[kind]["per_class"][:6] == pytest.approx(values.tolist(), abs=1e-4)
    assert abs(result["cam_cos"]["mean"] - result["cam_cos_min_max"]["mean"]) > 0.05
