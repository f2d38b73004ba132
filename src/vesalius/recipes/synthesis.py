"""Recipes for synthesis: what worked, as functions of a cohort and a budget."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

from vesalius.cohort.cohort import Cohort
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.linear import components_of
from vesalius.objectives import AnyObjective
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis

LONG = 1_000_000
"""More steps than any budget of minutes buys: the clock ends such a run; see `training.run.open_run`."""

_HALF_LIFE = 10_000.0
_ADAPTED_IN = 100_000


@dataclass(frozen=True, kw_only=True)
class Derived:
    """What nobody is asked for, because cohort and budget say it.

    Args:
        width: Channels of the finest layer: wide networks need minutes that a short budget has not.
        components: Principal components of the head start, as many as the linear model has that
            judges it.
        batch: Pictures of a turn: 16; 8 or 4 where they would be more than an eighth of the cohort.
        gamma: Weight of the gradient penalties: in proportion to the pixels, in inverse proportion
            to the batch, 1 at 64 x 64 and 16.
        augment: What the critic must forgive: what modality and unit allow, see
            `recipes.augmentation`.

    Source:
        Karras et al., NeurIPS 2020, appendix C, for how the penalty goes with pixels and batch; 1 at
        64 x 64 is what was tried, see the experiment log.
    """

    width: int
    components: int
    batch: int
    gamma: float
    augment: Augment

    @property
    def generator(self) -> Generator:
        """The player that makes pictures, on the linear head start."""
        return Generator(width=self.width, head_start=self.components)

    @property
    def discriminator(self) -> Discriminator:
        """The player that scores them."""
        return Discriminator(width=self.width)


def derive(task: Synthesis, train: Cohort, minutes: float) -> Derived:
    """All derived numbers of a recipe, in one place.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
    """
    pixels = task.size[0] * task.size[1]
    counts = Counter(train.fact(task.fact)) if task.fact else {"": len(train)}
    batch = next((size for size in (16, 8) if size * 8 <= len(train)), 4)
    return Derived(
        width=32 if minutes * 4096 / pixels < 20 else 64,
        components=components_of(list(counts.values()), len(train.patients)),
        batch=batch,
        gamma=pixels / 4096 * 16 / batch,
        augment=augment_for(task.modality, task.made.unit),
    )


def conditional_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """Hinge loss, lazy R1 and differentiable augmentation on DCGAN shapes: the first engine.

    Measured on 1,195 chest X-rays at 64 x 64, ten minutes on two cores (AMD EPYC), 2026-11-21, three
    seeds, ``benchmarks/expand.py --cohorts chest``: KID texture 2.3 to 5.0 (linear model 61 to 64),
    KID ssl 0.053 to 0.065 (linear model 0.041 to 0.049), coverage 0.87, AUC of a network trained on
    its pictures 0.91 to 0.93 (on real ones 0.99), 0 of 500 copied.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
    """
    derived = derive(task, train, minutes)
    game = Hinge(
        generator=derived.generator,
        discriminator=derived.discriminator,
        augment=derived.augment,
        gamma=derived.gamma,
    )
    return _played(game, task, derived, seed)


def relativistic_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """The R3GAN objective on the same networks, at nearly twice the cost of a step.

    Measured once, on phantoms (see the experiment log): far behind the hinge loss after 500 steps.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.
    """
    derived = derive(task, train, minutes)
    game = Relativistic(
        generator=derived.generator,
        discriminator=derived.discriminator,
        augment=derived.augment,
        gamma=derived.gamma,
    )
    return _played(game, task, derived, seed)


def nonsaturating_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """Logistic losses, lazy R1 and adaptive augmentation: StyleGAN2-ADA's game on the same networks.

    Strength may go from 0 to 1 in 100,000 pictures rather than the published 500,000, which are more
    than ten minutes on two cores play (some 130,000 at 64 x 64). Not yet measured on a cohort.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.

    Source:
        Karras et al., NeurIPS 2020, section 3.1.
    """
    derived = derive(task, train, minutes)
    game = Nonsaturating(
        generator=derived.generator,
        discriminator=derived.discriminator,
        augment=derived.augment,
        adaptive=Adaptive(ramp=_ADAPTED_IN),
        gamma=derived.gamma,
    )
    return _played(game, task, derived, seed)


def wasserstein_gan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """WGAN-GP on the same networks and head start, with the published penalty, rates and five critic turns.

    As published, there is no augmentation, and the critic is not shown the spread of its batch: its
    penalty is about single pictures. Not yet measured on a cohort.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.

    Source:
        Gulrajani et al., NeurIPS 2017, algorithm 1.
    """
    derived = derive(task, train, minutes)
    game = Wasserstein(generator=derived.generator, discriminator=replace(derived.discriminator, group=1))
    return _played(game, task, derived, seed)


def dcgan(task: Synthesis, train: Cohort, minutes: float, seed: int = 0) -> Recipe:
    """The DCGAN of the textbooks: cross-entropy, batch normalisation, no penalty, augmentation or head start.

    A competitor, not a proposal: only width and batch are derived. Not yet measured on a cohort.

    Args:
        task: What is made.
        train: Training cases.
        minutes: Budget of training on this machine.
        seed: Of everything random.

    Source:
        Radford, Metz and Chintala, ICLR 2016, section 4.
    """
    derived = derive(task, train, minutes)
    game = Minimax(
        generator=replace(derived.generator, head_start=0),
        discriminator=replace(derived.discriminator, norm="batch", group=1),
    )
    return _played(game, task, derived, seed)


def _played(objective: AnyObjective, task: Synthesis, derived: Derived, seed: int) -> Recipe:
    return Recipe(
        task=task, objective=objective, steps=LONG, batch=derived.batch, half_life=_HALF_LIFE, seed=seed
    )


RecipeOf = Callable[[Synthesis, Cohort, float, int], Recipe]
"""What every recipe is: a function of task, training cases, minutes and seed."""

RECIPES: MappingProxyType[str, RecipeOf] = MappingProxyType(
    {
        "synthesis.conditional_gan": conditional_gan,
        "synthesis.dcgan": dcgan,
        "synthesis.nonsaturating_gan": nonsaturating_gan,
        "synthesis.relativistic_gan": relativistic_gan,
        "synthesis.wasserstein_gan": wasserstein_gan,
    }
)
"""Recipes by the name that the command line knows them by."""
