"""The objective of a run: L = cross-entropy + Σ weight · term, as the configuration composes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from trainer.attribution import layer_attribution
from trainer.card import Preprocessing
from trainer.config.train_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.faces.action_units import GENERIC, au_heatmap, au_valid, expressions_of
from trainer.faces.heatmaps import landmark_heatmap
from trainer.labels import EXPRESSIONS
from trainer.losses import acol as acol  # registers its term
from trainer.losses import mirror as mirror
from trainer.losses.au_alignment import au_alignment_loss, layer_attention
from trainer.losses.center import SparseCenterLoss
from trainer.losses.cross_entropy import class_weights, soft_cross_entropy
from trainer.losses.distillation import Teachers, distillation_loss
from trainer.losses.loss_registry import Step, find_term
from trainer.losses.pal import attribution_score, privileged_attribution_loss, refuse_constant
from trainer.models.registry import FerModel, capture_outputs

USUAL = Preprocessing()
AU_SIGMA = 8 / 256  # of landmarks in place of action units, as a share of the side


@dataclass(frozen=True, slots=True)
class Outcome:
    """One batch's loss, its logits (B, K), and the detached terms by name, for the log."""

    loss: Tensor
    logits: Tensor
    terms: dict[str, Tensor] = field(default_factory=dict)


