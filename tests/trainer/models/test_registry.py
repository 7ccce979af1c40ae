"""The registry: networks by name, and what each must define."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trainer.errors import UsageError
from trainer.models import FerModel, create, names, networks, register_network
from trainer.models.registry import _NETWORKS, capture_outputs


def test_every_file_of_networks_is_registered() -> None:
    """A new network is one new file."""
    files = {path.stem for path in Path(networks.__path__[0]).glob("[!_]*.py")}
    modules = {network.__module__ for network in _NETWORKS.values()}
    assert {f"{networks.__name__}.{file}" for file in files} <= modules


def test_a_network_without_its_parts_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unfinished(FerModel):
        attribution_layer, default_input_size = "stem", 44

        def embed(self, x: Tensor) -> Tensor:
            return x

    monkeypatch.setitem(_NETWORKS, "unfinished", Unfinished)
    with pytest.raises(UsageError, match=r"unfinished.*abstract.*classify"):
        create("unfinished")


def test_registering_makes_a_network_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.models.registry._NETWORKS", dict(_NETWORKS))

    @register_network("mine")
    class Mine(FerModel):
        attribution_layer, default_input_size = "maps", 8

        def __init__(self, num_classes: int, in_channels: int, input_size: int) -> None:
            super().__init__()
            self.maps = nn.Conv2d(in_channels, 4, 3)
            self.classifier = nn.Linear(4, num_classes)

        def embed(self, x: Tensor) -> Tensor:
            return self.maps(x).mean(dim=(2, 3))

        def classify(self, embedding: Tensor) -> Tensor:
            return self.classifier(embedding)

    assert "mine" in names()
    network = create("mine", 3)
    assert isinstance(network, Mine)
    assert not network.has_class_map
    outputs: dict[str, Tensor] = {}
    with capture_outputs(network, {"maps"}, outputs):
        network(torch.zeros(2, 1, 8, 8))
    assert outputs.pop("maps").shape == (2, 4, 6, 6)
    network(torch.zeros(2, 1, 8, 8))
    assert not outputs


@pytest.mark.parametrize("name", ["transfer", "cnn_transformer", "compact", "ts_cam"])
def test_networks_declare_their_attention_maps(name: str) -> None:
    network = create(name, input_size=64).eval()
    with torch.no_grad():
        maps = network.attention_maps(torch.zeros(1, 1, 64, 64))
    assert tuple(maps) == network.spatial_attention
