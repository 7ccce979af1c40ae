"""Learning rates that are likely a mistake."""

from trainer.config.train_config import TrainConfig

FAR = 10.0  # times the recipe's rate
USUAL = {"sgd": 0.1, "adam": 0.001}  # highest rates of this project's recipes, by optimiser


def rate_warning(config: TrainConfig, recipe: TrainConfig) -> str:
    """A sentence if the learning rate is ten times that of the recipe or more; else empty.

    `recipe` is the configuration of the recipe alone. A larger batch allows a rate that is larger
    in proportion (Goyal et al. 2017). With another optimiser the recipe's rate says nothing, and
    that optimiser's usual one counts.
    """
    ours, theirs = config.optim, recipe.optim
    if ours.optimizer == theirs.optimizer:
        batches = ours.batch_size * ours.accumulate / (theirs.batch_size * theirs.accumulate)
        reference, whose = theirs.learning_rate * max(1.0, batches), "the recipe's"
        if batches > 1:
            whose = "the recipe's for this batch size"
    else:
        reference, whose = USUAL[ours.optimizer], f"the usual one of {ours.optimizer}"
    times = ours.learning_rate / reference
    if times < FAR * (1 - 1e-9):
        return ""
    return (
        f"optim.learning_rate={ours.learning_rate:g} is {times:.0f} times {whose} "
        f"({reference:g}): the run may diverge."
    )
