"""The configuration: what overrides what, and what is refused."""

from pathlib import Path

import pytest

from trainer.config.loading import load_config
from trainer.config.train_config import all_fields
from trainer.errors import UsageError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optim.epochs=0", "optim.epochs = 0: must be a whole number from 1 to 10000"),
        ("optim.epochs=many", "optim.epochs = 'many': must be a whole number from 1 to 10000"),
        ("optim.epoch=3", "no such field .*epochs"),
        ("optimizer.lr=3", "no such field .*optim"),
        ("data.normalisation='half'", "must be image, fixed or none"),
        ("epochs=3", "section.field=value"),
        ("optim.epochs", "section.field=value"),
        ("run.device=tpu", "run.device"),
    ],
)
def test_wrong_settings_name_the_field_and_what_it_allows(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_config(None, [text])


def test_settings_win_over_the_file_and_the_file_over_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[optim]\nepochs = 5\nbatch_size = 64\n")
    config = load_config(file, ["optim.epochs=7"], optim={"epochs": 3, "learning_rate": 0.3})
    assert (config.optim.epochs, config.optim.batch_size, config.optim.learning_rate) == (
        7,
        64,
        0.3,
    )


def test_another_model_leaves_the_options_of_the_recipe_behind() -> None:
    base = {"model": {"name": "compact", "options": {"widths": [8, 16]}}}
    assert load_config(None, ["model.name=resnet18"], **base).model.options == {}
    deeper = load_config(None, ["model.options.blocks=[1,1]"], **base)
    assert deeper.model.options == {"widths": [8, 16], "blocks": [1, 1]}


def test_every_field_has_a_help_text() -> None:
    fields = all_fields()
    assert {"optim.epochs", "objective.pal.sigma", "objective.label_smoothing"} <= fields.keys()
    assert not [name for name, field in fields.items() if not field.description]
