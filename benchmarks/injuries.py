"""Injuries of a run: what the watch saw and did, and what became of the pictures with it and without it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import TrainingError
from vesalius.evidence.glance import Glance, glance_by
from vesalius.networks.style import StyleGenerator
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.recipes.recipe import Recipe
from vesalius.training import ledger
from vesalius.training.checkpoint import set_rate
from vesalius.training.devices import without_denormals
from vesalius.training.fit import play
from vesalius.training.loop import Pulse, train
from vesalius.training.pulse import fault_of_made, made_pulse
from vesalius.training.run import Run, open_run
from vesalius.training.stream import stack
from vesalius.training.watch import look

IN_TIME = 0.05
"""Share of the budget after the onset within which an injury must be seen."""

FARTHER, UNCOVERED = 1.5, 0.1
"""Kernel distances may be so many times those of the uninjured run, and coverage may be so much lower."""

WIDTH = 8
"""Channels of the finest layer of all networks."""

_WILD = 20.0


@dataclass(frozen=True)
class Injury:
    """What is done to a run.

    Args:
        name: For the table.
        spoil: Does it.
        onset: When, as a share of the budget; 0 is before the first step.
        weaken: Makes the game one that such an injury ruins.
    """

    name: str
    spoil: Callable[[Run], None]
    onset: float
    weaken: Callable[[Recipe], Recipe]


@dataclass(frozen=True)
class Quality:
    """How close the pictures of a last moment are to those of other people.

    Args:
        distances: Kernel distances by feature space, beyond what real pictures show among themselves.
        covered: Least coverage, of all pictures or of a class.
        pulse: Of the moment.
    """

    distances: tuple[float, ...]
    covered: float
    pulse: Pulse

    def is_as_good_as(self, other: "Quality") -> bool:
        """Whether it is worse by no more than the margin; what holds no numbers is worse."""
        if not self.distances:
            return False
        pairs = zip(self.distances, other.distances, strict=True)
        is_near = all(mine <= FARTHER * theirs for mine, theirs in pairs)
        return is_near and self.covered >= other.covered - UNCOVERED

    def __str__(self) -> str:
        """Distances and coverage."""
        if not self.distances:
            return "no finite pictures"
        texture, ssl = self.distances
        return f"KID texture {texture:.3g}, ssl {ssl:.3g}, coverage {self.covered:.2f}"


@dataclass(frozen=True)
class Fate:
    """What became of a run.

    Args:
        late: Share of the budget from the onset to the first event; None where nothing was seen.
        done: What the ledger says was done, or why the run was stopped.
        is_stopped: Whether it was stopped with an account.
        last: Of its last moment.
        ill: What is wrong with that beside the uninjured run; nothing when all is well.
    """

    late: float | None
    done: str
    is_stopped: bool
    last: Quality
    ill: str = ""

    def is_met(self, sound: Quality) -> bool:
        """Whether it was seen in time and stopped or recovered from, or did no harm."""
        in_time = self.late is not None and self.late <= IN_TIME
        return (in_time and (self.is_stopped or not self.ill)) or self.last.is_as_good_as(sound)


@dataclass(frozen=True, eq=False)
class Ward:
    """People, a game, and a judge who knows other people.

    Args:
        people: Training cases.
        recipe: The game.
        judge: Who says how good pictures are.
    """

    people: Cohort
    recipe: Recipe
    judge: Glance

    def fate(self, injury: Injury, is_watched: bool, sound: Quality | None = None) -> Fate:
        """Play the game with an injury, watched or not, to its end.

        Args:
            injury: What is done.
            is_watched: Whether the watch looks and falls back; nobody does otherwise.
            sound: The last moment without an injury.
        """
        recipe = injury.weaken(self.recipe)
        onset, account = round(injury.onset * recipe.steps), ""
        with TemporaryDirectory() as folder, without_denormals():
            run = open_run(Path(folder) / "run", recipe, self.people)
            whole = replace(run.stacked, stack=run.stacked.stack.copy(), labels=run.stacked.labels.copy())
            if not onset:
                injury.spoil(run)
            try:
                for tick in play(run) if is_watched else train(run.game, run.stacked):
                    if tick.step == onset:
                        injury.spoil(run)
            except TrainingError as error:
                account = str(error).partition(": ")[2]
            told = [line for line in ledger.read(run.ledger) if "event" in line]
            seen = int(told[0]["step"]) if told else run.game.step
            pulse = made_pulse(run.game, whole)
            ill = fault_of_made(pulse, sound.pulse, run.usual) if sound else ""
            run.game.kept = None
            numbers = look(run.game, whole, self.judge).numbers
        return Fate(
            (seen - onset) / recipe.steps if told or account else None,
            account or "; ".join(str(line["event"]) for line in told),
            bool(account),
            _quality(numbers, self.judge, pulse),
            ill,
        )


def _quality(numbers: Mapping[str, float], judge: Glance, pulse: Pulse) -> Quality:
    said = [value for name, value in numbers.items() if "KID" in name]
    beyond = [max(value, 0.0) + noise for value, noise in zip(said, judge.noise, strict=False)]
    covered = min((value for name, value in numbers.items() if "coverage" in name), default=0.0)
    return Quality(tuple(beyond), covered, pulse)


def ward_of(count: int, size: int, recipe_of: Callable[[Cohort], Recipe]) -> Ward:
    """As many people to learn from as to judge by.

    Args:
        count: How many.
        size: Rows and columns.
        recipe_of: The game for some people.
    """
    everybody = phantom_cohort(2 * count, size=size)
    cases = [_turned(case) if case.facts["label"] == "lesion" else case for case in everybody.cases]
    people, others = (replace(everybody, cases=tuple(some)) for some in (cases[:count], cases[count:]))
    recipe = recipe_of(people)
    judge = glance_by(stack(people, recipe.task), stack(others, recipe.task))
    if judge is None:
        raise ValueError(f"{count} people judge nothing, wanted more")
    return Ward(people, recipe, judge)


def _turned(case: Case) -> Case:
    """A person lying on the side: so a class that is gone is missed."""
    image = case.image()
    turned = replace(image, voxels=image.voxels.rot90(1, (2, 3)))
    return replace(case, pictures={**case.pictures, "image": Held(turned)})


def free(recipe: Recipe) -> Recipe:
    """A game whose generator may leave its head start in what is coarse, too."""
    generator = replace(recipe.objective.generator, anchor=0)
    return replace(recipe, objective=replace(recipe.objective, generator=generator))


def styled(recipe: Recipe) -> Recipe:
    """A game whose generator starts from noise and has no normalisation that would tame a wild rate."""
    return replace(recipe, objective=replace(recipe.objective, generator=StyleGenerator(width=WIDTH)))


def by_odds(recipe: Recipe) -> Recipe:
    """The same generator in a game of logistic losses, whose critic never has enough."""
    game = styled(recipe).objective
    if not isinstance(game, Hinge):
        raise TypeError(f"objective is {game.kind}, wanted hinge")
    logistic = Nonsaturating(
        generator=game.generator,
        discriminator=game.discriminator,
        augment=game.augment,
        adaptive=game.adaptive,
        gamma=game.gamma,
    )
    return replace(recipe, objective=logistic)


def as_it_is(recipe: Recipe) -> Recipe:
    """The game that the recipe plays."""
    return recipe


def wild(run: Run) -> None:
    """No penalty, and twenty times the rate, from now on."""
    game, usual = run.game, run.game.recipe.objective
    rate = _WILD * usual.learning_rate
    game.recipe = replace(game.recipe, objective=replace(usual, gamma=0.0, learning_rate=rate))
    set_rate(game)


def black(run: Run) -> None:
    """Every batch from now on is black."""
    run.stacked.stack[:] = -1.0


def classless(run: Run) -> None:
    """One class is gone from now on: all are shown as the other."""
    run.stacked.labels[:] = 0


def unreal(run: Run) -> None:
    """One picture holds values that are no numbers."""
    run.stacked.stack[0] = np.nan


def nothing(run: Run) -> None:
    """All is well."""
