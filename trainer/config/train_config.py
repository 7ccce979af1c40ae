"""The configuration of one training run as a whole: its sections, and what must fit together."""

from typing import Self

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo

from trainer.config.loss_settings import Blend
from trainer.config.objective_config import ObjectiveConfig, loss_settings
from trainer.config.sections import (
    AugmentConfig,
    DataConfig,
    ModelConfig,
    OptimConfig,
    RunConfig,
    Section,
)


class TrainConfig(Section):
    """One training run: file format, command line and form."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    # made anew, since losses may be registered later than this class
    objective: ObjectiveConfig = Field(default_factory=ObjectiveConfig)
    optim: OptimConfig = OptimConfig()
    run: RunConfig = RunConfig()

    @model_validator(mode="after")
    def _input_fits_into_crop(self) -> Self:
        crop, view = self.data.crop_size, self.data.input_size
        if view > crop:
            raise ValueError(
                f"data.input_size = {view} must not be larger than data.crop_size = {crop}: "
                "the network sees the crop's centre"
            )
        return self

    @model_validator(mode="after")
    def _keep_init_has_init(self) -> Self:
        if self.model.keep_init and not self.model.init:
            raise ValueError("model.keep_init needs model.init: there are no weights to keep")
        return self

    @model_validator(mode="after")
    def _losses_fit_the_trained_layers(self) -> Self:
        if self.optim.layers == "head":
            for name, loss in self.objective.losses.items():
                if loss.needs_trained_features:
                    raise ValueError(
                        f"optim.layers = head must have objective.{name}.weight = 0: "
                        "features and attention stay as they are"
                    )
        return self

    @model_validator(mode="after")
    def _losses_fit_the_augmentation(self) -> Self:
        augment = self.augment
        if augment.mixup and augment.cutmix:
            raise ValueError("augment.mixup and augment.cutmix: one of them must be 0")
        blend: Blend | None = "mixup" if augment.mixup else "cutmix" if augment.cutmix else None
        for name, loss in self.objective.losses.items():
            if blend and blend not in loss.allowed_blends:
                raise ValueError(
                    f"augment.{blend} must be 0 with objective.{name}: "
                    "this loss takes one face at a time, not a blend of two"
                )
        return self


def section_members(section: type[Section]) -> dict[str, type[Section] | FieldInfo]:
    """The fields and subsections of a section, by name; the losses are the objective's."""
    members: dict[str, type[Section] | FieldInfo] = {}
    for name, info in section.model_fields.items():
        kind = info.annotation
        is_section = isinstance(kind, type) and issubclass(kind, Section)
        members[name] = kind if is_section else info  # type: ignore[assignment]
    if issubclass(section, ObjectiveConfig):
        members |= loss_settings()
    return members


def all_fields(section: type[Section] = TrainConfig, prefix: str = "") -> dict[str, FieldInfo]:
    """Every setting by its dotted name, as `--set` takes it, in order."""
    fields: dict[str, FieldInfo] = {}
    for name, member in section_members(section).items():
        if isinstance(member, FieldInfo):
            fields[prefix + name] = member
        else:
            fields |= all_fields(member, f"{prefix}{name}.")
    return fields
