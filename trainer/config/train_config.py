"""The one configuration: file format, command line and form. Torch-free.

Every field has bounds, a help text and, where it has one, a unit (`json_schema_extra`).
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from trainer.attribution_methods import LiveMethod
from trainer.card import Preprocessing
from trainer.config.constraint_text import reason
from trainer.errors import UsageError


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _field(default: Any, help_text: str, unit: str = "", **bounds: Any) -> Any:
    return Field(default, description=help_text, json_schema_extra={"unit": unit}, **bounds)


Share = Annotated[float, Field(ge=0, le=1)]


class DataConfig(Section):
    crop_size: int = _field(48, "Side of the aligned crop.", "px", ge=16, le=512)
    input_size: int = _field(
        44, "Side of the crop's centre that the network sees.", "px", ge=16, le=512
    )
    normalisation: Literal["image", "fixed"] = _field(
        "image", "Subtract each input's own mean and deviation, or fixed ones."
    )
    landmarks: bool = _field(True, "Find landmarks and align; otherwise pictures stay as they are.")
    votes_share: Share = _field(
        0.0, "Weight of the annotators' votes (FERPlus) in the target, where a sample has them."
    )
    votes: Literal["soft", "majority"] = _field(
        "soft", "Votes as shares, or all to the class that got most."
    )
    memory: float = _field(
        4.0, "Aligned crops up to this size are kept; others are made when needed.", "GiB", ge=0
    )
    drop_leaked: bool = _field(
        True, "Leave out training pictures that stand, pixel for pixel, in another split too."
    )
    review: str = _field(
        "",
        "A review.jsonl made on the Inspect page: its labels are trained on, what it flags is not.",
    )
    also: list[str] = _field(
        [],
        "Further data sets (files or folders) whose training pictures are learned too; their "
        "classes are matched by name. Pictures in which no face was found are left out.",
    )
    also_limit: int = _field(
        0, "Of each further data set at most so many of a class; 0 is all.", "samples", ge=0
    )
    limit: int = _field(
        0, "Train on this many samples, the same share of each class; 0 is all.", "samples", ge=0
    )

    @property
    def preprocessing(self) -> Preprocessing:
        return Preprocessing(
            crop_size=self.crop_size,
            input_size=self.input_size,
            normalisation=self.normalisation,
        )


class ModelConfig(Section):
    name: str = _field("compact", "Architecture; `fertrain models` lists them.")
    options: dict[str, Any] = _field({}, "Options of the architecture.")
    init: str = _field(
        "",
        "Model (bundled name or file) whose weights training starts from; imagenet downloads "
        "torchvision's from pytorch.org.",
    )
    keep_init: bool = _field(
        False,
        "Validate the weights of `init` first, as epoch 0; they stay the best unless an epoch "
        "beats them.",
    )
    explanation: LiveMethod = _field(
        "grad_x_input", "Attribution method by which evaluations explain the model."
    )


class AugmentConfig(Section):
    flip: Share = _field(0.5, "Probability of a horizontal flip.")
    rotation: float = _field(10.0, "Largest rotation.", "degrees", ge=0, le=45)
    scale: float = _field(0.15, "Largest relative change of size.", ge=0, le=0.5)
    stretch: float = _field(0.08, "Largest relative change of the aspect ratio.", ge=0, le=0.5)
    shift: float = _field(0.06, "Largest shift, as a share of the side.", ge=0, le=0.5)
    gamma: float = _field(0.3, "Largest relative change of gamma.", ge=0, le=1)
    blur: Share = _field(0.1, "Probability of a light blur.")
    noise: float = _field(0.02, "Largest deviation of added noise; full scale is 1.", ge=0, le=0.5)
    brightness: float = _field(0.0, "Largest relative change of brightness.", ge=0, lt=1)
    contrast: float = _field(0.0, "Largest relative change of contrast.", ge=0, lt=1)
    crop: Literal["centre", "five", "random"] = _field(
        "centre", "What a view is cut from: the crop's centre, it or a corner, or any place."
    )
    area: float = _field(
        1.0,
        "Smallest share of the crop's area in a view (RandomResizedCrop); 1 is off.",
        gt=0,
        le=1,
    )
    erase: Share = _field(0.25, "Probability of erasing a box.")
    mixup: float = _field(0.2, "α of mixup's Beta distribution; 0 switches it off.", ge=0, le=2)
    cutmix: float = _field(0.0, "α of CutMix's Beta distribution; 0 switches it off.", ge=0, le=2)
    start_side: int = _field(
        0, "Draw inputs at this side at first (progressive resizing); 0 never.", "px", ge=0, le=512
    )
    start_share: Share = _field(0.5, "Share of the epochs at `start_side`.")


class CenterConfig(Section):
    """Pulls features to their class's center: DACL's sparse loss where the model has attention."""

    weight: float = _field(0.0, "λ of the term; 0 switches it off.", ge=0, le=100)
    alpha: float = _field(0.5, "Share of the way that a center moves in a step.", gt=0, le=1)


class PalConfig(Section):
    """Privileged Attribution Loss: the attribution shall lie on the landmarks."""

    weight: float = _field(0.0, "Weight of the term; 0 switches it off.", ge=0, le=100)
    method: Literal["grad", "grad_x_input", "abs_grad_x_input"] = _field(
        "grad_x_input", "Attribution: |∂S/∂F|, (∂S/∂F)·F or |∂S/∂F|·F."
    )
    target: Literal["true", "sum_abs", "margin"] = _field(
        "true", "What is attributed: the true logit, Σ|logits|, or true − mean of the others."
    )
    channels: Literal["mean", "all", "half"] = _field(
        "mean", "Channels that are correlated: their mean, each, or the mean of the first half."
    )
    layer: str = _field("", "Layer of the attribution; empty is the model's own.")
    sigma: float = _field(0.027, "σ of the heatmap as a share of the side.", gt=0, le=0.5)
    heatmap: Literal["max", "sum"] = _field("max", "How the points of a heatmap are joined.")


class AuConfig(Section):
    """Attention of layers shall lie on the action units of the true expression."""

    weight: float = _field(0.0, "λ of the term; 0 switches it off.", ge=0, le=100)
    layers: list[str] = _field([], "Layers that are aligned; none is the model's own.")
    channels: Literal["avg", "half", "random_avg"] = _field(
        "avg", "Attention: the mean of a layer's channels, of their first or of a random half."
    )
    distance: Literal["cosine", "standardised_cosine", "l1", "l2"] = _field(
        "cosine", "How far attention and map are apart."
    )
    map: Literal["class", "generic", "landmarks"] = _field(
        "class", "Action units of the true class, of all classes, or landmarks (σ 8 px at 256)."
    )
    codebook: Literal["facs", "paper"] = _field(
        "facs", "Which units an expression has; the paper's code errs in disgust."
    )


class DistillConfig(Section):
    """Learns what trained models answer to the same pictures, as well as the labels."""

    weight: float = _field(0.0, "Weight of the term; 0 switches it off.", ge=0, le=100)
    teachers: list[str] = _field(
        [],
        "Models (bundled names or files) whose mean answer is learned: each answers its share of "
        "every batch.",
    )
    temperature: float = _field(
        1.0, "What both logits are divided by; above 1 makes the answers softer.", gt=0, le=100
    )


class ObjectiveConfig(Section):
    """L = cross-entropy + Σ weight · term."""

    label_smoothing: float = _field(0.1, "Label smoothing of the cross-entropy.", ge=0, lt=1)
    class_weights: Literal["none", "root", "balanced"] = _field(
        "none",
        "Weigh each sample alike, or by the inverse of its class's share in the training data, "
        "or by the root of that inverse.",
    )
    center: CenterConfig = CenterConfig()
    pal: PalConfig = PalConfig()
    au: AuConfig = AuConfig()
    distill: DistillConfig = DistillConfig()
    terms: dict[str, float] = _field(
        {}, "Weights of further, registered terms by name; 0 switches one off."
    )


class OptimConfig(Section):
    layers: Literal["all", "head"] = _field(
        "all",
        "What is trained: all, or the classifier alone. The rest, statistics of norms too, stays.",
    )
    epochs: int = _field(30, "Passes over the training data.", "epochs", ge=1, le=10000)
    batch_size: int = _field(
        128, "Samples of one forward pass of one process.", "samples", ge=1, le=65536
    )
    accumulate: int = _field(1, "Forward passes whose gradients make one step.", ge=1, le=1024)
    optimizer: Literal["sgd", "adam"] = _field("sgd", "SGD with Nesterov momentum, or Adam.")
    learning_rate: float = _field(0.1, "Its peak, or where it starts from.", gt=0, le=10)
    schedule: Literal["one_cycle", "step", "constant"] = _field(
        "one_cycle", "Rise and fall once, fall by `step_factor`, or stay."
    )
    warmup: Share = _field(0.2, "one_cycle: share of the steps in which the rate rises.")
    step_epochs: int = _field(20, "step: epochs from one fall to the next.", "epochs", ge=1)
    step_factor: float = _field(0.1, "step: what the rate is multiplied by.", gt=0, le=1)
    momentum: float = _field(0.9, "Nesterov momentum of SGD.", ge=0, lt=1)
    weight_decay: float = _field(5e-4, "L2 on weights of two or more dimensions.", ge=0, le=1)
    ema: float = _field(0.998, "Decay of the averaged weights, which are kept.", ge=0, lt=1)
    clip: float = _field(5.0, "Largest gradient norm; 0 is no limit.", ge=0)


class RunConfig(Section):
    seed: int = _field(0, "Seed of every draw.", ge=0, lt=2**31)
    validations: int = _field(1, "Validations in an epoch, evenly spread.", ge=1, le=1000)
    loaders: int = _field(2, "Threads that prepare the next batches.", "threads", ge=1, le=64)
    device: str = _field(
        "auto", "auto, cpu, cuda, cuda:N or mps.", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$"
    )
    precision: Literal["auto", "fp32", "bf16"] = _field(
        "auto", "bf16 autocast where the device computes it natively, else fp32."
    )
    threads: int = _field(0, "CPU threads; 0 leaves it to torch.", "threads", ge=0, le=1024)


class TrainConfig(Section):
    """One training run."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    optim: OptimConfig = OptimConfig()
    run: RunConfig = RunConfig()

    @model_validator(mode="after")
    def _views_fit_into_crops(self) -> Self:
        crop, view = self.data.crop_size, self.data.input_size
        if view > crop:
            raise ValueError(
                f"data.input_size = {view} must not be larger than data.crop_size = {crop}: "
                "the network sees the crop's centre"
            )
        return self

    @model_validator(mode="after")
    def _fits_what_training_starts_from(self) -> Self:
        if self.model.keep_init and not self.model.init:
            raise ValueError("model.keep_init needs model.init: there are no weights to keep")
        if self.optim.layers == "head":
            for name in ("center", "pal", "au"):
                if getattr(self.objective, name).weight > 0:
                    raise ValueError(
                        f"optim.layers = head must have objective.{name}.weight = 0: "
                        "features and attention stay as they are"
                    )
        return self

    @model_validator(mode="after")
    def _distillation_needs_teachers(self) -> Self:
        if self.objective.distill.weight > 0 and not self.objective.distill.teachers:
            raise ValueError("objective.distill needs objective.distill.teachers")
        return self

    @model_validator(mode="after")
    def _terms_need_whole_faces(self) -> Self:
        """A blend of two faces has no class center and no landmarks."""
        terms = self.objective
        blended = "mixup" if self.augment.mixup else "cutmix" if self.augment.cutmix else ""
        if self.augment.mixup and self.augment.cutmix:
            raise ValueError("augment.mixup and augment.cutmix: one of them must be 0")
        needing = [name for name in ("center", "pal", "au") if getattr(terms, name).weight > 0]
        if blended == "cutmix" and needing == ["au"]:
            needing = []  # the boxes' action units are pasted with them
        if blended and needing:
            raise ValueError(
                f"augment.{blended} must be 0 with objective.{needing[0]}: "
                "a blend of two faces has no center and no landmarks"
            )
        return self


