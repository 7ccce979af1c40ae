"""Settings of the losses, and what each loss needs: torch-free, for the form and `--set`.

A loss can also define its settings in its own file, as `Loss.Config`; they are known as soon as
that file is imported, torch included.
"""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from trainer.config.sections import Section, setting

Blend = Literal["mixup", "cutmix"]


class LossConfig(Section):
    """The section `objective.<name>` of a loss; subclasses add settings of their own."""

    # in the training data
    needs_landmarks: ClassVar[bool] = False
    # in the training data; the network gets a head for them
    needs_valence_arousal: ClassVar[bool] = False
    # the loss has no effect where the classifier alone is trained
    needs_trained_features: ClassVar[bool] = False
    # the loss stands in place of the cross-entropy, instead of beside it
    replaces_cross_entropy: ClassVar[bool] = False
    # augmentations which blend two faces that the loss works with
    allowed_blends: ClassVar[frozenset[Blend]] = frozenset({"mixup", "cutmix"})

    weight: float = setting(0.0, "Weight of the loss; 0 switches it off.", allow_inf_nan=False)

    @property
    def balance(self) -> float:
        """Of a loss that balances the classes, to which power it takes out their shares in the
        training data: 1 is all of it.
        """
        return 1.0

    def describe(self) -> str:
        """What the model card calls it, after its weight; "" stands for the loss's name."""
        return ""

    def with_located_models(self, locate: Callable[[str], str]) -> Self:
        """The same settings with `locate` applied to every name or path of a model in them."""
        return self


class CenterConfig(LossConfig):
    """Center loss: pulls features to their class's center.

    DACL's sparse center loss where the model has attention.
    """

    needs_trained_features = True
    allowed_blends = frozenset()

    weight: float = setting(0.0, "Weight λ of the center loss; 0 switches it off.", ge=0, le=100)
    alpha: float = setting(0.5, "Share of the way that a center moves in a step.", gt=0, le=1)

    def describe(self) -> str:
        return "center loss"


class PalConfig(LossConfig):
    """Privileged Attribution Loss: correlates the attribution with the landmarks' heatmap."""

    needs_landmarks = True
    needs_trained_features = True
    allowed_blends = frozenset()

    weight: float = setting(
        0.0, "Weight of the Privileged Attribution Loss; 0 switches it off.", ge=0, le=100
    )
    method: Literal["grad", "grad_x_input", "abs_grad_x_input"] = setting(
        "grad_x_input", "Attribution: |∂S/∂F|, (∂S/∂F)·F or |∂S/∂F|·F."
    )
    target: Literal["true", "sum_abs", "margin"] = setting(
        "true",
        "Score S that is attributed: the true logit, Σ|logits|, or the true logit − mean of the "
        "others.",
    )
    channels: Literal["mean", "all", "half"] = setting(
        "mean", "Channels that are correlated: their mean, each, or the mean of the first half."
    )
    layer: str = setting("", "Layer of the features F; empty is the model's attribution layer.")
    sigma: float = setting(0.027, "σ of the heatmap as a share of the side.", gt=0, le=0.5)
    heatmap: Literal["max", "sum"] = setting(
        "max", "How the landmarks' Gaussians are combined into one heatmap."
    )

    def describe(self) -> str:
        return f"PAL ({self.method}, {self.target}, {self.channels})"


class AuConfig(LossConfig):
    """AU alignment: aligns layers' attention with the true expression's action units."""

    needs_landmarks = True
    needs_trained_features = True
    allowed_blends = frozenset({"cutmix"})  # the action units are pasted with the box

    weight: float = setting(
        0.0, "Weight λ of the action unit alignment; 0 switches it off.", ge=0, le=100
    )
    layers: list[str] = setting(
        [], "Layers that are aligned; empty is the model's attribution layer."
    )
    channels: Literal["avg", "half", "random_avg"] = setting(
        "avg", "Attention: the mean of all channels, of the first half, or of a random half."
    )
    distance: Literal["cosine", "standardised_cosine", "l1", "l2"] = setting(
        "cosine", "Distance between attention and action unit map."
    )
    map: Literal["class", "generic", "landmarks"] = setting(
        "class", "Action units of the true class, of all classes, or landmarks (σ 8 px at 256)."
    )
    codebook: Literal["facs", "paper"] = setting(
        "facs",
        "Which action units an expression has: FACS, or the paper's code, which errs in disgust.",
    )

    def describe(self) -> str:
        return f"AU alignment ({self.map}, {self.distance})"


