"""The small classifiers by which the usefulness of pictures is measured."""

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional

from vesalius.evidence.baselines import augment
from vesalius.evidence.planes import Features
from vesalius.networks.blocks import averaged, convolution

Pictures = Float[np.ndarray, "n c *space"]
"""Pictures of one slice, ``n c y x``, or volumes, ``n c z y x``."""

_BATCH = 64


class Classifier(nn.Module):
    """Three stages of strided convolution and a mean: a few seconds of training.

    Args:
        channels: Channels of a picture.
        classes: Classes to tell apart.
        axes: 2 for pictures of one slice, 3 for volumes.
    """

    def __init__(self, channels: int, classes: int, axes: int = 2) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for before, width, stride in ((channels, 16, 4), (16, 32, 2), (32, 64, 2)):
            kernel = 2 * (stride // 2) + 1
            stages += [
                convolution(axes, before, width, kernel, stride=stride),
                nn.GroupNorm(8, width),
                nn.SiLU(),
            ]
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(2**axes * 64, classes)

    def forward(self, pictures: Float[Tensor, "b c *space"]) -> Float[Tensor, "b k"]:
        """One score a class."""
        return self.head(averaged(self.stages(pictures), 2).flatten(1))


def teach(
    pictures: Pictures,
    labels: Int[np.ndarray, "n"],
    classes: int,
    seed: int,
    steps: int,
    augmentation: bool = False,
    mirror: bool = False,
) -> Classifier:
    """Train the small network; every class is drawn equally often.

    Args:
        pictures: What it learns from.
        labels: Class of each.
        classes: Classes in all.
        seed: Fixes weights and order.
        steps: Updates.
        augmentation: Change each picture slightly each time it is seen.
        mirror: Left and right may be exchanged in doing so.
    """
    rng = torch.Generator().manual_seed(seed)
    images, target = torch.from_numpy(pictures), torch.from_numpy(labels)
    weight = (1.0 / torch.bincount(target, minlength=classes).clamp_min(1))[target]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(pictures.shape[1], classes, pictures.ndim - 2)
    adam = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, total_steps=steps)
    for _ in range(steps):
        chosen = torch.multinomial(weight, _BATCH, replacement=True, generator=rng)
        batch = augment(images[chosen], rng, mirror) if augmentation else images[chosen]
        adam.zero_grad()
        functional.cross_entropy(network(batch), target[chosen]).backward()
        adam.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def network_scores(network: Classifier, pictures: Pictures) -> Float[np.ndarray, "n k"]:
    """Log-probabilities of the classes, one column each."""
    blocks = [network(part) for part in torch.from_numpy(pictures).split(256)]
    return torch.cat(blocks).log_softmax(1).double().numpy()


def linear_scores(
    rows: Features, labels: Int[np.ndarray, "n"], test: Features, classes: int
) -> Float[np.ndarray, "m k"]:
    """Log-probabilities of the classes by logistic regression on features.

    Args:
        rows: Features to learn from.
        labels: Class of each.
        test: Features of the pictures asked for.
        classes: Classes in all.
    """
    model = LogisticRegression(C=0.05, max_iter=500, class_weight="balanced").fit(rows, labels)
    scores = np.full((len(test), classes), -30.0)
    scores[:, model.classes_] = model.predict_log_proba(test)
    return scores
