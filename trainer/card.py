"""The model card: everything needed to build, feed and judge a model; it travels in its file.

A model is one safetensors file whose header metadata holds this card as JSON.
"""

import json
import typing
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from trainer.labels import EXPRESSIONS

FORMAT = 1
TEMPLATE = "fer2013-68"

# what is computed live from one pass, in the order that menus show
LiveMethod = Literal[
    "grad_x_input",
    "abs_grad_x_input",
    "grad",
    "gradcam",
    "gradcam_pp",
    "layercam",
    "cam",
    "attention",
    "class_map",
]

USE = (
    "Research, teaching and demonstrations of apparent facial expression. "
    "Not for hiring, schooling, policing, medicine or any decision about a person."
)
LIMITS = (
    "Classifies how an expression looks, not what a person feels. Trained on web pictures with "
    "noisy labels; faces, poses, lighting and cultures unlike them are classified worse."
)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a face becomes the model's input.

    The aligned crop has `crop_size` px (its template is named by `template`), the network sees
    its central `input_size` px. "image" normalisation subtracts each input's own mean and
    divides by its own deviation; "fixed" uses `mean` and `std` (of pixels in [0, 1]).
    """

    colour: Literal["grey"] = "grey"
    template: str = TEMPLATE
    crop_size: int = 48
    input_size: int = 44
    normalisation: Literal["image", "fixed"] = "image"
    mean: float = 0.5
    std: float = 0.25


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is. Raises ValueError in `from_json` when the text is no card."""

    name: str
    architecture: str
    arguments: dict[str, Any]
    attribution_layer: str
    classes: tuple[str, ...] = EXPRESSIONS
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    temperature: float = 1.0  # probabilities are softmax(logits / temperature)
    objective: str = "cross-entropy"
    explanation: LiveMethod = "grad_x_input"  # whose maps evaluations measure
    data: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    intended_use: str = USE
    limits: str = LIMITS
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    about: str = ""  # what it is chosen for, in a few words
    format: int = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("the card is no JSON object")
        if values.get("format") != FORMAT:
            raise ValueError(f"the card has format {values.get('format')!r}, known is {FORMAT}")
        values["preprocessing"] = _checked(Preprocessing, values.get("preprocessing"))
        values["classes"] = tuple(values.get("classes") or ())
        card: ModelCard = _checked(cls, values)
        if not card.classes or not all(isinstance(name, str) for name in card.classes):
            raise ValueError("the card has no class names")
        if not 0 < card.temperature < 1000:
            raise ValueError(f"the card's temperature {card.temperature} is not usable")
        sizes = card.preprocessing
        if not 8 <= sizes.input_size <= sizes.crop_size <= 1024:
            raise ValueError(f"sizes {sizes.input_size} of {sizes.crop_size} px are not usable")
        if not (-1000 < sizes.mean < 1000 and 0 < sizes.std < 1000):
            raise ValueError(f"mean {sizes.mean} and std {sizes.std} are not usable")
        if sizes.template != TEMPLATE:
            raise ValueError(f"the crop template {sizes.template!r} is unknown")
        return card

    @property
    def summary(self) -> str:
        """A few lines for a person."""
        lines = [f"{self.name}: {self.about}"] if self.about else []
        lines.append(f"{self.name} · {self.architecture} · {self.objective}")
        if self.data:
            lines.append("Data: " + ", ".join(f"{k} {v}" for k, v in self.data.items()))
        numbers = {k: v for k, v in self.metrics.items() if isinstance(v, int | float)}
        if numbers:
            lines.append(", ".join(f"{k} {v:.4g}" for k, v in numbers.items()))
        lines += [text for text in (self.licence, self.intended_use, self.limits) if text]
        return "\n".join(lines)


def _checked(kind: type[Any], values: Any) -> Any:
    """`kind(**values)` with the types of its fields verified."""
    if not isinstance(values, dict):
        raise ValueError(f"the card has no {kind.__name__}")
    hints = typing.get_type_hints(kind)
    names = {item.name for item in fields(kind)}
    unknown = set(values) - names
    if unknown:
        raise ValueError(f"the card has unknown fields: {', '.join(sorted(unknown))}")
    for name, value in values.items():
        hint = hints[name]
        origin = typing.get_origin(hint)
        if origin is Literal:
            fits = value in typing.get_args(hint)
        elif hint is float:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        else:
            fits = isinstance(value, origin or hint) and not (hint is int and value is True)
        if not fits:
            raise ValueError(f"the card's field {name} has the value {value!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"the card is incomplete ({error})") from error
