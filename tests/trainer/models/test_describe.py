"""The table of a network: its rows add up, and what only training uses is among them."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from tests.support.trainer.small_networks import SIDE, SMALL
from trainer.models import create, names
from trainer.models.describe import LayerRow, NetworkDescription, describe_network
from trainer.models.shapes_only import shapes_only


def described(name: str, side: int = SIDE, **options: object) -> NetworkDescription:
    with shapes_only():
        model = create(name, input_size=side, **options)
        return describe_network(model, 1, side)


def rows(table: NetworkDescription) -> dict[str, LayerRow]:
    return {row.name: row for row in table.layers}


def test_parameters_and_operations_of_a_known_network() -> None:
    table = describe_network(create("resnet18", in_channels=3, num_classes=1000), 3, 224)
    assert table.parameters == 11_689_512  # as torchvision lists it
    assert table.flops == table.prediction_flops == pytest.approx(2 * 1.81e9, rel=0.02)
    shapes = {layer.name: layer.shape for layer in table.layers}
    assert shapes["trunk.layer4"] == (512, 7, 7)
    assert shapes["classifier"] == (1000,)


@pytest.mark.parametrize("name", names())
def test_the_rows_add_up_to_the_total(name: str) -> None:
    table = described(name, **SMALL.get(name, {}))
    outer = [row for row in table.layers if "." not in row.name]
    assert sum(row.parameters for row in outer) == table.parameters > 0
    for row in outer:
        inner = [r.parameters for r in table.layers if r.name.startswith(f"{row.name}.")]
        assert sum(inner) <= row.parameters
    assert 0 < table.prediction_flops <= table.flops


def test_the_attention_of_dacl_is_listed_and_counted() -> None:
    table = described("dacl", 224)
    attention = rows(table)["attention"]
    assert (attention.kind, attention.shape) == ("FeatureAttention", (512,))
    assert attention.parameters == 91_862_208
    plain = described("resnet18", 224)
    assert table.parameters == plain.parameters + attention.parameters
    assert table.prediction_flops == plain.flops
    # its linear layers: a multiplication and an addition for each weight
    widths = (512 * 7 * 7, 3584, 512, 64, 1024)
    linear = sum(2 * a * b for a, b in itertools.pairwise(widths))
    assert table.flops - table.prediction_flops == linear


def test_the_second_head_of_acol_is_listed_and_counted() -> None:
    """Once: training runs the first head again to see what it looks at."""
    table = described("acol", **SMALL["acol"])
    first, second = (rows(table)[name] for name in ("first", "second"))
    assert first.parameters == second.parameters
    assert first.shape == second.shape
    side = first.shape[-1]
    head = 2 * side**2 * sum(p.numel() for p in _weights_of_a_head())
    assert table.flops - table.prediction_flops == head


def _weights_of_a_head() -> list[nn.Parameter]:
    model = create("acol", input_size=SIDE, **SMALL["acol"])
    return [p for p in model.second.parameters() if p.ndim > 1]


class OwnParameters(nn.Module):
    """Parameters of the network itself, and a layer that no forward pass reaches."""

    attribution_layer = "maps"
    has_class_map = False

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.maps = nn.Conv2d(1, 3, 1, bias=False)
        self.unused = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.maps(x).mean(dim=(2, 3)) * self.scale

    def attend(self, features: Tensor) -> None:
        return None


def test_what_never_runs_is_listed_without_a_shape() -> None:
    table = describe_network(OwnParameters(), 1, 4)  # type: ignore[arg-type]
    assert [(row.name, row.shape, row.parameters) for row in table.layers] == [
        ("scale", (3,), 3),
        ("maps", (3, 4, 4), 3),
        ("unused", (), 25),
    ]
    assert table.parameters == 31
    assert table.flops == table.prediction_flops == 2 * 3 * 16