class Objective(nn.Module):
    """Owns what the loss remembers (centers) and reads the model's inner maps where it needs them.

    `training_targets` (N, K) are those of all training samples, of `classes`; `preprocessing` is
    that of the inputs. Raises UsageError when the terms do not fit the model.
    """

    class_weights: Tensor | None
    expressions: Tensor  # (K,) of each class

    def __init__(
        self,
        config: ObjectiveConfig,
        model: FerModel,
        training_targets: Tensor,
        classes: Sequence[str] = EXPRESSIONS,
        preprocessing: Preprocessing = USUAL,
    ) -> None:
        super().__init__()
        self.config = config
        power = {"none": 0.0, "root": 0.5, "balanced": 1.0}[config.class_weights]
        weights = class_weights(training_targets, power) if power else None
        self.register_buffer("class_weights", weights, persistent=False)
        self.register_buffer("expressions", expressions_of(classes), persistent=False)
        self.layer = config.pal.layer or model.attribution_layer
        self.au_layers = tuple(config.au.layers) or (model.attribution_layer,)
        known = dict(model.named_modules())
        for field_name, layers in (("pal.layer", (self.layer,)), ("au.layers", self.au_layers)):
            for layer in layers:
                if layer not in known:
                    names = ", ".join(name for name in known if name and name.count(".") < 2)
                    raise UsageError(
                        f"objective.{field_name}: no layer {layer!r}", f"It has: {names}."
                    )
        self.center: SparseCenterLoss | None = None
        if config.center.weight > 0:
            self.center = SparseCenterLoss(
                training_targets.shape[1], model.embedding_size, config.center.alpha
            )
        self._teachers: Teachers | None = None
        if config.distill.weight > 0:
            self._teachers = Teachers(config.distill.teachers, classes, preprocessing)
        self._terms = {name: find_term(name) for name, weight in config.terms.items() if weight}
        self._pulls: list[tuple[Tensor, Tensor]] = []  # on the centers, since the last step

    def forward(
        self,
        model: FerModel,
        batch: Batch,
        dtype: torch.dtype | None = None,
    ) -> Outcome:
        """Of a batch of normalised inputs.

        Samples without landmarks (NaN) stay out of PAL and AU alignment. `dtype` is that of
        autocast, which covers the network and not the terms.
        """
        x, targets, landmarks = batch.x, batch.targets, batch.landmarks
        maps: dict[str, Tensor] = {}
        layers = {*(self.au_layers if self._au else ()), *([self.layer] if self._pal else ())}
        if self.center is not None or self._terms:
            layers.add(model.attribution_layer)

        def run(inputs: Tensor) -> Tensor:
            with torch.autocast(x.device.type, dtype, enabled=dtype is not None):
                return model.classify(model.embed(inputs))

        with torch.autocast(x.device.type, dtype, enabled=dtype is not None):
            with capture_outputs(model, layers, maps):
                embedding = model.embed(x)
            logits = model.classify(embedding)
            attention = model.attend(maps[model.attribution_layer]) if self.center else None
        loss = soft_cross_entropy(logits, targets, self.config.label_smoothing, self.class_weights)
        terms = {"loss_cross_entropy": loss.detach()}
        labels = targets.argmax(dim=1)
        if self.center is not None:
            center = self.center(embedding, attention, labels)
            loss = loss + self.config.center.weight * center
            self._pulls.append(self.center.pull(embedding, attention, labels))
            terms["loss_center"] = center.detach()
            if attention is not None:
                terms["attention_mean"] = attention.detach().float().mean()
                terms["attention_std"] = attention.detach().float().std()
        if self._pal:
            pal = self._attribution_loss(logits, maps[self.layer], labels, landmarks, x.shape[-1])
            loss = loss + self.config.pal.weight * pal
            terms["loss_pal"] = pal.detach()
        if self._au:
            au = self._au_loss(maps, batch)
            loss = loss + self.config.au.weight * au
            terms["loss_au"] = au.detach()
        if self._teachers is not None:
            distill = self.config.distill
            answers = self._teachers(x, distill.temperature, dtype)
            value = distillation_loss(logits, answers, distill.temperature)
            loss = loss + distill.weight * value
            terms["loss_distill"] = value.detach()
        for name, term in self._terms.items():
            features = maps[model.attribution_layer]
            value = term(Step(model, run, x, logits, embedding, features, targets, landmarks))
            loss = loss + self.config.terms[name] * value
            terms[f"loss_{name}"] = value.detach()
        return Outcome(loss, logits, terms)

    def after_step(self, total: Callable[[Tensor], Tensor] = lambda own: own) -> None:
        """What moves by its own rule once the optimiser has stepped: the centers.

        `total` sums a tensor over all processes.
        """
        if self.center is not None:
            empty = torch.zeros_like(self.center.centers)
            pulls = [(empty, empty[:, 0]), *self._pulls]  # a process may have had no sample
            pull, count = (torch.stack(parts).sum(0) for parts in zip(*pulls, strict=True))
            self.center.move(total(pull), total(count))
        self._pulls.clear()

    @property
    def _pal(self) -> bool:
        return self.config.pal.weight > 0

    @property
    def _au(self) -> bool:
        return self.config.au.weight > 0

    def _au_loss(self, maps: dict[str, Tensor], batch: Batch) -> Tensor:
        settings, landmarks, side = self.config.au, batch.landmarks, batch.x.shape[-1]
        pasted = batch.pasted
        labels = batch.targets.argmax(dim=1) if pasted is None else pasted.labels
        expressions = self.expressions[labels]
        valid = torch.isfinite(landmarks).all(dim=2).all(dim=1)
        # drawn at the input's size and shrunk by the loss: a small map's cells miss thin units
        if settings.map == "landmarks":
            heatmap = landmark_heatmap(landmarks.nan_to_num(), side, AU_SIGMA * side)
        else:
            shown = expressions if settings.map == "class" else GENERIC
            heatmap = au_heatmap(landmarks, side, shown, settings.codebook)
            heatmap = heatmap * au_valid(expressions)[:, None, None]
        if pasted is not None:
            heatmap = torch.where(pasted.box, heatmap[pasted.order], heatmap)
            valid = valid & valid[pasted.order]
        valid = valid & (heatmap.amax(dim=(1, 2)) > 0)
        losses = [
            au_alignment_loss(
                layer_attention(maps[layer], settings.channels), heatmap, valid, settings.distance
            )
            for layer in self.au_layers
        ]
        return torch.stack(losses).mean()

    def _attribution_loss(
        self, logits: Tensor, features: Tensor, labels: Tensor, landmarks: Tensor, side: int
    ) -> Tensor:
        settings = self.config.pal
        score = attribution_score(logits, labels, settings.target)
        attribution = layer_attribution(score, features, settings.method, create_graph=True)
        if settings.method == "grad":
            refuse_constant(attribution, self.layer)
            attribution = attribution.abs()
        found = torch.isfinite(landmarks).all(dim=2).all(dim=1)
        # drawn at the input's size and shrunk by the loss: points fall between a small map's cells
        heatmap = landmark_heatmap(
            landmarks.nan_to_num(), side, settings.sigma * side, settings.heatmap
        )
        return privileged_attribution_loss(attribution, heatmap, settings.channels, found)
