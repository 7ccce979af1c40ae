"""A symmetric network gives a face and its mirror image the same outputs, trained or not."""

import pytest
import torch
from torch import nn

from trainer.card import ModelCard
from trainer.config.loading import load_config
from trainer.data.augmentation import Batch
from trainer.data.crops import align_all, to_input
from trainer.data.face_data import load
from trainer.errors import UsageError
from trainer.files import asset
from trainer.model_index import find_model
from trainer.models import create
from trainer.models.import_weights import import_weights
from trainer.models.model_file import load_model
from trainer.training.state import TrainState, new_train_state

SIDE = 26
OPTIONS = {"widths": [16, 32, 32], "blocks": [1, 1, 1], "symmetric": True}


def trained_state(symmetric: bool) -> TrainState:
    options = {**OPTIONS, "symmetric": symmetric}
    config = load_config(
        None,
        [f"data.input_size={SIDE}", "data.crop_size=28", "augment.mixup=0", "optim.ema=0.5"],
        model={"name": "compact", "options": options},
    )
    card = ModelCard(
        name="net",
        architecture="compact",
        arguments=options,
        attribution_layer="stages",
        preprocessing=config.data.preprocessing,
    )
    torch.manual_seed(0)
    state = new_train_state(config, card, torch.eye(7), torch.device("cpu"))
    state.train_mode()
    for _ in range(3):
        x = torch.randn(8, 1, SIDE, SIDE)
        targets = torch.eye(7)[torch.randint(7, (8,))]
        points = torch.full((8, 68, 2), torch.nan)
        state.objective(state.model, Batch(x, points, targets)).loss.backward()
        state.optimizer_step(config.optim, 0.1)
    return state


def apart(model: nn.Module) -> float:
    """How far the logits of noise and of its mirror image are apart, beside their spread."""
    x = torch.randn(4, 1, SIDE, SIDE)
    with torch.no_grad():
        plain, mirrored = model.eval()(x), model(x.flip(-1))
    return float((plain - mirrored).abs().max() / plain.std())


def test_steps_of_training_leave_it_symmetric() -> None:
    trained = trained_state(symmetric=True)
    assert apart(trained.model) < 1e-4
    assert apart(trained.average) < 1e-4
    usual = trained_state(symmetric=False)
    assert apart(usual.model) > 0.1


def test_partner_channels_mirror_each_other_and_differ() -> None:
    """Each sees what its partner sees in the mirror, which is something else."""
    model = trained_state(symmetric=True).model.eval()
    x = torch.randn(2, 1, SIDE, SIDE)
    with torch.no_grad():
        maps, mirrored = model.stages(model.stem(x)), model.stages(model.stem(x.flip(-1)))
    half = maps.shape[1] // 2
    torch.testing.assert_close(mirrored.flip(-1).roll(half, 1), maps, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(maps[:, :half], maps[:, half:], atol=1e-2)


@pytest.mark.parametrize("side", [24, 28, 44])
def test_input_sizes_with_asymmetric_strides_are_refused(side: int) -> None:
    with pytest.raises(
        UsageError, match=rf"{side} px .* must be 2 more than a multiple of 8; .*symmetric=false"
    ):
        create("compact", input_size=side, **OPTIONS)


def test_odd_widths_are_refused_for_symmetric_networks() -> None:
    with pytest.raises(UsageError, match=r"\[16, 31, 32\] .* must be even"):
        create("compact", input_size=SIDE, **{**OPTIONS, "widths": [16, 31, 32]})


def test_a_widened_symmetric_network_gives_the_same_outputs() -> None:
    """Partners stay partners: holding them so changes nothing."""
    narrow = trained_state(symmetric=True).model.eval()
    wide = create("compact", input_size=SIDE, **{**OPTIONS, "widths": [24, 40, 64]}).eval()
    import_weights(wide, narrow.state_dict())
    wide.constrain()
    x = torch.randn(4, 1, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(wide(x), narrow(x), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", ["default", "accurate", "twin-ce", "twin-pal", "twin-au"])
def test_bundled_models_give_mirrored_faces_the_same_outputs(name: str) -> None:
    model, card = load_model(find_model(name))
    data = load(asset("example"))
    crops = align_all(data, card.preprocessing).pixels
    x = to_input(crops[::5], card.preprocessing)
    with torch.inference_mode():
        plain, mirrored = model(x).softmax(1), model(x.flip(-1)).softmax(1)
    assert float(plain.std(dim=0).mean()) > 0.05  # they are no constant
    torch.testing.assert_close(mirrored, plain, atol=1e-3, rtol=0)
