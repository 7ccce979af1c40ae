"""Report 003's recipes against its table as printed."""

import pytest

from trainer.config.loading import load_config
from trainer.config.sections import AugmentConfig
from trainer.config.train_config import TrainConfig
from trainer.recipes import FAST, RECIPES, recipe

# network, optimiser, rate, epochs, accuracy, by the number of the row
AS_PRINTED = {
    1: ("self-attention-adam", "self_attention_resnet18", "adam", 0.001, 40, "69.08"),
    2: ("self-attention-sgd", "self_attention_resnet18", "sgd", 0.001, 40, "67.96"),
    3: ("transfer-40", "transfer_comparison", "sgd", 0.001, 40, "67.58"),
    4: ("transfer-30", "transfer_comparison", "sgd", 0.001, 30, "67.39"),
    5: ("resnet50-adam", "resnet50", "adam", 0.001, 40, "66.73"),
    6: ("vgg-sgd", "vgg", "sgd", 0.001, 40, "66.19"),
    7: ("vgg-adam", "vgg", "adam", 0.001, 40, "66.10"),
    8: ("transfer-10", "transfer_comparison", "sgd", 0.001, 10, "64.43"),
    9: ("resnet50-sgd", "resnet50", "sgd", 0.001, 40, "57.95"),
    10: ("alexnet-adam", "alexnet", "adam", 0.001, 40, "49.77"),
    11: ("alexnet-sgd", "alexnet", "sgd", 0.001, 40, "40.71"),
    12: ("cnn-transformer-adam-1e-4", "cnn_transformer", "adam", 0.0001, 40, "25.52"),
    13: ("transfer-adam-1e-4", "transfer_comparison", "adam", 0.0001, 40, "25.15"),
    14: ("alexnet-plain", "alexnet", "adam", 0.001, 40, "25.13"),
    15: ("cnn-transformer-adam", "cnn_transformer", "adam", 0.001, 40, "25.12"),
    16: ("transfer-adam", "transfer_comparison", "adam", 0.001, 40, "25.07"),
    17: ("cnn-transformer-sgd", "cnn_transformer", "sgd", 0.001, 10, "24.71"),
}


def config_of(name: str) -> TrainConfig:
    return load_config(None, (), **recipe(f"report-003/{name}").values)


def test_the_rows_stand_in_the_order_of_the_report() -> None:
    rows = [name for name in RECIPES if name.startswith("report-003/") and not name.endswith(FAST)]
    assert rows == [f"report-003/{row[0]}" for row in AS_PRINTED.values()]


@pytest.mark.parametrize("number", AS_PRINTED)
def test_a_row_is_as_printed(number: int) -> None:
    name, network, optimizer, rate, epochs, accuracy = AS_PRINTED[number]
    config, optim = config_of(name), config_of(name).optim
    assert recipe(f"report-003/{name}").published == accuracy
    assert (config.model.name, optim.optimizer) == (network, optimizer)
    assert (optim.learning_rate, optim.epochs, optim.schedule) == (rate, epochs, "constant")
    assert (optim.momentum, optim.nesterov, optim.weight_decay) == (0.9, False, 0.0)
    assert (optim.ema, optim.clip, config.objective.label_smoothing) == (0, 0, 0)
    assert config.objective.losses == {}  # its DACL has no center loss
    assert config.model.init == ("imagenet" if number <= 2 else "")


@pytest.mark.parametrize("number", AS_PRINTED)
def test_the_pictures_are_those_of_the_report(number: int) -> None:
    config = config_of(AS_PRINTED[number][0])
    assert (config.data.crop_size, config.data.input_size) == (230, 224)
    assert not config.data.landmarks  # unaligned
    inputs = config.data.preprocessing
    assert (inputs.mean, inputs.std) == (0, 1)  # no normalisation
    augmented = {"rotation": 15.0, "flip": 0.5, "crop": "random"}
    expected = {} if number == 14 else augmented
    off = dict.fromkeys(
        ("flip", "rotation", "scale", "stretch", "shift", "gamma", "blur", "noise", "erase",
         "mixup"), 0.0,
    )  # fmt: skip
    assert config.augment == AugmentConfig.model_validate({**off, **expected})


def test_the_recipes_say_what_is_not_the_reports() -> None:
    for name, *_ in AS_PRINTED.values():
        said = recipe(f"report-003/{name}").differences
        assert "The batch of 64 is ours" in said
        assert "augments its test pictures" in said
        assert ("initial weights are random" in said) == (config_of(name).model.init == "")
    assert "hidden=4096" in recipe("report-003/vgg-sgd").differences
    assert "drops elements" in recipe("report-003/transfer-40").differences
