"""The one attribution: score and features in, (B, C, h, w) out; and its map at input size."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.card import LiveMethod
from trainer.errors import UsageError
from trainer.models.registry import FerModel

METHODS: tuple[str, ...] = get_args(LiveMethod)
CAMS = ("gradcam", "gradcam_pp", "layercam")  # their maps keep what speaks for the class
OF_LAYERS = tuple(method for method in METHODS if method != "class_map")
PIXELS = "input"  # in place of a layer's name: the picture itself
Target = Literal["predicted", "runner_up"] | int | Tensor

_NEEDS = {
    "cam": "cam needs the layer before average pooling and one linear layer, which this is not",
    "class_map": "class_map needs a network that draws maps of its classes itself",
    "grad": "grad is the same everywhere before average pooling and one linear layer",
}


def methods_of(model: FerModel) -> list[str]:
    """The live methods that `model` can serve at its own layer."""
    pooled = model.linear_head is not None
    served = {"cam": pooled, "grad": not pooled, "class_map": model.explains_itself}
    return [method for method in METHODS if served.get(method, True)]


def layer_attribution(
    score: Tensor, features: Tensor, method: str, create_graph: bool = False
) -> Tensor:
    """Attribution of `score` (B,) to `features` (B, C, h, w), of the features' shape, signed.

    grad: ∂S/∂F. grad_x_input: (∂S/∂F) · F (Shrikumar et al. 2016); abs_grad_x_input: |∂S/∂F| · F.
    gradcam: mean of ∂S/∂F over space, · F (Selvaraju et al. 2017). gradcam_pp: weights Σ α ReLU(∂)
    with α of second and third powers (Chattopadhay et al. 2018). layercam: ReLU(∂S/∂F) · F (Jiang
    et al. 2021). cam: the weights of the linear layer, · F (Zhou et al. 2016), which behind
    average pooling are h·w · ∂S/∂F. attention: F / C, whatever the score. `create_graph=True` lets
    a loss on the attribution reach the weights. Raises UsageError for an unknown method.
    """
    if method not in OF_LAYERS:
        known = ", ".join(OF_LAYERS)
        raise UsageError(f"there is no attribution method {method!r} of layers", f"Known: {known}.")
    if method == "attention":
        return features / features.shape[1]
    (gradient,) = torch.autograd.grad(score.sum(), features, create_graph=create_graph)
    match method:
        case "grad":
            return gradient
        case "abs_grad_x_input":
            gradient = gradient.abs()
        case "gradcam":
            gradient = gradient.mean(dim=(2, 3), keepdim=True)
        case "gradcam_pp":
            gradient = _pp_weights(gradient, features)
        case "layercam":
            gradient = gradient.relu()
        case "cam":
            gradient = gradient * (features.shape[2] * features.shape[3])
    return gradient * features


def _pp_weights(gradient: Tensor, features: Tensor) -> Tensor:
    """(B, C, 1, 1) of Grad-CAM++, eq. 19, for the exponential of the score: powers of ∂S/∂F."""
    below = 2 * gradient**2 + features.sum(dim=(2, 3), keepdim=True) * gradient**3
    alpha = torch.where(below == 0, 0.0, gradient**2 / torch.where(below == 0, 1.0, below))
    return (alpha * gradient.relu()).sum(dim=(2, 3), keepdim=True)


def attribution_map(channels: Tensor, method: str) -> Tensor:
    """(B, 1, h, w): the sum over the channels (B, C, h, w) of `layer_attribution`.

    The Grad-CAM family leaves out what speaks against the class.
    """
    reduced = channels.sum(dim=1, keepdim=True)
    return reduced.relu() if method in CAMS else reduced


def explain(
    model: FerModel,
    x: Tensor,
    method: str = "grad_x_input",
    target: Target = "predicted",
    layer: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Logits (B, K) and attribution maps (B, H, W) of inputs (B, C, H, W) in one pass.

    The maps are those of `attribution_map`, upsampled to the input's size; class_map is the
    network's own. Only the part of the network behind `layer` is differentiated, which for a late
    layer costs next to nothing; the layer "input" is the picture. The map of "predicted" explains
    the largest logit. Raises UsageError where the method does not apply.
    """
    own = layer in (None, model.attribution_layer)
    works = methods_of(model) if own else [m for m in OF_LAYERS if m != "cam"]
    if method not in works:
        why = _NEEDS.get(method, f"there is no attribution method {method!r}")
        hint = f', and grad of the layer "{PIXELS}"' if method == "grad" else ""
        raise UsageError(why, f"These work: {', '.join(works)}{hint}.")
    if method == "class_map":
        with torch.no_grad():
            logits = model(x)
            maps = model.class_map(x, target_classes(logits, target))
        return logits, _enlarged(maps[:, None], x)[:, 0]
    with torch.enable_grad():
        logits, features = features_of(model, x, layer or model.attribution_layer)
        score = logits.gather(1, target_classes(logits.detach(), target)[:, None])[:, 0]
        channels = layer_attribution(score, features, method)
    return logits.detach(), _enlarged(attribution_map(channels.detach(), method), x)[:, 0]


