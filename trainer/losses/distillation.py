"""Distillation (Hinton et al. 2015): the network learns the predictions of trained models.

The teachers see exactly the network's inputs, augmented and blended as they are: the networks are
matched as functions (Beyer et al., CVPR 2022).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.card import ModelCard, Preprocessing
from trainer.config.loss_settings import DistillConfig
from trainer.errors import UsageError
from trainer.losses.loss_registry import Loss, LossContext, Step, register_loss
from trainer.model_index import find_model
from trainer.models.fuse_bn import fuse_bn
from trainer.models.model_file import load_model
from trainer.models.registry import FerModel

VIEW_TOLERANCE = 0.02  # difference of input_size / crop_size at which two views are the same


class Teachers:
    """Trained models whose mean prediction is learned. They are not saved with a run."""

    def __init__(
        self, names: Sequence[str], classes: Sequence[str], preprocessing: Preprocessing
    ) -> None:
        """Raises UsageError for a model with other classes or another kind of input."""
        self._models: list[tuple[FerModel, int]] = []
        for name in names:
            model, card = load_model(find_model(name))
            _check_teacher(name, card, tuple(classes), preprocessing)
            side = card.preprocessing.input_size
            self._models.append((fuse_bn(model, torch.rand(2, 1, side, side)), side))

    def __len__(self) -> int:
        return len(self._models)

    @torch.no_grad()
    def __call__(self, x: Tensor, temperature: float) -> Tensor:
        """Probabilities (B, K) for normalised inputs (B, 1, s, s), resized for each model.

        Each model predicts its share of the batch; which one begins is random
        (`torch.manual_seed`). Since batches are drawn anew in every epoch and the gradient is
        linear in the predictions, the network learns the models' mean at the cost of one.
        """
        count = len(self._models)
        first = int(torch.randint(count, ()))
        models = self._models[first:] + self._models[:first]
        predictions = []
        for (model, side), view in zip(models, torch.tensor_split(x, count), strict=True):
            if not len(view):
                continue
            model.to(x.device)
            if x.shape[-1] != side:
                view = F.interpolate(view, (side, side), mode="bilinear", antialias=True)
            predictions.append((model(view).float() / temperature).softmax(dim=1))
        return torch.cat(predictions)


def distillation_loss(logits: Tensor, predictions: Tensor, temperature: float = 1.0) -> Tensor:
    """T² · KL(predictions ‖ softmax(logits / T)) of logits and probabilities at T, (B, K) each."""
    log_probabilities = F.log_softmax(logits.float() / temperature, dim=1)
    return temperature**2 * F.kl_div(log_probabilities, predictions, reduction="batchmean")


@register_loss("distill")
class Distillation(Loss):
    Config = DistillConfig
    config: DistillConfig

    def __init__(self, config: DistillConfig, context: LossContext) -> None:
        super().__init__(config, context)
        self._teachers = Teachers(config.teachers, context.classes, context.preprocessing)

    def __call__(self, step: Step) -> Tensor:
        temperature = self.config.temperature
        predictions = self._teachers(step.inputs, temperature)
        return distillation_loss(step.logits, predictions, temperature)


def _check_teacher(
    name: str, card: ModelCard, classes: tuple[str, ...], preprocessing: Preprocessing
) -> None:
    teacher = card.preprocessing
    if (teacher.colour, teacher.template) != (preprocessing.colour, preprocessing.template):
        raise UsageError(f"objective.distill: {name} sees {teacher.text}, not what this one sees")
    if card.classes != classes:
        raise UsageError(
            f"objective.distill: {name} has other classes than the data",
            f"Its classes are {', '.join(card.classes)}. Set objective.distill.weight=0.",
        )
    views = [sizes.input_size / sizes.crop_size for sizes in (teacher, preprocessing)]
    scales = [
        (each.normalisation, *((each.mean, each.std) if each.normalisation == "fixed" else ()))
        for each in (teacher, preprocessing)
    ]
    if scales[0] != scales[1] or abs(views[0] - views[1]) > VIEW_TOLERANCE:
        raise UsageError(
            f"objective.distill: the inputs of {name} differ from this network's",
            f"It sees {teacher.input_size} of {teacher.crop_size} px, normalised by "
            f"{teacher.normalisation}; set data.input_size and data.crop_size in that proportion.",
        )
