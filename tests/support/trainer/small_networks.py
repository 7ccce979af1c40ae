"""Every network at a size that keeps tests quick."""

import torch
from torch import nn

from trainer.models import create

SIDE = 64
SMALL: dict[str, dict[str, object]] = {  # options by network
    "vgg": {"hidden": 64},
    "vgg16": {"hidden": 64},
    "acol": {"hidden": 32},
    "transfer_comparison": {"width": 32, "depth": 2},
    "ts_cam": {"width": 48, "depth": 2, "heads": 3},
    "dan": {"size": "small", "heads": 2},
    "poster_lite": {"widths": [8, 16, 32], "depth": 1},
    "apvit": {"blocks": [1, 1, 1], "width": 64, "depth": 2},
}


def build(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return create(name, input_size=SIDE, **{**SMALL.get(name, {}), **options})
