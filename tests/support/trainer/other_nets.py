"""Small models as other people make them: their answers follow from the mean of each channel."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

EIGHT = ("Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Contempt")
CARD: dict[str, Any] = {"classes": EIGHT, "size": 32}


def weights(channels: int, classes: int) -> NDArray[np.float32]:
    """(C, K) of the linear layer: random, always the same."""
    return np.random.default_rng(5).normal(0, 3, (channels, classes)).astype(np.float32)


def write_onnx(
    file: Path,
    card: dict[str, Any] | None = None,
    *,
    batch: str | int = "batch",
    side: str | int = "side",
    channels: int = 3,
    classes: int = 8,
    nhwc: bool = False,
    softmax: bool = False,
    operator: str = "GlobalAveragePool",
    kind: int = TensorProto.FLOAT,
) -> Path:
    """An ONNX file whose logits are mean(channel) · `weights`, and its card if there is one."""
    shape = [batch, side, side, channels] if nhwc else [batch, channels, side, side]
    nodes, given = [], "pixels"
    if kind != TensorProto.FLOAT:
        nodes.append(helper.make_node("Cast", [given], ["floats"], to=TensorProto.FLOAT))
        given = "floats"
    if nhwc:
        nodes.append(helper.make_node("Transpose", [given], ["nchw"], perm=[0, 3, 1, 2]))
        given = "nchw"
    nodes += [
        helper.make_node(operator, [given], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["scores"]),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], ["shares"], axis=1))
    out = "shares" if softmax else "scores"
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("pixels", kind, shape)],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, [batch, classes])],
        [numpy_helper.from_array(weights(channels, classes), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, file)
    if card is not None:
        file.with_suffix(".json").write_text(json.dumps(card))
    return file


class Features(nn.Module):
    """A small network as anybody writes it: convolutions, a pooling and a linear layer."""

    def __init__(self, classes: int = 8, channels: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(2)
        self.body = nn.Sequential(
            nn.Conv2d(channels, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
            nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.top = nn.Linear(16, classes)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.top(self.pool(self.body(x)).flatten(1))
        return logits


PLUGIN = """
import ferapp
from tests.support.trainer.other_nets import CARD, Features

ferapp.register("theirs", Features(), {**CARD, "mean": [0.5, 0.4, 0.3], "std": 0.25,
                "crop": "box", "padding": 0.2})
"""
