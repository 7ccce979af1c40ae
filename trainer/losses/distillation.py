"""Distillation (Hinton et al. 2015): the net learns what trained models answer.

They see the very inputs that the net sees, however those are augmented or blended: the nets are
matched as functions (Beyer et al., CVPR 2022).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.card import ModelCard, Preprocessing
from trainer.errors import UsageError
from trainer.model_index import find_model
from trainer.models.fuse_bn import fuse_bn
from trainer.models.model_file import load_model
from trainer.models.registry import FerModel

SAME_VIEW = 0.02  # of the crop's side: what two nets may see more or less of the face


class Teachers:
    """Trained models whose mean answer is learned; no part of what a run saves."""

    def __init__(
        self, names: Sequence[str], classes: Sequence[str], preprocessing: Preprocessing
    ) -> None:
        """Raises UsageError when a model answers another question or sees other pictures."""
        self._models: list[tuple[FerModel, int]] = []
        for name in names:
            model, card = load_model(find_model(name))
            _check(name, card, tuple(classes), preprocessing)
            side = card.preprocessing.input_size
            self._models.append((fuse_bn(model, torch.rand(2, 1, side, side)), side))

    def __len__(self) -> int:
        return len(self._models)

    @torch.no_grad()
    def __call__(self, x: Tensor, temperature: float, dtype: torch.dtype | None) -> Tensor:
        """Probabilities (B, K) of normalised inputs (B, 1, s, s), drawn at each model's size.

        Each model answers its share of the batch, the first of which is drawn (`torch.manual_seed`
        decides). As batches are drawn anew in every epoch and the gradient is linear in the
        answers, a net learns the models' mean at the cost of one.
        """
        count = len(self._models)
        first = int(torch.randint(count, ()))
        models = self._models[first:] + self._models[:first]
        answers = []
        for (model, side), view in zip(models, torch.tensor_split(x, count), strict=True):
            if not len(view):
                continue
            model.to(x.device)
            if x.shape[-1] != side:
                view = F.interpolate(view, (side, side), mode="bilinear", antialias=True)
            with torch.autocast(x.device.type, dtype, enabled=dtype is not None):
                answers.append((model(view).float() / temperature).softmax(dim=1))
        return torch.cat(answers)


def distillation_loss(logits: Tensor, answers: Tensor, temperature: float = 1.0) -> Tensor:
    """T² · KL(answers ‖ softmax(logits / T)) of logits (B, K) and probabilities (B, K) at T."""
    logs = F.log_softmax(logits.float() / temperature, dim=1)
    return temperature**2 * F.kl_div(logs, answers, reduction="batchmean")


def _check(
    name: str, card: ModelCard, classes: tuple[str, ...], preprocessing: Preprocessing
) -> None:
    theirs = card.preprocessing
    if card.classes != classes:
        raise UsageError(
            f"objective.distill: {name} has other classes than the data",
            f"Its classes are {', '.join(card.classes)}. Set objective.distill.weight=0.",
        )
    views = [each.input_size / each.crop_size for each in (theirs, preprocessing)]
    scales = [
        (each.normalisation, *((each.mean, each.std) if each.normalisation == "fixed" else ()))
        for each in (theirs, preprocessing)
    ]
    if scales[0] != scales[1] or abs(views[0] - views[1]) > SAME_VIEW:
        raise UsageError(
            f"objective.distill: {name} sees other pictures than this net",
            f"It sees {theirs.input_size} of {theirs.crop_size} px, normalised by "
            f"{theirs.normalisation}; set data.input_size and data.crop_size in that proportion.",
        )