class DistillConfig(LossConfig):
    """Distillation: learns the predictions of trained models as well as the labels."""

    weight: float = setting(0.0, "Weight of the distillation; 0 switches it off.", ge=0, le=100)
    teachers: list[str] = setting(
        [],
        "Models (bundled names or files) whose mean prediction is learned: each predicts its "
        "share of every batch.",
    )
    temperature: float = setting(
        1.0,
        "Divisor of both models' logits; above 1 the predictions are softer.",
        gt=0,
        le=100,
    )

    @model_validator(mode="after")
    def _has_teachers(self) -> Self:
        if self.weight > 0 and not self.teachers:
            raise ValueError("objective.distill needs objective.distill.teachers")
        return self

    def describe(self) -> str:
        return f"distillation from {len(self.teachers)} models"

    def with_located_models(self, locate: Callable[[str], str]) -> Self:
        return self.model_copy(update={"teachers": [locate(teacher) for teacher in self.teachers]})


class AcolConfig(LossConfig):
    """ACoL: a cross-entropy for the network's second head."""

    weight: float = setting(
        0.0,
        "Weight of the second head's cross-entropy (network acol only); 0 switches it off.",
        title="ACoL loss weight",
        allow_inf_nan=False,
    )


class ConcordanceConfig(LossConfig):
    """Concordance: learns valence and arousal beside the classes."""

    needs_valence_arousal = True

    weight: float = setting(
        0.0,
        "Weight of 1 − the mean concordance (CCC) of valence and arousal; 0 switches them off.",
        title="Valence and arousal",
        ge=0,
        le=100,
    )

    def describe(self) -> str:
        return "concordance of valence and arousal"


class MirrorConfig(LossConfig):
    """Mirror consistency: the same prediction for a face and its mirror image."""

    weight: float = setting(
        0.0,
        "Weight of the difference between the predictions for a face and its mirror image; 0 "
        "switches it off.",
        allow_inf_nan=False,
    )


class AffinityConfig(LossConfig):
    """Affinity loss (DAN): pulls features to their class's center, and the centers apart."""

    needs_trained_features = True
    allowed_blends = frozenset()

    weight: float = setting(0.0, "Weight of the affinity loss; 0 switches it off.", ge=0, le=100)
    rate: float = setting(
        1.0, "Step of the centers against their gradient, after each step of the network.", ge=0
    )

    def describe(self) -> str:
        return "affinity loss"


class PartitionConfig(LossConfig):
    """Partition loss (DAN): keeps the attention heads apart (network dan only)."""

    needs_trained_features = True

    weight: float = setting(
        0.0,
        "Weight of the partition loss of the attention heads (network dan only); 0 switches it "
        "off.",
        ge=0,
        le=100,
    )

    def describe(self) -> str:
        return "partition loss"


class LandmarksConfig(LossConfig):
    """Landmark loss: the network's own landmark maps against the landmarks of the training faces.

    Network poster_lite only.
    """

    needs_landmarks = True
    needs_trained_features = True
    allowed_blends = frozenset()

    weight: float = setting(
        0.0,
        "Weight of the loss that teaches the landmarks (network poster_lite only); 0 switches it "
        "off.",
        ge=0,
        le=100,
    )
    sigma: float = setting(
        0.05, "σ of each landmark's target map as a share of the side.", gt=0, le=0.5
    )

    def describe(self) -> str:
        return "landmark loss"


