"""Self-Cure Network (Wang et al., CVPR 2020): importance of samples, ranked; relabelling."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.config.loss_settings import ScnConfig
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss

UNCHANGED = -1  # in place of a new label


class Importance(nn.Module):
    """α = σ(w · f + b) (B, 1) of the embedding (B, d); and the new labels, a run's memory.

    `labels` (N,) has the new label of each training sample, or UNCHANGED. It is a buffer, so that
    a resumed run goes on with the labels that it had.
    """

    labels: Tensor

    def __init__(self, dim: int, samples: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, 1)
        self.register_buffer("labels", torch.full((samples,), UNCHANGED, dtype=torch.int32))

    def forward(self, embedding: Tensor) -> Tensor:
        return torch.sigmoid(self.linear(embedding))


def important_samples(importance: Tensor, share: float) -> Tensor:
    """(B,) bool: whether a sample is among the `share` of the batch with the highest importance
    (B,). Each group has one sample at least, where there are two.
    """
    count = len(importance)
    high = min(max(int(share * count), 1), max(count - 1, 1))
    chosen = torch.zeros(count, dtype=torch.bool, device=importance.device)
    chosen[importance.topk(high).indices] = True
    return chosen


def rank_loss(importance: Tensor, important: Tensor, margin: float) -> Tensor:
    """max(0, δ₁ − (mean α of the important samples − mean α of the others)), eq. 4; (B,) each.

    0 where one of the groups is empty. Without indices, so that no GPU makes the CPU wait.
    """
    high, low = (
        (importance * group).sum() / group.sum().clamp_min(1) for group in (important, ~important)
    )
    both = important.any() & ~important.all()
    return both * (margin - (high - low)).clamp_min(0)


def new_labels(logits: Tensor, labels: Tensor, important: Tensor, margin: float) -> Tensor:
    """(B,) the predicted class of unimportant samples where its probability exceeds that of the
    label by more than δ₂, eq. 6; UNCHANGED elsewhere. Of logits (B, K) and labels (B,).
    """
    probabilities = logits.softmax(dim=1)
    top, predicted = probabilities.max(dim=1)
    given = probabilities.gather(1, labels[:, None])[:, 0]
    return torch.where(~important & (top - given > margin), predicted, UNCHANGED)


@register_loss("scn")
class SelfCure(Loss):
    """Cross-entropy of α · logits (eq. 3) + the rank loss of α; from an epoch on it relabels.

    Both terms have the same weight, as in the paper (γ = 0.5) and its code. Unimportant samples
    alone are relabelled, as the paper says; the code relabels any. A new label holds from the next
    step on, for the rest of the run, and may change again. α is only for training: it does not
    change which class has the highest logit.
    """

    Config = ScnConfig
    config: ScnConfig

    def __init__(self, config: ScnConfig, context: LossContext) -> None:
        super().__init__(config, context)
        self.state = self._memory = Importance(context.model.embedding_size, len(context.targets))
        self._changes: list[tuple[Tensor, Tensor]] = []  # since the last step of the optimiser

    def __call__(self, step: Step) -> Tensor:
        settings, targets = self.config, self._current_targets(step)
        with full_precision(step.inputs):
            importance = self._memory(step.embedding.float())
            logits = importance * step.logits.float()
            importance = importance[:, 0]
            important = important_samples(importance.detach(), settings.high_share)
            value = step.cross_entropy(logits, targets)
            value = value + rank_loss(importance, important, settings.margin)
        step.log["importance_mean"] = importance.detach().mean()
        step.log["relabelled"] = (self._memory.labels != UNCHANGED).float().mean()
        if step.rows is not None and 0 < settings.relabel_from <= step.epoch:
            labels = targets.argmax(dim=1)
            changed = new_labels(logits.detach(), labels, important, settings.relabel_margin)
            self._changes.append((step.rows, changed))
        return value

    def after_step(self, total: Callable[[Tensor], Tensor]) -> None:
        change = torch.zeros_like(self._memory.labels)  # a label + 1; a row is in one process only
        for rows, labels in self._changes:
            change[rows] = (labels - UNCHANGED).to(change.dtype)
        self._changes.clear()
        change = total(change)
        self._memory.labels.copy_(torch.where(change > 0, change + UNCHANGED, self._memory.labels))

    def _current_targets(self, step: Step) -> Tensor:
        """(B, K): the given targets, but one-hot where a sample has a new label."""
        if step.rows is None:
            return step.targets
        labels = self._memory.labels[step.rows].long()
        one_hot = nn.functional.one_hot(labels.clamp_min(0), step.targets.shape[1])
        changed = (labels != UNCHANGED)[:, None]
        return torch.where(changed, one_hot.to(step.targets), step.targets)
