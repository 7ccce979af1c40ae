"""A model as one ONNX file that needs nothing else, checked against torch before it is written."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.card import ModelCard
from trainer.data import face_data
from trainer.data.crops import align_all, centre, normalise
from trainer.errors import FerError
from trainer.files import asset, write_atomic
from trainer.models.registry import FerModel

if TYPE_CHECKING:
    from onnx import ModelProto

SUFFIX = ".onnx"
PIXELS, OUTPUTS = "pixels", ("logits", "probabilities")
BATCHES = (1, 2, 5, 16)  # of faces that the check feeds, one batch after the other
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class OnnxExport:
    """What was written: shapes by name, and the largest difference from torch."""

    out: str
    bytes: int
    opset: int
    inputs: dict[str, list[str | int]]
    outputs: dict[str, list[str | int]]
    max_difference: float
    faces: int
    batch_sizes: tuple[int, ...] = BATCHES

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def export_onnx(out: Path, network: FerModel, card: ModelCard) -> OnnxExport:
    """Write an evaluating `network` on the CPU to `out`, whole or not at all.

    Its input `pixels` (B, 1, s, s) are grey faces in [0, 1], aligned and cut as the card says; the
    normalisation is in the graph. Its outputs are `logits` (B, K) and `probabilities` (B, K),
    softmax(logits / temperature). B is free. Its metadata has `classes`, `preprocessing` and `card`
    as JSON, `temperature` and `licence`.

    Raises FerError when packages are missing, when the network cannot be expressed in ONNX, or when
    its answers there differ from torch's.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise FerError(
            f"ONNX files cannot be written here: {error}",
            "Install what they need: uv sync --extra export, "
            "or pip install onnx onnxscript onnxruntime.",
        ) from error
    whole = _Whole(network, card).eval()
    proto = _converted(whole, card)
    onnx.helper.set_model_props(proto, _properties(card))
    content = proto.SerializeToString()
    faces = _faces(card)
    difference = largest_difference(content, whole, faces)
    if not difference <= TOLERANCE:  # nor NaN
        raise FerError(
            f"{out}: not written, the answers of ONNX differ from torch's by {difference:.2g} "
            f"(allowed are {TOLERANCE:g})",
            f"Architecture {card.architecture}. Another version of torch or onnxruntime may help.",
        )
    write_atomic(out, lambda stream: stream.write(content))
    return OnnxExport(
        out=str(out),
        bytes=len(content),
        opset=max(each.version for each in proto.opset_import if each.domain in ("", "ai.onnx")),
        inputs=_shapes(proto.graph.input),
        outputs=_shapes(proto.graph.output),
        max_difference=difference,
        faces=len(faces),
    )


class _Whole(nn.Module):
    """A network between its normalisation and its probabilities."""

    def __init__(self, network: FerModel, card: ModelCard) -> None:
        super().__init__()
        self.network, self._card = network, card

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(normalise(pixels, self._card.preprocessing))
        return logits, torch.softmax(logits / self._card.temperature, dim=1)


def _converted(whole: _Whole, card: ModelCard) -> "ModelProto":
    side = card.preprocessing.input_size
    try:
        with warnings.catch_warnings(action="ignore"):  # of torch about itself
            program = torch.onnx.export(
                whole,
                (torch.rand(2, 1, side, side),),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=[PIXELS],
                output_names=OUTPUTS,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # whatever the tracer makes of a network
        raise FerError(
            f"{card.name}: the network {card.architecture} cannot be expressed in ONNX "
            f"({_cause(error)})",
            "What depends on values cannot be traced. "
            "A .safetensors file can be written of every model.",
        ) from error
    assert program is not None
    proto: ModelProto = program.model_proto
    fixed = proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    if fixed:
        raise FerError(
            f"{card.name}: the network {card.architecture} cannot be expressed in ONNX "
            f"(it works for batches of {fixed} alone, the size it was traced with)",
            "In its code, len(x) and int(x.shape[0]) fix the batch; x.shape[0] does not.",
        )
    graph = proto.graph  # the exporter notes paths and lines of code of this computer
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]
    sizes = card.preprocessing
    graph.input[0].doc_string = (
        f"Grey faces in [0, 1]: the central {side} × {side} px of crops of {sizes.crop_size} px, "
        f"aligned to the template {sizes.template}. Not normalised: the graph does that."
    )
    proto.doc_string = card.summary
    return proto


def _properties(card: ModelCard) -> dict[str, str]:
    return {
        "name": card.name,
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "preprocessing": json.dumps(dict(card.preprocessing)),
        "temperature": repr(card.temperature),
        "licence": card.licence,
        "card": card.to_json(),
    }


def _faces(card: ModelCard) -> Tensor:
    """As many of the faces that ship as BATCHES need, (N, 1, s, s) in [0, 1]."""
    data = face_data.load(asset("example"))
    rows = np.linspace(0, len(data) - 1, sum(BATCHES)).astype(np.int64)
    sizes = card.preprocessing
    crops = align_all(data.select(rows), sizes).pixels[:]
    return centre(crops, sizes.input_size).float().div(255)[:, None]


def largest_difference(content: bytes, whole: nn.Module, faces: Tensor) -> float:
    """Between the outputs of a serialised model and of torch on `faces`, in batches of BATCHES.

    In units of the largest value where that is above 1. Raises FerError when it cannot be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal: what fails is raised
    found = [0.0]
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for part in torch.split(faces, list(BATCHES)):
            ours: Sequence[NDArray[np.float32]] = session.run(OUTPUTS, {PIXELS: part.numpy()})
            with torch.inference_mode():
                theirs = whole(part)
            for one, other in zip(ours, theirs, strict=True):
                apart = (torch.from_numpy(one) - other).abs().max()
                found.append(float(apart / other.abs().max().clamp_min(1)))
    except Exception as error:  # of the runtime: a model that it does not take
        raise FerError(
            f"onnxruntime does not take the model: {_cause(error)}", "Nothing was written."
        ) from error
    return float(np.max(found))  # NaN stays NaN


def _shapes(values: Any) -> dict[str, list[str | int]]:
    return {
        value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in values
    }


def _cause(error: BaseException) -> str:
    """The first line of what was raised first: exporters wrap it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0] or type(error).__name__
