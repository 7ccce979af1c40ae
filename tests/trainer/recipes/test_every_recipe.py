"""Every recipe takes real steps; each network does at its full size, and in a whole run.

Recipes of one network differ in losses and optimiser, which pictures of 64 px show as well: one
recipe of each network is taken at its published size. A fast form differs from its recipe only in
the size of pictures and network: it is taken instead where the network is shown elsewhere.
"""

import gc
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.support.trainer.drawn import drawn_affect_data, drawn_clips, drawn_data
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.recipes import FAST, RECIPES, recipe
from trainer.recipes.recipe import FAST_SIDE
from trainer.training.run_dir import RunDir
from trainer.training.trainer import Trainer


def network(name: str) -> str:
    """With its options and the size of its input."""
    values = recipe(name).values
    model, side = values["model"], values.get("data", {}).get("input_size", 0)
    return f"{model['name']} {model.get('options')} {side}"


def losses(name: str) -> list[str]:
    """Named by the sections of the objective that are losses' settings."""
    objective = recipe(name).values.get("objective", {})
    return sorted(key for key, value in objective.items() if isinstance(value, dict))


def one_of_each(names: list[str], kind: Callable[[str], object]) -> list[str]:
    """The name with the most losses of each kind."""
    return list({kind(name): name for name in sorted(names, key=lambda n: len(losses(n)))}.values())


WHOLE = [name for name in RECIPES if not name.endswith(FAST)]
FAST_FORMS = [name for name in RECIPES if name.endswith(FAST)]
AT_FULL_SIZE = one_of_each(WHOLE, network)
AS_RUNS = list(
    dict.fromkeys(
        [*one_of_each(FAST_FORMS, network), *one_of_each(FAST_FORMS, lambda n: str(losses(n)))]
    )
)
ON_SMALL_PICTURES = [
    name
    for name in RECIPES
    if name not in AT_FULL_SIZE and name not in AS_RUNS and name + FAST not in RECIPES
]


@pytest.fixture(autouse=True)
def memory_is_freed() -> Iterator[None]:
    """The largest network takes 4 GB with its optimiser."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def faces() -> FaceData:
    """One drawn face of each class for training and for validation."""
    return drawn_data(1)


@pytest.fixture(scope="module")
def data_of(faces: FaceData) -> Callable[[str], FaceData]:
    """What a recipe learns from: pictures, with valence and arousal, or clips."""
    others = {"affect": drawn_affect_data(7, 7), "video": drawn_clips(4, 4)}
    return lambda name: others.get(name.split("/")[0], faces)


def config_of(name: str, *sets: str) -> TrainConfig:
    """The recipe with small batches, in the precision that every machine has."""
    values = recipe(name).values
    if values.get("model", {}).get("init") == "imagenet":
        sets = ("model.init=''", *sets)  # nothing is downloaded
    if "objective.distill.weight" in recipe(name).title:  # which the user has to set
        sets = ("objective.distill.weight=2", "objective.distill.teachers=['accurate']", *sets)
    small = ("optim.batch_size=2", "run.device=cpu", "run.precision=fp32", "run.loaders=1")
    return load_config(None, [*small, *sets], **values)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Those trained parameters that are small, such as the classifier's: they take no memory."""
    return {
        name: value.detach().clone()
        for name, value in trainer.state.model.named_parameters()
        if value.requires_grad and value.numel() < 1e5
    }


@pytest.mark.parametrize("name", ["au/acol", "au/acol-au", "report-001/exp3", "report-001/softmax"])
def test_cross_entropies_where_bf16_is_automatic(
    name: str, faces: FaceData, tmp_path: Path
) -> None:
    """A step of the trainer, as a GPU and some CPUs take it."""
    small = {"au/acol": "{depth=18,hidden=16}", "report-001/exp3": "{compact=true}"}
    sets = (f"model.options={small.get(name.removesuffix('-au'), '{}')}", "data.input_size=32")
    config = config_of(name, *sets, "data.crop_size=36", "run.precision=bf16")
    trainer = Trainer(RunDir(tmp_path), "test", config, faces)
    means = trainer.train_until(1)
    trainer.close()
    assert means is not None
    terms = [name for name in means if name.startswith("loss_")]
    assert len(terms) == 1 + len(config.objective.losses)
    assert all(math.isfinite(value) for value in means.values()), means


def take_two_steps(config: TrainConfig, data: FaceData, folder: Path) -> None:
    """And see that they change the weights, and that everything stays finite."""
    trainer = Trainer(RunDir(folder), "test", config, data)
    before = weights(trainer)
    means = trainer.train_until(2)
    trainer.close()
    assert means is not None
    assert trainer.state.step == 2
    assert all(math.isfinite(value) for value in means.values()), means
    after = weights(trainer)
    assert any(not torch.equal(after[key], before[key]) for key in before)
    assert all(bool(value.isfinite().all()) for value in after.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", AT_FULL_SIZE)
def test_two_steps_at_full_size(
    name: str, data_of: Callable[[str], FaceData], tmp_path: Path
) -> None:
    take_two_steps(config_of(name), data_of(name), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_SMALL_PICTURES)
def test_two_steps_on_small_pictures(
    name: str, data_of: Callable[[str], FaceData], tmp_path: Path
) -> None:
    data = config_of(name).data
    side = min(data.input_size, FAST_SIDE)
    crop = round(side * data.crop_size / data.input_size)
    sizes = (f"data.input_size={side}", f"data.crop_size={crop}")
    take_two_steps(config_of(name, *sizes), data_of(name), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", AS_RUNS)
def test_a_fast_form_trains(name: str, data_of: Callable[[str], FaceData], tmp_path: Path) -> None:
    """Two epochs of one batch, validated and saved as a model."""
    config = config_of(name, "optim.batch_size=7", "optim.epochs=2")
    run = RunDir(tmp_path)
    best = Trainer(run, "test", config, data_of(name)).fit()
    assert run.best.is_file()
    assert 0 <= best["accuracy"] <= 1
