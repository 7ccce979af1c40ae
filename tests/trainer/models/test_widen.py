"""A wider network starts from a trained one: same outputs, and copies that learn differently."""

import torch
from torch import nn

from trainer.models import FerModel, create
from trainer.models.import_weights import import_weights
from trainer.models.widen import widen_weights


def trained(classes: int = 7) -> FerModel:
    """Norms with statistics of their own, as training leaves them."""
    torch.manual_seed(0)
    model = create("compact", num_classes=classes, widths=[8, 12], blocks=[2, 2]).eval()
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)
    return model


def wide() -> FerModel:
    return create("compact", widths=[12, 32], blocks=[2, 2]).eval()  # 1.5 and 2.7 times


def test_a_widened_network_gives_the_same_outputs() -> None:
    narrow, model = trained(), wide()
    report = import_weights(model, narrow.state_dict())
    assert not report.missing
    assert not report.skipped
    x = torch.randn(4, 1, 44, 44)
    with torch.no_grad():
        expected = narrow(x)
        torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-4 * float(expected.std()))


def test_copies_of_a_channel_get_different_gradients() -> None:
    model = wide()
    import_weights(model, trained().state_dict())
    model.train()
    torch.nn.functional.cross_entropy(
        model(torch.randn(8, 1, 44, 44)), torch.arange(8) % 7
    ).backward()
    kernel = model.get_parameter("stages.0.0.conv1.weight")
    torch.testing.assert_close(kernel[0, :4] + kernel[0, 8:], kernel[8, :4] + kernel[8, 8:])
    assert kernel.grad is not None
    assert not torch.allclose(kernel.grad[0], kernel.grad[8], rtol=0.01)


def test_other_networks_are_not_widened() -> None:
    assert widen_weights(trained(classes=8).state_dict(), wide()) is None  # a class is no channel
    narrower = create("compact", widths=[4, 8], blocks=[2, 2])
    assert widen_weights(trained().state_dict(), narrower) is None
    deeper = create("compact", widths=[12, 32], blocks=[2, 3])
    assert widen_weights(trained().state_dict(), deeper) is None
    assert widen_weights(trained().state_dict(), create("face_resnet")) is None