def load_config(file: Path | None = None, sets: Sequence[str] = (), **base: Any) -> TrainConfig:
    """The configuration of a recipe (`base`), a TOML file and `section.field=value` settings.

    Later ones win; another `model.name` leaves the recipe's other fields of `model` behind. Raises
    UsageError that names the field and what it allows.
    """
    wanted: dict[str, Any] = {}
    if file is not None:
        try:
            wanted = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: the configuration cannot be read ({error})") from error
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{file}: this is no valid TOML ({error})") from error
    try:
        return _build(wanted, sets, base)
    except ValidationError as error:
        raise UsageError(
            _explain(error), "`fertrain recipes default` lists all fields, and what they do."
        ) from error


def check_config(sets: Sequence[str], **base: Any) -> tuple[TrainConfig | None, dict[str, str]]:
    """The configuration as `load_config` builds it, or what is wrong by dotted field.

    "" is the field of what is wrong with the whole.
    """
    try:
        return _build({}, sets, base), {}
    except ValidationError as error:
        found: dict[str, str] = {}
        for issue in error.errors():
            name = ".".join(str(part) for part in issue["loc"])
            found.setdefault(name, reason(issue, all_fields()))
        return None, found
    except UsageError as error:
        return None, {"": str(error)}


def _build(wanted: dict[str, Any], sets: Sequence[str], base: dict[str, Any]) -> TrainConfig:
    for text in sets:
        _apply(wanted, text)
    model, own = wanted.get("model"), base.get("model", {})
    if isinstance(model, dict) and model.get("name", own.get("name")) != own.get("name"):
        base = {**base, "model": {}}  # options, weights and explanation were the other's
    return TrainConfig.model_validate(merged(base, wanted))


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """`second` over `first`, section by section."""
    both = dict(first)
    for key, value in second.items():
        old = both.get(key)
        nested = isinstance(old, dict) and isinstance(value, dict)
        both[key] = merged(old, value) if nested else value  # type: ignore[arg-type]
    return both


