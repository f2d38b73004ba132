"""What nobody is asked for: numbers that follow from cohort, pictures and budget."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from math import log2

from vesalius.cohort.cohort import Cohort, Fact
from vesalius.cohort.crossing import Levels
from vesalius.networks.blocks import beyond, size_of, space_of
from vesalius.networks.centring import Common
from vesalius.networks.coarse import components_of, grid_of
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.learnt import FEWEST
from vesalius.networks.style import StyleGenerator
from vesalius.objectives import AnyObjective
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.augment import Augment
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.frame import foretold_share, frame_of
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis

LONG = 1_000_000
"""More steps than any budget of minutes buys: the clock ends such a run; see `training.run.open_run`."""

HALF_LIFE = 500_000.0
"""Pictures in which the average forgets half, once ten million were seen. Until then the ramp of the loop
rules: in effect a twentieth of what was seen, whatever stands here; see `training.average`."""

USUAL_BATCH = 8
"""Of the minutes that small hardware has, many small steps make more than few large ones; see the log."""

_DETAIL = 4.0
_EASED = 0.1
_REFINED = 2
_MEMBERS = 3
_ADAPTED_IN = 10_000
_CLUSTERS = 32
_POSED = 100
_PLENTY = 2_000
_LEISURE = 8.0


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What nobody is asked for, because cohort and budget say it.

    Args:
        task: What is made.
        train: Training cases.
        width: Channels of the finest layer: wide networks need minutes that a short budget has not. Half as
            many for every doubling of the sides beyond 128 pixels; see `networks.blocks.widths_of`. More of
            them on a fast machine; see `grown`.
        components: Principal components of the head start, at most as many as the linear model has that
            judges it; how many are kept, the training pictures say (see `networks.principal.foresee`).
        anchor: Cells, above which the head start says what it can foretell: 8, less where pictures are
            smaller than 32, or `networks.linear.grid_of` is.
        batch: Pictures of a turn: 8, more on a fast machine (see `grown`); half as many, as often as needed,
            where they would be more than an eighth of the cohort, but never fewer than 4.
        strength: Of the gradient penalties: in proportion to the pixels, or voxels, in inverse proportion to
            the batch, 1 at 64 x 64 and 16.
        augment: What the critic must forgive: what modality and unit allow, see
            `recipes.augmentation`.
        leisure: Minutes, as they would be for pictures of 64 x 64 on two cores.
        centred: Among which pictures what is added to the head start has nothing in common: those of a
            class, or all where some class has so few pictures in a batch, fewer than 3, that their mean
            would be one of them, or too few people for the head start to hold its mean.

    Source:
        Karras et al., NeurIPS 2020, appendix C, for how the penalty goes with pixels and batch; they have a
        twentieth of its strength here. What was tried stands in the experiment log.
    """

    task: Synthesis
    train: Cohort
    width: int
    components: int
    anchor: int
    batch: int
    strength: float
    augment: Augment
    leisure: float
    centred: Common

    @property
    def generator(self) -> Generator | StyleGenerator:
        """The player that makes pictures: on the linear head start, or without one by styles.

        Where pictures have no common frame, a linear model of them is speckle that a network hardly gets
        rid of, and networks of DCGAN shape draw streaks where styles draw cells; see the experiment log.
        """
        if not self.is_framed:
            return self.styled
        start = replace(self.plain, head_start=self.components, clusters=_CLUSTERS, anchor=self.anchor)
        posed = replace(start, centred=self.centred, noise=True, pose=self.is_posed)
        if self.task.is_volume:
            # To refine would cost as much as all the rest of a step, and what either gains was not measured.
            return replace(posed, shown=self.is_posed)
        return replace(posed, shown=True, refining=_REFINED * self.width)

    @property
    def plain(self) -> Generator:
        """A player of DCGAN shape that starts from noise, and enlarges without a lattice of dots."""
        return Generator(width=self.width, smooth=True)

    @property
    def styled(self) -> StyleGenerator:
        """A player whose layers are modulated by styles, with two layers on each grid and half the width."""
        return StyleGenerator(width=self.width // 2)

    @property
    def discriminator(self) -> Discriminator:
        """The player that scores them; where they have a common frame detail is judged apart."""
        return Discriminator(width=self.width, detail=_DETAIL if self.is_framed else 0.0)

    @property
    def gamma(self) -> float:
        """Weight of the gradient penalties: a tenth of their strength where pictures have a common frame.

        Styles that start from scratch are the worse for so weak a penalty; see the experiment log.
        """
        return self.strength * (_EASED if self.is_framed else 1.0)

    @property
    def adaptive(self) -> Adaptive:
        """How the strength of augmentation follows the critic where it does: as published, but faster.

        From 0 to 1 in 10,000 pictures rather than 500,000: ten minutes on two cores play some 100,000, and
        what needs augmentation needs it from the first minutes on; see the experiment log.
        """
        return Adaptive(ramp=_ADAPTED_IN)

    @property
    def is_posed(self) -> bool:
        """Whether pictures are laid alike: not of fewer than a hundred people.

        Those who lie far out would be met again. Bodies of sixteen voxels a side: of 500 samples of a linear
        model of 55 people with poses 7 to 12 were near copies of one of them, without poses 1 at most; of 110
        people hardly any. See the experiment log.
        """
        return len(self.train.patients) >= _POSED

    @cached_property
    def foretold(self) -> float | None:
        """What a linear model of some people says of others; looked at when it is first asked for."""
        return foretold_share(self.task, self.train)

    @property
    def is_framed(self) -> bool:
        """Whether the pictures have a common frame, firm or loose."""
        return frame_of(self.foretold) != "none"

    @property
    def is_free(self) -> bool:
        """Whether form is better learnt from scratch: of a loose frame, thousands of pictures, and time.

        A linear model smears what lies at several places. Of some hundred pictures, and in a few minutes,
        a network on it is better all the same; see the experiment log.
        """
        is_loose = frame_of(self.foretold) == "loose"
        return is_loose and len(self.train) >= _PLENTY and self.leisure >= _LEISURE

    def played(self, game: AnyObjective, seed: int) -> Recipe:
        """The recipe of a game, whose end is left to the clock."""
        return Recipe(
            task=self.task,
            objective=game,
            steps=LONG,
            batch=self.batch,
            half_life=HALF_LIFE,
            seed=seed,
        )

    def framed(self, game: AnyObjective, seed: int) -> Recipe:
        """The same of a game that was chosen by the frame of the pictures; it says what was found of that."""
        return replace(self.played(game, seed), foretold=self.foretold)


def grown(pace: float) -> tuple[int, int]:
    """How many times as wide a network, and as large a batch, a machine is given as two CPU cores are.

    A step costs as the square of the width, and as the batch. The root of the pace is spent on each of the
    two, in powers of two rounded down: so no step should take longer than it does on two cores. The learning
    rate stays as it is. A rule, and not yet measured.

    Args:
        pace: How many times as many pictures a second as two cores the machine plays, at their width and
            batch; less than 1 is taken for 1.

    Examples:
        >>> [grown(pace) for pace in (1.0, 4.0, 16.0, 66.0)]
        [(1, 1), (1, 2), (2, 4), (2, 8)]
    """
    power = log2(max(pace, 1.0))
    return 2 ** int(power / 4), 2 ** int(power / 2)


def derive(
    task: Synthesis, train: Cohort, minutes: float, pace: float = 1.0, usual_batch: int = USUAL_BATCH
) -> Derived:
    """All derived numbers of a recipe, in one place.

    Width and batch were chosen on two CPU cores. What an accelerator is given beyond that follows from
    `pace`, which is an estimate there and not yet measured; see `training.devices.Machine`.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        pace: How many times as many pictures a second as two CPU cores this machine plays; 1 for every CPU.
        usual_batch: Pictures of a turn on two cores, of a cohort that is not small.
    """
    counts = Counter(map(task.told, train.cases))
    wider, larger = grown(pace)
    batch = usual_batch * larger
    while batch > 4 and batch * 8 > len(train):
        batch //= 2
    grid, thinner = grid_of(task.shape), beyond(task.shape)
    leisure = minutes * 4096 / task.voxels
    return Derived(
        task=task,
        train=train,
        width=(32 if leisure * thinner < 20 else 64) * wider // thinner,
        components=components_of(list(counts.values()), len(train.patients), size_of(grid)),
        anchor=min(8, min(space_of(grid)) // 4),
        batch=batch,
        strength=task.voxels / 4096 * 16 / batch,
        augment=augment_for(task.modality, task.made.unit),
        leisure=leisure * max(pace, 1.0),
        centred=_centred(task, train, counts, batch),
    )


def _centred(task: Synthesis, train: Cohort, counts: Counter[Fact | Levels | None], batch: int) -> Common:
    # A batch draws classes by the root of their share; see `training.stream.batch`.
    roots = [count**0.5 for count in counts.values()]
    people = Counter(name for name, _ in {(task.told(case), case.patient) for case in train.cases})
    is_rare = batch * min(roots) < _MEMBERS * sum(roots) or min(people.values()) < FEWEST
    return "all" if is_rare else "class"
