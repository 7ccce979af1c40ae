"""Configurations from all their sources: which one wins, older spellings, and what is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from trainer.config.constraint_text import allowed_values, bounds
from trainer.config.loading import check_config, load_config, saved_config
from trainer.config.train_config import TrainConfig, all_fields
from trainer.errors import UsageError


def test_the_configuration_loads_no_torch() -> None:
    code = (
        "import sys, trainer.config.loading, trainer.recipes; "
        "print(trainer.config.loading.load_config(None, ['objective.acol.weight=1']).objective); "
        "print(sorted(name for name in ('torch', 'trainer.losses') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "acol=AcolConfig(weight=1.0)" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "source", ["recipe", "file", "--set", "--set table", "run", "current spelling"]
)
def test_weights_may_be_spelled_as_terms(source: str, tmp_path: Path) -> None:
    terms = {"objective": {"terms": {"mirror": 0.5}}}
    file = tmp_path / "settings.toml"
    file.write_text("[objective.terms]\nmirror = 0.5\n")
    config = {
        "recipe": lambda: load_config(None, **terms),
        "file": lambda: load_config(file),
        "--set": lambda: load_config(None, ["objective.terms.mirror=0.5"]),
        "--set table": lambda: load_config(None, ["objective.terms={mirror=0.5}"]),
        "run": lambda: saved_config(terms),
        "current spelling": lambda: load_config(None, ["objective.mirror.weight=0.5"]),
    }[source]()
    assert {name: loss.weight for name, loss in config.objective.losses.items()} == {"mirror": 0.5}
    assert "terms" not in config.model_dump()["objective"]


def test_the_later_spelling_wins_whichever_it_is(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("objective.terms.acol = 3\n")
    base = {"objective": {"acol": {"weight": 1.0}}}

    def weight(*sets: str, file: Path | None = None) -> float:
        return load_config(file, sets, **base).objective.acol.weight

    assert weight() == 1
    assert weight(file=file) == 3
    assert weight("objective.acol.weight=0", file=file) == 0
    assert weight("objective.terms.acol=2", "objective.acol.weight=4") == 4
    assert weight("objective.acol.weight=4", "objective.terms.acol=2") == 2


def test_a_run_saved_before_losses_had_sections_still_opens() -> None:
    saved = {
        "label_smoothing": 0.05,
        "class_weights": "none",
        "center": {"weight": 0.05, "alpha": 0.5},
        "pal": {
            "weight": 1.0, "method": "grad_x_input", "target": "true", "channels": "mean",
            "layer": "", "sigma": 0.027, "heatmap": "max",
        },
        "au": {
            "weight": 0.0, "layers": [], "channels": "avg", "distance": "cosine", "map": "class",
            "codebook": "facs",
        },
        "distill": {"weight": 0.0, "teachers": [], "temperature": 1.0},
        "terms": {"mirror": 200.0, "acol": -1.0, "of_a_user": 0.01},
    }  # fmt: skip
    objective = saved_config({"augment": {"mixup": 0}, "objective": saved}).objective
    weights = {name: loss.weight for name, loss in objective.losses.items()}
    assert weights == {"center": 0.05, "pal": 1, "acol": -1, "mirror": 200, "of_a_user": 0.01}
    assert objective.unregistered == ["of_a_user"]


def test_what_is_saved_is_read_back() -> None:
    sets = ["objective.center.weight=1", "objective.au.layers=['a']", "augment.mixup=0"]
    config = load_config(None, sets)
    assert saved_config(config.model_dump()) == TrainConfig.model_validate(config.model_dump())
    assert saved_config(config.model_dump()) == config


def test_every_error_is_listed_with_its_field() -> None:
    sets = ["objective.center.alpha=2", "objective.label_smoothing=3", "optim.epochs=0"]
    with pytest.raises(UsageError) as caught:
        load_config(None, sets)
    for text in (
        "objective.center.alpha = 2: must be a number greater than 0 and at most 1",
        "objective.label_smoothing = 3: must be a number of at least 0 and less than 1",
        "optim.epochs = 0: must be a whole number from 1 to 10000",
    ):
        assert text in str(caught.value)
    assert check_config(sets)[1].keys() == {
        "objective.center.alpha", "objective.label_smoothing", "optim.epochs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs=3", "--set epochs=3: expected section.field=value"),
        ("optim.epochs", "--set optim.epochs: expected section.field=value"),
        ("objective.terms=3", "objective.terms: there is no such field (known: label_smoothing"),
        ("objective.center=3", "objective.center = 3: must be a section with fields"),
        ("objective.terms.mirror='b'", "objective.mirror.weight = 'b': must be a number"),
    ],
)
def test_a_wrong_set_is_explained(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(None, [text])
    assert message in str(caught.value)


def test_a_setting_says_what_it_takes() -> None:
    fields = all_fields()
    assert bounds(fields["optim.epochs"]) == "at least 1, at most 10000"
    assert allowed_values(fields["objective.pal.channels"]) == "mean, all or half"
    assert all(info.description for info in fields.values())


def test_settings_may_be_values_instead_of_texts() -> None:
    texts = ["optim.epochs=3", "augment.mixup=0", "objective.terms={center=0.5}"]
    texts.append("model.options={widths=[8,16],blocks=[1,1]}")
    values = {
        "optim.epochs": 3,
        "augment.mixup": 0,
        "objective.terms": {"center": 0.5},
        "model.options": {"widths": [8, 16], "blocks": [1, 1]},
    }
    assert load_config(None, values) == load_config(None, texts)
    with pytest.raises(UsageError, match=r"optim\.epochs"):
        load_config(None, {"optim.epochs": "many"})
    with pytest.raises(UsageError, match=r"epochs=3: expected section\.field=value"):
        load_config(None, {"epochs": 3})
