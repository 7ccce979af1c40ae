"""Networks built for the shapes of their weights alone, on the meta device."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

RANDOM_FILLS = {
    Tensor.normal_,
    Tensor.uniform_,
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.kaiming_uniform_,
}


@contextmanager
def shapes_only(max_calls: int | None = None) -> Iterator[None]:
    """Inside, networks are built without memory for their weights, and fast.

    Raises ValueError after `max_calls` calls of torch, if given.
    """
    # `enable_grad` restores gradients: `max_calls` may be reached inside a `no_grad`, whose exit
    # calls torch and would fail
    with torch.enable_grad(), torch.device("meta"), _MetaBuild(max_calls):
        yield


class _MetaBuild(TorchFunctionMode):
    """Counts calls, and draws no random values for tensors that hold none.

    Drawing normal values on the meta device would import torch._dynamo, which takes a second.
    """

    def __init__(self, max_calls: int | None) -> None:
        super().__init__()
        self._max_calls = max_calls
        self._calls = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self._calls += 1
        if self._max_calls is not None and self._calls > self._max_calls:
            raise ValueError("it would have far more weights than the file")
        kwargs = kwargs or {}
        if func in RANDOM_FILLS:
            tensor: Tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)
