"""What `default` and `accurate` learn in their last epochs: of people, models and face shapes.

    python assets/models/soft_labels.py FER PHOTOGRAPHS --out FOLDER

FER and PHOTOGRAPHS are folders of `fertrain prepare`. For each, FOLDER gets a copy of the same name
whose training votes are half what people say (70 % label, 30 % votes, where there are votes) and
half what the models `accurate`, `dacl` and `default` answer together with a small network that sees
nothing but MediaPipe's 52 blendshapes. That network was trained on FER's training pictures; it
knows less (54 % on val), but other things: it does not see light, camera or person.
"""

import shutil
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.data.crops import align_all
from trainer.data.face_data import FaceData
from trainer.data.prepare import open_data
from trainer.evaluation.predictions import predict
from trainer.faces.landmarker import FaceLandmarker, face_of_crop
from trainer.files import write_atomic
from trainer.losses.logit_adjustment import log_shares
from trainer.model_index import find_model
from trainer.models.model_file import load_model
from trainer.prior import BALANCED, ClassPrior

TEACHERS = ("accurate", "dacl", "default")
SHAPE_WEIGHT = 0.35  # of the shapes' logits beside the models'
TEACHERS_SHARE = 0.5  # of the target; the rest are labels and votes
VOTES_SHARE = 0.3  # of that rest
CONFIDENCE = 0.3  # as `fertrain prepare` detects
EPOCHS, BATCH = 25, 256


def blendshapes(data: FaceData) -> NDArray[np.float32]:
    """Square roots of the activations (N, 52), in alphabetical order; NaN without a face."""
    rows = np.full((len(data), 52), np.nan, np.float32)
    with FaceLandmarker(min_confidence=CONFIDENCE, details=True) as landmarker:
        for index in range(len(data)):
            face = face_of_crop(landmarker, np.asarray(data.images[index]))
            if face is not None:
                rows[index] = [face.blendshapes[name] for name in sorted(face.blendshapes)]
    return np.sqrt(rows.clip(0, 1))


class ShapeNet:
    """A network from blendshapes to logits as if all classes were equally frequent."""

    def __init__(self, shapes: NDArray[np.float32], targets: Tensor) -> None:
        """Train on the faces among `shapes` (N, 52), with targets (N, K)."""
        is_face = np.isfinite(shapes[:, 0])
        self._mean, self._std = shapes[is_face].mean(0), shapes[is_face].std(0) + 1e-3
        torch.manual_seed(0)
        self._net = nn.Sequential(
            *(nn.Linear(52, 128), nn.ReLU(), nn.Dropout(0.2)),
            *(nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.2)),
            nn.Linear(128, targets.shape[1]),
        )
        inputs, targets = self._inputs(shapes[is_face]), targets[torch.from_numpy(is_face)]
        adjustment = log_shares(targets)
        optimiser = torch.optim.AdamW(self._net.parameters(), weight_decay=1e-3)
        steps = EPOCHS * -(-len(inputs) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(inputs)).split(BATCH):
                noisy = inputs[batch] + 0.1 * torch.randn(len(batch), 52)
                log_p = (self._net(noisy) + adjustment).log_softmax(1)
                loss = -(targets[batch] * log_p).sum(1).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
        self._net.eval()

    def _inputs(self, shapes: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy((shapes - self._mean) / self._std)

    @torch.no_grad()
    def __call__(self, shapes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, K); 0 where there is no face."""
        logits = self._net(self._inputs(shapes)).numpy()
        return np.asarray(np.nan_to_num(logits), np.float32)


def labels_and_votes(data: FaceData) -> NDArray[np.float32]:
    """What people say (N, K): the label, and where there are votes, those too."""
    targets = np.eye(len(data.classes), dtype=np.float32)[data.label]
    has_votes = ~np.isnan(data.votes[:, 0])
    targets[has_votes] += VOTES_SHARE * (data.votes[has_votes] - targets[has_votes])
    return targets


def balanced_logits(name: str, data: FaceData) -> NDArray[np.float32]:
    """A model's logits (N, K) as if all classes were equally frequent."""
    model, card = load_model(find_model(name))
    crops = align_all(data, card.preprocessing).pixels
    logits = predict(model, card, crops, torch.device("cpu")).logits
    return ClassPrior.of(card, BALANCED).adjust(logits)


def write_taught(folder: Path, out: Path, targets: NDArray[np.float32]) -> None:
    """A copy of the prepared `folder` whose training samples have `targets` as votes."""
    shutil.copytree(folder, out)
    arrays = dict(np.load(out / "samples.npz"))
    arrays["votes"][arrays["split"] == "train"] = targets
    write_atomic(out / "samples.npz", lambda stream: np.savez(stream, **arrays))


def main(folders: list[Path], out: Annotated[Path, typer.Option()]) -> None:
    sets = [open_data(folder).of_split("train") for folder in folders]
    shapes = [blendshapes(data) for data in sets]
    people = [labels_and_votes(data) for data in sets]
    shape_net = ShapeNet(shapes[0], torch.from_numpy(people[0]))
    prior = log_shares(torch.from_numpy(people[0])).numpy()
    for folder, data, shape, said in zip(folders, sets, shapes, people, strict=True):
        logits = np.mean([balanced_logits(name, data) for name in TEACHERS], axis=0)
        logits = logits + SHAPE_WEIGHT * shape_net(shape) + prior
        taught = torch.from_numpy(logits).softmax(1).numpy()
        agree = (taught.argmax(1) == data.label).mean()
        print(f"{data.name}: the teachers agree with {agree:.1%} of the labels")
        write_taught(folder, out / folder.name, said + TEACHERS_SHARE * (taught - said))


if __name__ == "__main__":
    typer.run(main)