class EacConfig(LossConfig):
    """Erasing Attention Consistency: the class maps of a face and of its mirror image agree.

    λ is 5 in the authors' code. Erasing is `augment.erase`.
    """

    needs_trained_features = True

    weight: float = setting(
        0.0,
        "Weight λ of the difference between the class maps of a face and of its mirror image; 0 "
        "switches it off.",
        title="EAC weight",
        ge=0,
        le=1000,
    )

    def describe(self) -> str:
        return "erasing attention consistency"


class ScnConfig(LossConfig):
    """Self-Cure Network: weights samples by a learned importance, and relabels unimportant ones."""

    replaces_cross_entropy = True
    allowed_blends = frozenset()

    weight: float = setting(
        0.0,
        "Weight of the Self-Cure Network's loss, which replaces the cross-entropy; 0 switches it "
        "off.",
        title="SCN weight",
        ge=0,
        le=100,
    )
    high_share: float = setting(
        0.7,
        "Share β of a batch that counts as important, by rank.",
        title="SCN important share",
        gt=0,
        lt=1,
    )
    margin: float = setting(
        0.15,
        "Margin δ₁ between the mean importance of important and unimportant samples; the authors' "
        "code has 0.07 for batches of 64.",
        title="SCN rank margin",
        ge=0,
        le=1,
    )
    relabel_from: int = setting(
        10,
        "Epoch in which relabelling begins; 0 never relabels.",
        title="SCN relabelling from epoch",
        ge=0,
        le=10000,
    )
    relabel_margin: float = setting(
        0.2,
        "An unimportant sample gets the predicted class as its label, where the probability of "
        "that class exceeds its label's by more than this δ₂.",
        title="SCN relabelling margin",
        ge=0,
        le=1,
    )

    def describe(self) -> str:
        return "Self-Cure Network"


class RulConfig(LossConfig):
    """Relative Uncertainty Learning: classifies mixed features of pairs, as both of their labels.

    The more uncertain face of a pair has the larger share.
    """

    replaces_cross_entropy = True
    needs_trained_features = True

    weight: float = setting(
        0.0,
        "Weight of Relative Uncertainty Learning, which replaces the cross-entropy; 0 switches it "
        "off.",
        title="RUL weight",
        ge=0,
        le=100,
    )
    dropout: float = setting(
        0.4, "Dropout before the uncertainty's layer.", title="RUL dropout", ge=0, lt=1
    )

    def describe(self) -> str:
        return "Relative Uncertainty Learning"


class LogitAdjustedConfig(LossConfig):
    """Logit adjustment: a cross-entropy of logits + τ · log of the classes' shares.

    With τ = 1 it is the balanced softmax.
    """

    replaces_cross_entropy = True

    weight: float = setting(
        0.0,
        "Weight of the logit-adjusted cross-entropy, which replaces the plain one; 0 switches it "
        "off.",
        title="Logit adjustment weight",
        ge=0,
        le=100,
    )
    tau: float = setting(
        1.0,
        "Multiple τ of log(share of the class in the training data) that is added to the logits.",
        title="Logit adjustment τ",
        gt=0,
        le=10,
    )

    @property
    def balance(self) -> float:
        return self.tau

    def describe(self) -> str:
        return f"logit-adjusted cross-entropy (τ {self.tau:g})"


BUILT_IN: dict[str, type[LossConfig]] = {
    "center": CenterConfig,
    "pal": PalConfig,
    "au": AuConfig,
    "distill": DistillConfig,
    "acol": AcolConfig,
    "mirror": MirrorConfig,
    "affinity": AffinityConfig,
    "partition": PartitionConfig,
    "landmarks": LandmarksConfig,
    "concordance": ConcordanceConfig,
    "eac": EacConfig,
    "scn": ScnConfig,
    "rul": RulConfig,
    "logit_adjusted": LogitAdjustedConfig,
}
