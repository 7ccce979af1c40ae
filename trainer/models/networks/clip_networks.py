"""Networks for clips: the frozen features of a frame model, read in time or averaged over it.

The frame model lies in a file of its own; theirs holds only what they learned.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.registry import FRAME, FerModel, create, register_network

EXAMPLE_FRAME: dict[str, Any] = {"architecture": "compact", "classes": 7, "arguments": {}}


class ClipModel(FerModel):
    """Classifies the features (B, T, d) of whole clips, or pictures as clips of one frame.

    `frame` describes the frame model: its architecture, number of classes and arguments. It is
    never trained: its norms and dropout stay in evaluation mode. Pictures are read after the frames
    of which `memory` (B, m) is, if it is set; `remembered` (B, m) is the memory after them.
    """

    attribution_layer: ClassVar[str] = FRAME  # that of the frame model
    default_input_size: ClassVar[int] = 44
    reads_clips: ClassVar[bool] = True

    def __init__(self, in_channels: int, input_size: int, frame: Mapping[str, Any] | None) -> None:
        super().__init__()
        frame = frame or EXAMPLE_FRAME
        self.frame = create(
            frame["architecture"],
            frame["classes"],
            in_channels,
            input_size,
            **frame["arguments"],
        )
        self.frame.requires_grad_(False).eval()
        layer = f"{FRAME}.{self.frame.attribution_layer}"
        self.attribution_layer = layer  # type: ignore[misc]
        self.memory: Tensor | None = None
        self.remembered: Tensor | None = None

    @property
    @abstractmethod
    def memory_size(self) -> int:
        """m of a memory (B, m); zeros are the beginning of a clip."""

    @abstractmethod
    def read(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The embedding (B, e) after frames of features (B, T, d), and the memory (B, m) then.

        `memory` is that of the frames before, None at the beginning of a clip. Causal: the
        embedding after T frames does not depend on later ones.
        """

    def embed(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            return self.read(x)[0]
        embedding, self.remembered = self.read(self.frame.embed(x)[:, None], self.memory)
        return embedding

    def train(self, mode: bool = True) -> "ClipModel":
        super().train(mode)
        self.frame.eval()
        return self


@register_network("clip_gru")
class ClipGru(ClipModel):
    """A gated recurrent unit (Cho et al. 2014) over normalised features, and a linear layer."""

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        frame: Mapping[str, Any] | None = None,
        hidden: int = 96,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(in_channels, input_size, frame)
        self.norm = nn.LayerNorm(self.frame.embedding_size)
        self.gru = nn.GRU(self.frame.embedding_size, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden, num_classes)

    @property
    def memory_size(self) -> int:
        return self.gru.hidden_size

    def read(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        before = None if memory is None else memory[None].contiguous()
        _, last = self.gru(self.norm(features), before)
        return last[0], last[0]

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(embedding))
        return logits


@register_network("clip_mean")
class ClipMean(ClipModel):
    """The mean of the frames' probabilities, whatever their order; the logits are its logarithm.

    The memory are the sum of the probabilities so far, and the number of frames.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        frame: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, input_size, frame)
        self.norm = nn.LayerNorm(self.frame.embedding_size)
        self.classifier = nn.Linear(self.frame.embedding_size, num_classes)

    @property
    def embedding_size(self) -> int:
        return self.classifier.out_features

    @property
    def memory_size(self) -> int:
        return self.classifier.out_features + 1

    def read(self, features: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        probabilities = F.softmax(self.classifier(self.norm(features)).float(), dim=-1)
        count = torch.full_like(probabilities[:, 0, :1], features.shape[1])
        total = torch.cat([probabilities.sum(dim=1), count], dim=1)
        if memory is not None:
            total = total + memory
        return total[:, :-1] / total[:, -1:], total

    def classify(self, embedding: Tensor) -> Tensor:
        return embedding.clamp_min(1e-8).log()
