"""What all models have in common that this project did not build."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from trainer.card import ModelCard
from trainer.errors import ModelFileError
from trainer.models.registry import FerModel
from trainer.other_card import PIXELS

SMALLEST = 1e-7  # probability, whose logarithm is the least logit


class OtherModel(FerModel):
    """A classifier of whatever inside: `answer` gives its raw output.

    Its embedding are its logits, unless a subclass finds features: the label doctor and the face
    map then compare what it answers. The layer "pixels" is its input.
    """

    default_input_size: ClassVar[int] = 0  # as the card says
    attribution_layer: ClassVar[str] = PIXELS

    def __init__(self, card: ModelCard) -> None:
        super().__init__()
        self.card = card
        self._gives_probabilities = card.arguments["output"] == "probabilities"
        self.add_module(PIXELS, nn.Identity())

    def answer(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the output (B, K), as the model gives it."""
        raise NotImplementedError

    def grey(self, x: Tensor) -> Tensor:
        """The mean of each picture: 0 may be black to a network that normalises by itself."""
        return x.detach().mean(dim=(2, 3), keepdim=True)

    @property
    def embedding_size(self) -> int:
        return len(self.card.classes)

    def embed(self, x: Tensor) -> Tensor:
        return self.logits_of(self.answer(self.get_submodule(PIXELS)(x)))

    def classify(self, embedding: Tensor) -> Tensor:
        return embedding

    def logits_of(self, output: Tensor) -> Tensor:
        """Logarithms of probabilities: softmax gives the probabilities back."""
        return output.clamp_min(SMALLEST).log() if self._gives_probabilities else output

    def check_answers(self, source: str) -> None:
        """Raise ModelFileError unless it answers as its card says, alone and in a batch."""
        sizes, classes = self.card.preprocessing, self.card.classes
        side, pairs = sizes.input_size, ((1, 0.0), (2, 0.5))
        for count, value in pairs:
            x = torch.full((count, sizes.channels, side, side), value)
            try:
                with torch.no_grad():
                    output = self.answer(x)
            except ModelFileError:
                raise
            except Exception as error:  # the code of others raises anything
                reason = str(error).strip().partition("\n")[0][:300]
                raise ModelFileError(
                    f"{source}: it fails on an input of {count} × {sizes.channels} × {side} × "
                    f"{side} ({type(error).__name__}: {reason})",
                    "Check size, colour and layout of its card.",
                ) from error
            if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != count:
                shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
                raise ModelFileError(
                    f"{source}: its output for {count} faces is {shape}, not one row of numbers "
                    "for each",
                    f"Wanted is ({count}, {len(classes)}): a number for each class.",
                )
            if output.shape[1] != len(classes):
                raise ModelFileError(
                    f"{source}: it gives {output.shape[1]} numbers for each face, and its card "
                    f"names {len(classes)} classes",
                    f"Name all of them, in its order. Named are {', '.join(classes)}.",
                )
            if not bool(torch.isfinite(output).all()):
                raise ModelFileError(f"{source}: its output for a grey picture is not finite")
            sums = output.sum(dim=1)
            if self._gives_probabilities and (
                float(output.min()) < -1e-4 or float((sums - 1).abs().max()) > 1e-2
            ):
                raise ModelFileError(
                    f"{source}: its card says probabilities, but its output is from "
                    f"{float(output.min()):.3g} to {float(output.max()):.3g} and adds up to "
                    f"{float(sums[0]):.3g}",
                    'Set "output": "logits" in the card.',
                )
