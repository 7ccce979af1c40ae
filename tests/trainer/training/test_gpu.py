"""A CUDA device computes the same numbers as the CPU."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.trainer import plain_net  # noqa: F401  registers "plain"
from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.sections import AugmentConfig
from trainer.data.augmentation import augment, cutmix
from trainer.data.crops import align_all
from trainer.models.model_file import load_model
from trainer.training.run_dir import create_run
from trainer.training.trainer import Trainer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    """Without TF32, the default of a GPU's convolutions, which has three digits."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def test_augmented_batches_are_the_same() -> None:
    crops = align_all(drawn_data(2), load_config().data.preprocessing)
    config = AugmentConfig(brightness=0.2, contrast=0.2, noise=0.05, blur=0.5, crop="five")

    def augmented(device: str) -> Any:
        draws = torch.Generator().manual_seed(3)
        parts = (crops.pixels[:], crops.landmarks, crops.targets)
        batch = augment(
            *(part.to(device) for part in parts), config, view=44, side=44, generator=draws
        )
        return cutmix(batch, 1.0, draws)

    on_cpu, on_gpu = augmented("cpu"), augmented("cuda")
    for name in ("x", "landmarks", "targets"):
        expected, actual = getattr(on_cpu, name), getattr(on_gpu, name).cpu()
        torch.testing.assert_close(actual, expected, atol=2e-3, rtol=1e-3, equal_nan=True)


def test_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    off = [f"augment.{name}=0" for name in AugmentConfig.model_fields]
    off = [text for text in off if not text.startswith(("augment.crop", "augment.area"))]

    def weights(device: str) -> dict[str, torch.Tensor]:
        sets = ["model.name=plain", "optim.batch_size=14", "optim.epochs=3", "run.precision=fp32"]
        config = load_config(None, [*sets, f"run.device='{device}'", *off])
        run = create_run(tmp_path / device, "test", config, tmp_path)
        Trainer(run, "test", config, drawn_data(4)).fit()
        return dict(load_model(run.last)[0].state_dict())

    on_cpu, on_gpu = weights("cpu"), weights("cuda")
    for name, expected in on_cpu.items():
        torch.testing.assert_close(on_gpu[name], expected, atol=1e-3, rtol=1e-2, msg=name)