def explain_all(model: FerModel, x: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (B, K) and the Grad*Input maps (B, K, H, W) of every class from one forward.

    Behind the global average pooling of features F (C, h, w) and a linear layer, ∂S_k/∂F is
    w_k / (h·w): Grad*Input is the class activation map (Zhou et al. 2016, eq. 2) and no backward
    pass is needed. A map at the layer's own size sums to the logit without its bias. Raises
    UsageError for a network without a `linear_head`. The network must be in evaluation mode.
    """
    head = model.linear_head
    if head is None:
        raise UsageError("only a network that ends in pooling and one linear layer has all maps")
    with torch.no_grad():
        logits, features = features_of(model, x, model.attribution_layer)
        area = features.shape[-2] * features.shape[-1]
        maps = F.conv2d(features, head.weight[:, :, None, None] / area)
        return logits, _enlarged(maps, x)


def attribute(
    model: FerModel,
    x: Tensor,
    method: str = "grad_x_input",
    target: Target = "predicted",
    layer: str | None = None,
) -> Tensor:
    """The attribution maps (B, H, W) of `explain`."""
    return explain(model, x, method, target, layer)[1]


def target_classes(logits: Tensor, target: Target) -> Tensor:
    """The class index (B,) that `target` names for each row of `logits` (B, K)."""
    if isinstance(target, Tensor):
        return target.to(logits.device)
    if isinstance(target, int):
        if not 0 <= target < logits.shape[1]:
            raise UsageError(f"there is no class {target} among {logits.shape[1]}")
        return torch.full((len(logits),), target, device=logits.device)
    if target not in ("predicted", "runner_up"):
        raise UsageError(f"there is no target {target!r}", "Known: predicted, runner_up, a class.")
    return logits.topk(2, dim=1).indices[:, 0 if target == "predicted" else 1]


def _enlarged(maps: Tensor, x: Tensor) -> Tensor:
    """(B, M, h, w) → (B, M, H, W), the size of the inputs."""
    return F.interpolate(maps, size=x.shape[-2:], mode="bilinear", align_corners=False)


def features_of(model: FerModel, x: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """Logits, and the output of `layer` as the leaf that the logits are differentiable in."""
    if layer == PIXELS:
        pixels = x.detach().requires_grad_()
        return model(pixels), pixels
    modules = dict(model.named_modules())
    if layer not in modules or not layer:
        raise UsageError(
            f"the model has no layer {layer!r}",
            "It has: " + ", ".join(n for n in modules if n.count(".") < 2 and n) + f", {PIXELS}.",
        )
    leaf: list[Tensor] = []

    def cut(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        leaf.append(output.detach().requires_grad_())
        return leaf[0]

    handle = modules[layer].register_forward_hook(cut)
    try:
        logits: Tensor = model(x)
    finally:
        handle.remove()
    if leaf[0].ndim != 4:
        raise UsageError(f"the layer {layer!r} has no spatial map: its shape is {leaf[0].shape}")
    return logits, leaf[0]
