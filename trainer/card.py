"""The model card: everything needed to build, feed and judge a model; it travels in its file.

A model is one safetensors file whose header metadata holds this card as JSON. Those of other people
have a smaller card beside them, of which `trainer.other_card` makes one of these.
"""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from trainer.attribution_methods import DEFAULT_METHOD, AnyMethod
from trainer.labels import EXPRESSIONS

FORMAT = 1
TEMPLATE = "fer2013-68"

INTENDED_USE = (
    "Research, teaching and demonstrations of apparent facial expression. "
    "Not for hiring, schooling, policing, medicine or any decision about a person."
)
LIMITS = (
    "Classifies how an expression looks, not what a person feels. Trained on web pictures with "
    "noisy labels; faces, poses, lighting and cultures unlike them are classified worse."
)


def _validate_only(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """The value itself, if it is valid: 1 stays 1, so that a card's JSON stays the same."""
    validate(value)
    return value


Number = Annotated[float, WrapValidator(_validate_only)]


def _validate_each(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """One number for all channels, or one for each of three."""
    if not isinstance(value, list | tuple):
        return validate(value)
    if len(value) != 3:
        raise ValueError(f"one number, or three for three channels, not {len(value)}")
    return tuple(validate(each) for each in value)


if TYPE_CHECKING:
    Means = float | tuple[float, float, float]
    Deviations = float | tuple[float, float, float]
else:  # the same, with the bounds of each number
    Means = Annotated[Number, Field(gt=-1000, lt=1000), WrapValidator(_validate_each)]
    Deviations = Annotated[Number, Field(gt=0, lt=1000), WrapValidator(_validate_each)]


class CardPart(BaseModel):
    """Strict about the fields it knows; keeps fields that it does not, for newer versions."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")


class Preprocessing(CardPart):
    """How a face becomes the model's input.

    The crop has `crop_size` px, the network sees its central `input_size` px. `template` says where
    the face lies in it: aligned to the points of "fer2013-68"; or its upright "box" with `padding`,
    a share of the box, on each side. "image" normalisation subtracts each input's own mean and
    divides by its own deviation; "fixed" uses `mean` and `std` (of pixels in [0, 1]), one for all
    channels or one each, in the order of `colour`.
    """

    colour: Literal["grey", "rgb", "bgr"] = "grey"
    template: Literal["fer2013-68", "box"] = "fer2013-68"
    padding: Annotated[Number, Field(ge=0, le=2)] = 0.0
    crop_size: Annotated[int, Field(ge=8, le=1024)] = 48
    input_size: Annotated[int, Field(ge=8, le=1024)] = 44
    normalisation: Literal["image", "fixed"] = "image"
    mean: Means = 0.5
    std: Deviations = 0.25

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3

    @property
    def margin(self) -> int:
        """Pixels of the crop on each side that the network does not see."""
        return (self.crop_size - self.input_size) // 2

    @property
    def text(self) -> str:
        """`44 × 44 px of the aligned face, grey`."""
        face = "the aligned face"
        if self.template == "box":
            face = f"the face's box with {100 * self.padding:.3g} % more on each side"
        colour = self.colour if self.colour == "grey" else self.colour.upper()
        return f"{self.input_size} × {self.input_size} px of {face}, {colour}"

    @model_validator(mode="after")
    def _input_fits_into_crop(self) -> Self:
        if self.input_size > self.crop_size:
            raise ValueError(
                f"input_size {self.input_size} is larger than crop_size {self.crop_size}"
            )
        return self


class FrameModel(CardPart):
    """The model whose features a network for clips reads: its name, and its file's SHA-256."""

    name: str
    sha256: str


class ModelCard(CardPart):
    """What a model is. Raises ValidationError, a ValueError, for values that are not usable."""

    name: str
    architecture: str
    arguments: dict[str, Any]
    attribution_layer: str
    classes: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = EXPRESSIONS
    preprocessing: Preprocessing = Preprocessing()
    # probabilities: softmax((logits + log p_target / p_train) / T), see trainer/prior.py
    temperature: Annotated[Number, Field(gt=0, lt=1000)] = 1.0
    # p_train, class → share that the network learned to expect; empty: unknown
    prior: dict[str, Annotated[Number, Field(ge=0, le=1)]] = {}
    valence_arousal: bool = False  # whether it has learned them, besides the classes
    frame_model: FrameModel | None = None  # of a network for clips
    objective: str = "cross-entropy"
    explanation: AnyMethod = DEFAULT_METHOD  # whose maps evaluations measure
    data: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    licence: str = ""
    intended_use: str = INTENDED_USE
    limits: str = LIMITS
    versions: dict[str, str] = {}
    created: str = ""
    about: str = ""  # what it is chosen for, in a few words
    format: int = FORMAT

    @model_validator(mode="after")
    def _prior_fits_the_classes(self) -> Self:
        if self.prior:
            if set(self.prior) != set(self.classes):
                raise ValueError(f"prior has shares of {', '.join(self.prior)}, not of the classes")
            total = math.fsum(self.prior.values())
            if abs(total - 1) > 1e-3:
                raise ValueError(f"the shares of prior add up to {total:g} instead of 1")
        return self

    def to_json(self) -> str:
        preprocessing = dict(self.preprocessing)
        if self.preprocessing.template != "box":
            del preprocessing["padding"]  # cards of aligned faces stay as they always were
        return json.dumps(
            dict(self)
            | {
                "preprocessing": preprocessing,
                "frame_model": dict(self.frame_model) if self.frame_model else None,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The card in `text`. Raises ValueError, with the reason, when the text is none."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("the card is not a JSON object")
        if values.get("format") != FORMAT:
            raise ValueError(f"the card has format {values.get('format')!r}, known is {FORMAT}")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ValueError(reasons(error)) from error

    @property
    def summary(self) -> str:
        """A few lines for a person."""
        lines = [f"{self.name}: {self.about}"] if self.about else []
        lines.append(f"{self.name} · {self.architecture} · {self.objective}")
        if self.valence_arousal:
            lines.append("It has learned valence and arousal, too.")
        if self.frame_model is not None:
            lines.append(f"It reads the features of {self.frame_model.name} frame by frame.")
        if self.data:
            lines.append("Data: " + ", ".join(f"{k} {v}" for k, v in self.data.items()))
        numbers = {k: v for k, v in self.metrics.items() if isinstance(v, int | float)}
        if numbers:
            lines.append(", ".join(f"{k} {v:.4g}" for k, v in numbers.items()))
        lines += [text for text in (self.licence, self.intended_use, self.limits) if text]
        return "\n".join(lines)


def reasons(error: ValidationError) -> str:
    """`temperature: input should be greater than 0 (it is -1)`, for every field that is wrong."""
    reasons = []
    for issue in error.errors(include_url=False):
        field = ".".join(map(str, issue["loc"]))
        message = issue["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        if issue["type"] not in ("missing", "value_error"):
            message += f" (it is {issue['input']!r:.80})"
        reasons.append(f"{field}: {message}" if field else message)
    return "; ".join(reasons)
