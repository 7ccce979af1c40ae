"""The training loop that a person writes with PyTorch and torchvision, to compare ours with."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from trainer.config.train_config import TrainConfig
from trainer.models import create

WORKERS = 2  # processes, as PyTorch's tutorials have it


class PlainPictures(Dataset[tuple[Tensor, int]]):
    """Grey pictures (N, h, w) uint8 in memory, augmented one by one by torchvision's transforms.

    The same kinds and amounts as `config.augment` has: flip, rotation, scale, shift, light, blur,
    noise, erasing. Brightness stands for gamma, which torchvision does not draw.
    """

    def __init__(
        self, pictures: NDArray[np.uint8], labels: NDArray[np.int64], config: TrainConfig
    ) -> None:
        from torchvision import transforms  # takes seconds to import

        augment = config.augment
        self._pictures, self._labels, self._noise = pictures, labels, augment.noise
        self._transform: Callable[[Image.Image], Tensor] = transforms.Compose(
            [
                transforms.RandomHorizontalFlip(augment.flip),
                transforms.RandomAffine(
                    augment.rotation,
                    (augment.shift, augment.shift),
                    (1 / (1 + augment.scale), 1 + augment.scale),
                    interpolation=transforms.InterpolationMode.BILINEAR,
                ),
                transforms.CenterCrop(config.data.input_size),
                transforms.ColorJitter(brightness=augment.gamma),
                transforms.RandomApply([transforms.GaussianBlur(3)], augment.blur),
                transforms.ToTensor(),
                transforms.RandomErasing(augment.erase, (0.02, 0.16)),
            ]
        )

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        x = self._transform(Image.fromarray(self._pictures[index]))
        x = x + torch.rand(()) * self._noise * torch.randn_like(x)
        return (x - x.mean()) / (x.std() + 1e-2), int(self._labels[index])


class PlainLoop:
    """An honest plain loop: float32 and PyTorch's default memory layout throughout.

    A DataLoader with two worker processes; the network of `config`, freshly initialised; mixup,
    cross-entropy with label smoothing, SGD with Nesterov's momentum and weight decay, clipped
    gradients, and a moving average of the weights, all as `config` has them and by PyTorch's own
    functions; the loss is read after each step, for a progress bar. No autocast, no channels_last,
    no learning rate schedule, no validation.
    """

    def __init__(
        self,
        pictures: NDArray[np.uint8],
        labels: NDArray[np.int64],
        config: TrainConfig,
        device: torch.device,
    ) -> None:
        self._config, self._device = config, device
        optim = config.optim
        self._loader = DataLoader(
            PlainPictures(pictures, labels, config),
            optim.batch_size,
            shuffle=True,
            drop_last=True,
            num_workers=WORKERS,
            persistent_workers=True,
            pin_memory=device.type == "cuda",
        )
        side = config.data.input_size
        self._model = create(config.model.name, input_size=side, **config.model.options).to(device)
        average = get_ema_multi_avg_fn(optim.ema)  # type: ignore[no-untyped-call]
        self._average = AveragedModel(self._model, multi_avg_fn=average, use_buffers=True)
        self._criterion = nn.CrossEntropyLoss(label_smoothing=config.objective.label_smoothing)
        self._optimizer = torch.optim.SGD(
            self._model.parameters(),
            optim.learning_rate,
            optim.momentum,
            weight_decay=optim.weight_decay,
            nesterov=optim.nesterov,
        )

    def train_epoch(self) -> float:
        """One pass over the pictures; returns the mean loss."""
        self._model.train()
        total = 0.0
        for x, labels in self._loader:
            x, labels = x.to(self._device), labels.to(self._device)
            share = float(np.random.beta(self._config.augment.mixup, self._config.augment.mixup))
            order = torch.randperm(len(x), device=self._device)
            logits = self._model(share * x + (1 - share) * x[order])
            loss = share * self._criterion(logits, labels)
            loss = loss + (1 - share) * self._criterion(logits, labels[order])
            self._optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self._model.parameters(), self._config.optim.clip)
            self._optimizer.step()
            self._average.update_parameters(self._model)
            total += loss.item()
        return total / len(self._loader)
