"""Whether made pictures inherit the augmentation under which their generator learnt."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vesalius.errors import EvidenceError
from vesalius.evidence.auc import area
from vesalius.evidence.baselines import blurred, linear_samples
from vesalius.evidence.contract import LEAST, PEOPLE
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.intervals import numbered
from vesalius.objectives.augment import Augment
from vesalius.shapes import Batch, Stack
from vesalius.training.stream import Stacked

SHARE = 0.1
"""Share of changed pictures above which an operation leaks: the whole interval lies there."""

SEEN = 0.65
"""Area under the ROC curve below which changes cannot be told from what people look like anyway."""

ORDER = ("bias", "contrast", "brightness", "flip", "shift", "rotation", "scale", "elastic", "noise", "cutout")
"""The operations, in the order in which they are carried out."""

_OFTEN = 0.25  # rare and independent, so that one change is no reason to expect another
_BATCH, _ROUNDS, _DRAWS = 64, 4, 500
_SMOOTHINGS, _CELLS, _BLURS = 6, 4, (0.0, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
_OFF = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0, probability=_OFTEN)
_METHOD = "bootstrap of held-out people and of made pictures, percentile"


@dataclass(frozen=True)
class Leak:
    """What became of one operation.

    Args:
        operation: Field of `Augment`.
        share: Of made pictures that look changed by it, beyond those of held-out people: 0 for no more
            than there are real ones, 1 for all of them; means nothing where it is not seen.
        seen: How well the change is seen in held-out people: area under the ROC curve of changed
            against unchanged pictures.
        floor: The share that half of the held-out people reach when they are held against the other half:
            97.5 % of halvings reach no more. What the share of made pictures is to be read beside.
    """

    operation: str
    share: Estimate
    seen: float
    floor: float

    @property
    def is_seen(self) -> bool:
        """Whether anything can be said at all: the change of a mirror-symmetric person cannot be seen."""
        return self.seen >= SEEN

    @property
    def is_leak(self) -> bool:
        """Whether more made pictures than one in ten look changed, beyond what people allow."""
        return self.is_seen and self.share.low is not None and self.share.low > SHARE


class Detector(nn.Module):
    """Convolutions without normalisation, which would hide brightness, on a picture and its fine detail.

    Args:
        channels: Of a picture.
        augment: The operations to look for, at their strengths.
    """

    def __init__(self, channels: int, augment: Augment) -> None:
        super().__init__()
        self.operations = tuple(name for name in ORDER if getattr(augment, name))
        self.alone = tuple(replace(_OFF, **{name: getattr(augment, name)}) for name in self.operations)
        stages: list[nn.Module] = []
        for before, width, stride in ((channels, 16, 2), (16, 32, 2), (32, 64, 2), (64, 64, 1)):
            stages += [nn.Conv2d(before, width, 3, stride, 1), nn.SiLU()]
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear((_CELLS**2 + 1) * 64, len(self.operations))
        self.grain = nn.Sequential(nn.Linear(16 * channels, 16), nn.SiLU(), nn.Linear(16, 1))

    def forward(self, image: Batch) -> Float[Tensor, "b k"]:
        """Logarithmic odds of each operation; that of noise follows from the quietest parts too."""
        plane = image.squeeze(2)
        seen = self.stages(plane)
        parts = [functional.adaptive_avg_pool2d(seen, _CELLS), functional.adaptive_max_pool2d(seen, 1)]
        odds = self.head(torch.cat([part.flatten(1) for part in parts], dim=1))
        detail = ((plane - _smoothed(plane)).abs() + 0.01).log10() + 1.5
        quiet = functional.adaptive_avg_pool2d(detail, 4).flatten(2).sort(dim=2).values
        is_noise = torch.tensor([float(name == "noise") for name in self.operations])
        return odds + is_noise * self.grain(quiet.flatten(1))

    def changed(
        self, image: Batch, rng: torch.Generator, only: int | None = None
    ) -> tuple[Batch, Bool[Tensor, "b k"]]:
        """Pictures after some operations, in the range that a generator keeps to, and which they were.

        Args:
            image: Pictures.
            rng: Random stream.
            only: One operation for all pictures, by its place; every now and then each one for None.
        """
        chosen = self.alone if only is None else (replace(self.alone[only], probability=1.0),)
        which = []
        for operation in chosen:
            after = operation(image, rng)
            which.append((after != image).flatten(1).any(dim=1))
            image = after
        return image.clamp(-1, 1), torch.stack(which, dim=1)

    @torch.no_grad()
    def scores(self, image: Batch) -> Float[np.ndarray, "b k"]:
        """Probability of each operation."""
        return torch.cat([self(part).sigmoid() for part in image.split(256)]).double().numpy()


def learn_detector(train: Stacked, augment: Augment, seed: int = 0, steps: int = 600) -> Detector:
    """Train a small network to say which operations a picture went through, one by one and together.

    So that it takes no unlikeness for a change, it learns the same on samples of the linear model and on
    pictures that are blurred. It looks at the middle slice of a volume.

    Args:
        train: Pictures in [-1, 1] that the generator learnt from.
        augment: What it learnt under; its probability plays no part.
        seed: Fixes everything random.
        steps: Updates of the network.

    Raises:
        EvidenceError: The augmentation does nothing.
    """
    if not any(getattr(augment, name) for name in ORDER):
        raise EvidenceError("augmentation: no operation is on, wanted one to look for")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector = Detector(train.stack.shape[1], augment)
    people = numbered(train.patients)
    unreal = linear_samples(train.stack, train.labels, people, train.labels, seed)
    image = torch.cat([_images(train.stack), _images(unreal)])
    rng = torch.Generator().manual_seed(seed)
    adam = torch.optim.AdamW(detector.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 8e-3, total_steps=steps)
    for _ in range(steps):
        chosen = image[torch.randint(len(image), (_BATCH,), generator=rng)]
        changed, which = detector.changed(_softened(chosen, rng), rng)
        adam.zero_grad()
        functional.binary_cross_entropy_with_logits(detector(changed), which.float()).backward()
        adam.step()
        schedule.step()
    return detector.eval()


def leaks(detector: Detector, held: Stacked, made: Stacked, seed: int = 0) -> tuple[Leak, ...]:
    """For each operation, whether made pictures look changed by it more often than those of held-out people.

    Held-out people are taken as they are, or as blurred as the made ones, whichever looks more changed, and
    weighted so that their classes have the shares that they have among the made ones. Operations that look
    alike may be named for each other.

    Args:
        detector: Of the training pictures.
        held: Pictures of other people.
        made: Pictures of the generator.
        seed: Fixes everything random.

    Raises:
        EvidenceError: Too few held-out people or pictures, too few made ones, or no class in common.
    """
    people, weight = numbered(held.patients), _weights(held, made)
    rng = torch.Generator().manual_seed(seed)
    ours = detector.scores(_images(made.stack))
    softer = _as_blurred(_images(held.stack).numpy(), _detail(made.stack))
    before = [detector.scores(_images(stack)) for stack in (held.stack, softer)]
    many = _images(held.stack).repeat(_ROUNDS, 1, 1, 1, 1)
    found = []
    for place, name in enumerate(detector.operations):
        changed, which = detector.changed(many, rng, only=place)
        hit = np.flatnonzero(which[:, 0].numpy())
        whom = hit % len(people)
        plain = max((scores[:, place] for scores in before), key=lambda scores: float(scores @ weight))
        after = detector.scores(changed)[hit, place]
        sides = _Side(plain, people, weight), _Side(after, people[whom], weight[whom])
        found.append(Leak(name, _share(*sides, ours[:, place], seed), _seen(*sides), _floor(*sides, seed)))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Side:
    """Scores of real pictures, with the person and the weight of each."""

    scores: Float[np.ndarray, "q"]
    people: Int[np.ndarray, "q"]
    weight: Float[np.ndarray, "q"]

    def means(self, picks: Int[np.ndarray, "r g"]) -> Float[np.ndarray, "r"]:
        """Mean score when each person is taken so many times."""
        count = picks.shape[1]
        totals = np.bincount(self.people, self.scores * self.weight, count)
        return picks @ totals / np.maximum(picks @ np.bincount(self.people, self.weight, count), 1e-9)


def _seen(plain: _Side, changed: _Side) -> float:
    if len(changed.scores) < 2:
        return 0.5
    both = np.concatenate([plain.scores, changed.scores])
    is_changed = np.repeat([0, 1], [len(plain.scores), len(changed.scores)])
    return area(both, is_changed, np.concatenate([plain.people, changed.people])).value


def _share(plain: _Side, changed: _Side, made: Float[np.ndarray, "m"], seed: int) -> Estimate:
    """How far made pictures stand on the way from people to changed people."""
    rng, count = np.random.default_rng(seed), int(plain.people.max()) + 1
    draws = rng.multinomial(count, np.full(count, 1 / count), size=_DRAWS)
    picks = np.vstack([np.ones((1, count), dtype=int), draws])
    low, high = plain.means(picks), changed.means(picks)
    means = np.array([made.mean(), *(rng.choice(made, len(made)).mean() for _ in range(_DRAWS))])
    shares = _way(means, low, high)
    ends = np.quantile(shares[1:], [0.025, 0.975])
    return Estimate(
        "share", float(shares[0]), float(ends[0]), float(ends[1]), _METHOD, len(made), seed, "1", "lower"
    )


def _floor(plain: _Side, changed: _Side, seed: int) -> float:
    """How far half of the people stand on the way from the other half to those, changed."""
    rng, count = np.random.default_rng(seed), int(plain.people.max()) + 1
    halves = np.tile(np.arange(count) % 2, (_DRAWS, 1))
    these = rng.permuted(halves, axis=1)
    shares = _way(plain.means(1 - these), plain.means(these), changed.means(these))
    return float(np.quantile(shares, 0.975))


def _way(
    means: Float[np.ndarray, "r"], low: Float[np.ndarray, "r"], high: Float[np.ndarray, "r"]
) -> Float[np.ndarray, "r"]:
    """Where means lie between two others: 0 at the first or before it, 1 at the second or beyond."""
    return np.clip((means - low) / np.maximum(high - low, 1e-3), 0, 1)


def _weights(held: Stacked, made: Stacked) -> Float[np.ndarray, "n"]:
    """Weight of each held-out picture, so that classes have the shares of the made ones."""
    people = len(set(held.patients))
    if people < PEOPLE or len(held) < LEAST:
        raise EvidenceError(
            f"held-out pictures: {len(held)} of {people} people, wanted {LEAST} of {PEOPLE} or more"
        )
    if len(made) < LEAST:
        raise EvidenceError(f"made pictures: {len(made)}, wanted {LEAST} or more")
    classes = 1 + max(int(held.labels.max()), int(made.labels.max()))
    wanted, there = (np.bincount(one.labels, minlength=classes) / len(one) for one in (made, held))
    if not (wanted * there).any():
        raise EvidenceError("held-out pictures: none of the classes that were made, wanted one or more")
    return (wanted / np.maximum(there, 1e-9))[held.labels]


def _as_blurred(stack: Stack, wanted: float) -> Stack:
    """Pictures of one slice, blurred until they have about so much fine detail."""
    return min((blurred(stack, sigma) for sigma in _BLURS), key=lambda kind: abs(_detail(kind) - wanted))


def _detail(stack: Stack) -> float:
    """How far a pixel lies from the mean of its neighbours, on average."""
    plane = _images(stack).squeeze(2)
    return float((plane - _smoothed(plane)).abs().mean())


def _images(stack: Stack) -> Float[Tensor, "n c 1 y x"]:
    """Middle slices as a batch."""
    z = stack.shape[2] // 2
    return torch.from_numpy(np.ascontiguousarray(stack[:, :, z : z + 1]))


def _smoothed(plane: Float[Tensor, "b c y x"]) -> Float[Tensor, "b c y x"]:
    """Means of three by three pixels."""
    return functional.avg_pool2d(plane, 3, stride=1, padding=1, count_include_pad=False)


def _softened(image: Batch, rng: torch.Generator) -> Batch:
    """Half of the pictures more or less blurred: interpolation blurs too, and must be no sign of a move."""
    passes = _SMOOTHINGS * (2 * torch.rand(len(image), 1, 1, 1, 1, generator=rng) - 1)
    for done in range(_SMOOTHINGS):
        smoothed = _smoothed(image.squeeze(2)).unsqueeze(2)
        image = torch.lerp(image, smoothed, (passes - done).clamp(0, 1))
    return image
