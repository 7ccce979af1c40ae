"""The section `objective`: the cross-entropy's settings, and a section for each registered loss."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationInfo,
    create_model,
    model_validator,
)

from trainer.config.loss_settings import BUILT_IN, LossConfig
from trainer.config.sections import Section, setting

SAVED = {"saved_run": True}  # validation context: losses may be unregistered

_registry: dict[str, type[LossConfig]] = dict(BUILT_IN)


class UnregisteredLoss(LossConfig):
    """A loss of a saved run that this process does not know, with whatever settings it has."""

    model_config = ConfigDict(extra="allow")


class CrossEntropyConfig(Section):
    """The objective without the losses."""

    label_smoothing: float = setting(0.1, "Label smoothing of the cross-entropy.", ge=0, lt=1)
    class_weights: Literal["none", "root", "balanced"] = setting(
        "none",
        "Weights of the classes: none, the inverse of each class's share of the training data "
        "(balanced), or the square root of that inverse.",
    )


class _SavedObjective(CrossEntropyConfig):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SerializeAsAny[UnregisteredLoss]] = Field(init=False)


class ObjectiveConfig(CrossEntropyConfig):
    """L = cross-entropy + Σ weight · loss; one of the losses may replace the cross-entropy.

    Every registered loss is an attribute by its name: `objective.center.weight`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SerializeAsAny[LossConfig]] = Field(init=False)

    @model_validator(mode="before")
    @classmethod
    def _read_losses(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, Mapping):
            return values
        model = _registered_fields(saved=info.context == SAVED)
        return dict(model.model_validate(translate_terms(values)))

    @model_validator(mode="after")
    def _one_loss_replaces_the_cross_entropy(self) -> Self:
        names = [name for name, loss in self.losses.items() if loss.replaces_cross_entropy]
        if len(names) > 1:
            both = " and ".join(f"objective.{name}" for name in names[:2])
            raise ValueError(
                f"{both} both replace the cross-entropy: the weight of one of them must be 0"
            )
        return self

    @property
    def losses(self) -> dict[str, LossConfig]:
        """The losses that are switched on, in the order in which they are added up."""
        sections: dict[str, LossConfig] = self.model_extra or {}
        return {name: loss for name, loss in sections.items() if loss.weight}

    @property
    def needs_valence_arousal(self) -> bool:
        """Whether a loss that is switched on learns them, for which the network gets a head."""
        return any(loss.needs_valence_arousal for loss in self.losses.values())

    @property
    def unregistered(self) -> list[str]:
        """Losses of a saved run whose code this process has not loaded."""
        sections = self.model_extra or {}
        return [name for name, loss in sections.items() if isinstance(loss, UnregisteredLoss)]

    @property
    def replacement(self) -> str | None:
        """The name of the loss that replaces the cross-entropy; None where it is the plain one."""
        names = (name for name, loss in self.losses.items() if loss.replaces_cross_entropy)
        return next(names, None)

    def describe_classification(self) -> str:
        """The cross-entropy, or what replaces it, as the model card says it."""
        if self.replacement is None:
            return "cross-entropy"
        loss = self.losses[self.replacement]
        text = loss.describe() or self.replacement
        return text if loss.weight == 1 else f"{loss.weight:g} {text}"

    def describe(self) -> str:
        """The losses that are added, with their weights, as the model card lists them."""
        return "".join(
            f" + {loss.weight:g} {loss.describe() or name}"
            for name, loss in self.losses.items()
            if not loss.replaces_cross_entropy
        )

    def with_located_models(self, locate: Callable[[str], str]) -> Self:
        """The same settings with `locate` applied to every name or path of a model in them."""
        sections: dict[str, LossConfig] = self.model_extra or {}
        return self.model_copy(
            update={name: loss.with_located_models(locate) for name, loss in sections.items()}
        )


def register_loss_settings(name: str, settings: type[LossConfig]) -> None:
    """Make `settings` the section `objective.<name>`; a later registration replaces it.

    Raises ValueError for a name that the section cannot have.
    """
    taken = name in ObjectiveConfig.model_fields or hasattr(ObjectiveConfig, name)
    if taken or name == "terms" or not name or "." in name:
        raise ValueError(f"a loss cannot be named {name!r}")
    _registry[name] = settings
    _registered_fields.cache_clear()


def loss_settings() -> dict[str, type[LossConfig]]:
    """The settings of all registered losses, in the order in which losses are added up."""
    return dict(_registry)


def translate_terms(objective: Mapping[str, Any]) -> dict[str, Any]:
    """`terms = {name: weight}`, as configurations used to say, as `name = {weight: …}`."""
    values = dict(objective)
    if isinstance(values.get("terms"), Mapping):
        for name, weight in values.pop("terms").items():
            section = values.get(name)
            others = section if isinstance(section, Mapping) else {}
            values[name] = {**others, "weight": weight}
    return values


@cache
def _registered_fields(saved: bool) -> type[BaseModel]:
    """A model with a field for each registered loss; a saved run may have others."""
    fields: dict[str, Any] = {
        name: (settings, Field(default_factory=settings)) for name, settings in _registry.items()
    }
    base = _SavedObjective if saved else CrossEntropyConfig
    return create_model("Objective", __base__=base, **fields)
