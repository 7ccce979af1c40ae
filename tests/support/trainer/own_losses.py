"""Losses that only some tests know: elsewhere a configuration has no settings of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trainer.config import objective_config
from trainer.losses import loss_registry, register_loss


@contextmanager
def registered(**losses: type[Any] | Callable[..., Any]) -> Iterator[None]:
    """Meanwhile each is `objective.<name>`; other processes do not know it."""
    for name, loss in losses.items():
        register_loss(name)(loss)
    try:
        yield
    finally:
        for name in losses:
            objective_config._registry.pop(name)
            loss_registry._LOSSES.pop(name)
        objective_config._registered_fields.cache_clear()