def _apply(values: dict[str, Any], text: str) -> None:
    path, found, value = text.partition("=")
    parts = path.strip().split(".")
    if not found or len(parts) < 2:
        raise UsageError(f"--set {text}: expected is section.field=value")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    target = values
    for part in parts[:-1]:
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise UsageError(f"--set {text}: {part} has no fields")
    target[parts[-1]] = parsed


def _explain(error: ValidationError) -> str:
    lines = []
    for issue in error.errors():
        name = ".".join(str(part) for part in issue["loc"])
        why = reason(issue, all_fields())
        if issue["type"] == "extra_forbidden":
            known = ", ".join(_section(issue["loc"][:-1]).model_fields)
            lines.append(f"{name}: there is no such field (known: {known})")
        else:
            lines.append(f"{name} = {issue['input']!r}: {why}" if name else why)
    return "The configuration does not fit:\n" + "\n".join(f"  {line}" for line in lines)


def _section(location: Sequence[int | str]) -> type[BaseModel]:
    """The section whose field it is that a location names."""
    section: type[BaseModel] = TrainConfig
    for part in location:
        kind = section.model_fields[str(part)].annotation
        assert isinstance(kind, type)
        assert issubclass(kind, Section)
        section = kind
    return section


def all_fields(section: type[BaseModel] = TrainConfig, prefix: str = "") -> dict[str, FieldInfo]:
    """Every setting by its dotted name, as `--set` takes it, in order."""
    found: dict[str, FieldInfo] = {}
    for name, info in section.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            found |= all_fields(kind, f"{prefix}{name}.")
        else:
            found[prefix + name] = info
    return found
