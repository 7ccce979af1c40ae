"""How long a recipe takes, in words."""

from trainer.config.train_config import TrainConfig
from trainer.recipes import RECIPES

PER = 1000  # pictures, where the data set is not known


def time_text(recipe: str, speed: float, samples: int) -> str:
    """`about 3 min an epoch here, 1 h in all` at `speed` pictures per second.

    Without a known number of training `samples` the time is that of 1,000 pictures.
    """
    if not samples:
        return f"about {rounded_time(PER / speed)} per {PER:,} pictures here"
    epochs = RECIPES[recipe].values.get("optim", {}).get("epochs", TrainConfig().optim.epochs)
    limit = RECIPES[recipe].values.get("data", {}).get("limit", 0)
    epoch = min(samples, limit or samples) / speed
    return f"about {rounded_time(epoch)} an epoch here, {rounded_time(epochs * epoch)} in all"


def rounded_time(seconds: float) -> str:
    """`4 s`, `3 min`, `2 h`, `5 days`: to one unit, since the speed is not known better."""
    for unit, size, until in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds / size < until:
            return f"{max(1, round(seconds / size))}\u00a0{unit}"
    return f"{round(seconds / 86400)}\u00a0days"
