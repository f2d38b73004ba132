"""One cohort and seed on which methods are trained for the same time and measured by the same people."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from cohorts import Opened
from rows import Everybody, Row, Score, origin

from vesalius.errors import EmptyCohortError, EvidenceError, TrainingError
from vesalius.evidence.baselines import linear_samples
from vesalius.evidence.contract import Sets, admit
from vesalius.evidence.effort import Effort
from vesalius.evidence.estimate import Estimate
from vesalius.evidence.features import ssl_space, texture_space
from vesalius.evidence.fidelity import leave_one_out
from vesalius.evidence.glance import Glance, glance_by
from vesalius.evidence.intervals import numbered
from vesalius.evidence.lessons import obstacle
from vesalius.evidence.measure import compare
from vesalius.evidence.utility import Exam, Lesson
from vesalius.evidence.views import References, Seen, references, seen, view
from vesalius.model.model import Model
from vesalius.networks.diffusion import Diffusion
from vesalius.recipes.recipe import Recipe
from vesalius.recipes.synthesis import RECIPES
from vesalius.training.devices import find_machine
from vesalius.training.fit import finish, play
from vesalius.training.run import Run, open_run
from vesalius.training.stream import Stacked, stack_made

LINEAR = "linear"
"""The linear model alone, which is fitted and has no recipe."""

LEARNT = "learnt"
"""No method: pictures of the people that all methods learn from. Who makes such has nothing left to gain."""

UNTRAINED = (LINEAR, LEARNT)
"""Who has nothing to play."""

FREE = "free"
"""The method that is ours, but may leave its head start also in what is coarse."""

METHODS = {
    "ours": "synthesis.conditional_gan",
    LINEAR: "",
    LEARNT: "",
    "dcgan": "synthesis.dcgan",
    "r3gan": "synthesis.r3gan",
    "wasserstein_gan": "synthesis.wasserstein_gan",
    "hinge_diffaugment": "synthesis.hinge_diffaugment",
    "fastgan": "synthesis.fastgan",
    "diffusion": "synthesis.diffusion",
    "variational": "synthesis.variational",
    "nonsaturating": "synthesis.nonsaturating_gan",
    "stylegan": "synthesis.stylegan",
    FREE: "synthesis.conditional_gan",
}
"""Recipes by the name of the method."""

_WANTED = ("KID", "coverage", "C2ST")
_MADE = 500


@dataclass(frozen=True, eq=False)
class Contest:
    """A cohort and seed, opened; feature spaces and judge are the same for every method.

    Args:
        side: The cohort.
        seed: Of training and measurement.
        effort: Repetitions of the measurement.
    """

    side: Opened
    seed: int
    effort: Effort

    @cached_property
    def judge(self) -> Glance | None:
        """Who chooses the moment that is kept, for every method alike."""
        return glance_by(self.side.train, self.side.val, self.seed)

    @cached_property
    def known(self) -> tuple[Sets, References, tuple[Seen, ...]]:
        """Everything that is measured against, seen in both feature spaces."""
        sets = self.sets(self.side.train)
        refs = references(sets, self.seed, mirror=False)
        pictures, effort = sets.train.stack, self.effort
        spaces = (
            texture_space(pictures),
            ssl_space(pictures, self.seed, effort.encoder_steps, effort.encoder_batch),
        )
        return sets, refs, tuple(seen(space, sets, refs) for space in spaces)

    @cached_property
    def floors(self) -> dict[str, float]:
        """What real pictures reach against each other, taken once for all methods."""
        sets, refs, spaces = self.known
        found = {}
        for one in spaces:
            views = view(sets, refs, one, "all", self.effort.splits, 1, self.seed)
            for name, number in compare(replace(views, anchors={})).items():
                if number.floor is not None:
                    found[f"{name} {number.space}"] = number.floor.median
        return found

    @cached_property
    def real_areas(self) -> dict[str, float]:
        """What real training pictures teach the classifiers."""
        sets, _, _ = self.known
        areas = self._taught(Lesson(sets.train.stack, sets.train.labels))
        return {name: one.value for name, one in areas.items()}

    def sets(self, made: Stacked) -> Sets:
        """The data contract of the evidence, with these made pictures."""
        if self.side.test is None:
            raise ValueError("test people were not opened")
        return admit(self.side.train, self.side.test, made, None, self.side.task.classes)

    def labels(self) -> np.ndarray:
        """Classes to make, as often as they are among the test people."""
        sets, _, _ = self.known
        order = np.random.default_rng(self.seed).permutation(sets.holdout.labels)
        return np.resize(order, max(_MADE, len(order)))

    def linear(self) -> Stacked:
        """Pictures of the linear model alone."""
        train, wanted = self.side.train, self.labels()
        people = numbered(train.patients)
        made = linear_samples(train.stack, train.labels, people, wanted, self.seed)
        return stack_made(torch.from_numpy(made), wanted.tolist(), self.side.task)

    def learnt(self) -> Stacked:
        """Pictures of training people, each once, of the classes of `labels` as long as there are so many.

        They count as made: each for itself, also where several are of one person.
        """
        train, wanted = self.side.train, Counter(self.labels().tolist())
        order = np.random.default_rng(self.seed).permutation(len(train))
        of_each = [order[train.labels[order] == label][:count] for label, count in wanted.items()]
        some = train.at(np.concatenate(of_each))
        return stack_made(some.image, some.condition.tolist(), self.side.task)

    def recipe(self, method: str, minutes: float) -> Recipe:
        """What a method plays on this cohort."""
        cohort, task = self.side.people.parts.train, self.side.task
        usual = RECIPES[METHODS[method]](task, cohort, minutes, self.seed, find_machine().pace)
        return freed(usual) if method == FREE else usual

    def begun(self, recipe: Recipe, minutes: float, folder: Path) -> Run:
        """A run under the judge of all; a folder of one that was broken off is taken up.

        A method whose pictures take many passes keeps its last moment, as those who use it do: to show them
        at two moments would take a fifth of its ten minutes.

        Args:
            recipe: What is played.
            minutes: Budget.
            folder: Of the run.
        """
        run = open_run(folder, recipe, self.side.people.parts.train, minutes)
        run.judge = None if isinstance(recipe.objective.generator, Diffusion) else self.judge
        return run

    def made_by(self, model: Model) -> Stacked:
        """Pictures of a trained model."""
        wanted = self.labels().tolist()
        return stack_made(model.sample(wanted, self.seed + 1), wanted, self.side.task)

    def scores(self, made: Stacked) -> tuple[Score, ...]:
        """All numbers of made pictures, on test people."""
        sets, refs, spaces = self.sets(made), *self.known[1:]
        found = []
        for one in spaces:
            shown = replace(one, made=one.space.embed(made.stack))
            views = view(sets, refs, shown, "all", 0, self.effort.draws, self.seed)
            for name, number in compare(replace(views, anchors={})).items():
                if name in _WANTED:
                    told = f"{name} {number.space}"
                    everybody = _everybody(sets, shown) if name == "KID" else None
                    found.append(Score(told, number.estimate, self.floors.get(told), everybody))
        if not obstacle(sets):
            taught = self._taught(Lesson(made.stack, made.labels))
            found += [Score(name, one, self.real_areas[name]) for name, one in taught.items()]
        return tuple(found)

    def _taught(self, lesson: Lesson) -> dict[str, Estimate]:
        """Areas on test people of classifiers that learnt from these pictures."""
        sets, _, (_, ssl) = self.known
        test, effort, seed = sets.test, self.effort, self.seed
        people, classes = numbered(test.patients), len(sets.classes)
        asked = Lesson(test.stack, test.labels)
        exam = Exam(asked, people, ssl.space, classes, seed, effort.seeds, effort.network_steps)
        areas = {"TSTR network": exam.network(lesson), "TSTR logistic": exam.linear(lesson)}
        return {name: one.estimate(name, len(test), seed) for name, one in areas.items()}


def _everybody(sets: Sets, shown: Seen) -> Everybody:
    """The kernel distance of all made pictures to all test people, to seven digits."""
    found = leave_one_out(shown.holdout, shown.made, numbered(sets.holdout.patients))
    without = tuple(float(f"{value:.7g}") for value in found.without_person)
    return Everybody(found.value, without, found.variance_made)


def freed(recipe: Recipe) -> Recipe:
    """A recipe whose generator is anchored to nothing."""
    generator = replace(recipe.objective.generator, anchor=0)
    return replace(recipe, objective=replace(recipe.objective, generator=generator))


def trained(run: Run) -> Model:
    """The model of a run that is played to its end."""
    for _ in play(run):
        pass
    return finish(run)


def entered(contest: Contest, row: Row, by: Run | Model | None) -> tuple[Row, Stacked | None]:
    """Play and measure one method; one that fails has a row that says why.

    Args:
        contest: On which cohort and seed.
        row: Who plays, for how long; where it was played on an earlier day, its origin says so.
        by: A run as it stands, or what one has left, which is not played; None for who has nothing to play.
    """
    played = row.origin.partition("; ")[0]
    row = replace(row, origin=f"{played}; measured again {origin()}" if played else origin())
    try:
        if by is None:
            made = {LINEAR: contest.linear, LEARNT: contest.learnt}[row.method]()
        else:
            model = trained(by) if isinstance(by, Run) else by
            made, card = contest.made_by(model), model.card
            row = replace(row, kept=card.steps, played=card.played, seconds=card.seconds)
        spaces = tuple(one.space.record.weights_sha256 for one in contest.known[2])
        return replace(row, spaces=spaces, scores=contest.scores(made)), made
    except (EmptyCohortError, EvidenceError, TrainingError) as error:
        return replace(row, problem=str(error)), None
