"""A recipe: a question, a game and a budget; equal to its JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Discriminator, TypeAdapter, ValidationError

from vesalius.errors import RecipeError
from vesalius.networks.blocks import stages_of
from vesalius.objectives import AnyObjective
from vesalius.objectives.augment import Augment
from vesalius.recipes.augmentation import refuse_forbidden
from vesalius.tasks import AnyTask

SEEDS = 2**63
"""Seeds are whole numbers from 0 to below this."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is played, for how long, from which seed.

    Args:
        task: How a case becomes an example and an output a picture.
        objective: The game with its networks.
        steps: Length of the game.
        batch: Pictures of each turn.
        half_life: Pictures after which the kept average has forgotten half.
        seed: Of everything random.
        start: SHA-256 of the weights of the model that it starts from; ``""`` for a fresh draw.
        foretold: Why the game is what it is: how much of other people a linear model of some explains, as a
            share of what it explains of its own (see `recipes.frame`); None where that was not asked, or
            cannot be told. Nothing is played by it: recipes that differ in it alone are equal.

    Raises:
        RecipeError: No step, no picture in a batch, or groups of it that are not whole, a seed that is
            none, pictures of a size that the networks cannot make, or an augmentation that their modality or
            unit forbids.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    task: AnyTask
    objective: Annotated[AnyObjective, Discriminator("kind")]
    steps: int
    batch: int
    half_life: float
    seed: int = 0
    start: str = ""
    foretold: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "half_life"):
            if not getattr(self, name) > 0:
                raise RecipeError(f"{name} is {getattr(self, name)}, wanted more than 0")
        if self.half_life == inf:  # JSON has none
            raise RecipeError("half_life is inf, wanted a number: one that is large keeps the mean of all")
        group: int = getattr(getattr(self.objective, "discriminator", None), "group", 1)
        if self.batch % group:
            raise RecipeError(f"batch is {self.batch}, wanted a multiple of discriminator.group, {group}")
        if self.seed < 0:
            raise RecipeError(f"seed is {self.seed}, wanted 0 or more")
        if self.seed >= SEEDS:
            raise RecipeError(f"seed is {self.seed}, wanted less than {SEEDS}")
        stages_of(self.task.shape)
        augment = getattr(self.objective, "augment", None)
        if isinstance(augment, Augment):
            refuse_forbidden(augment, self.task.modality, self.task.made.unit)

    def calmed(self, tries: int) -> "Recipe":
        """The recipe that is played on after the watch has rolled a game back so many times.

        Each time the learning rate is halved and the penalty, where the game has one, doubled; one
        that was switched off begins at 1.

        Args:
            tries: 0 or more.
        """
        if not tries:
            return self
        changes = {"learning_rate": self.objective.learning_rate / 2**tries}
        gamma: float | None = getattr(self.objective, "gamma", None)
        if gamma is not None:
            changes["gamma"] = (gamma or 0.5) * 2**tries
        return replace(self, objective=replace(self.objective, **changes))

    def to_json(self) -> str:
        """The recipe's photograph, indented for people."""
        return _ADAPTER.dump_json(self, indent=2).decode()

    def unlike(self, other: "Recipe") -> str:
        """The first field in which another recipe differs, with both values; nothing when they are equal."""
        mine, theirs = (
            dict(_leaves(json.loads(replace(each, foretold=None).to_json()))) for each in (self, other)
        )
        for name in mine | theirs:
            if mine.get(name) != theirs.get(name):
                return f"{name} is {mine.get(name)}, not {theirs.get(name)}"
        return ""

    @staticmethod
    def from_json(text: str) -> "Recipe":
        """The recipe of a photograph.

        Raises:
            RecipeError: A field is missing, unknown or wrong; the message names it.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            is_unknown = first["type"] in ("unexpected_keyword_argument", "extra_forbidden")
            said = "no such field in this version, wanted it left out" if is_unknown else first["msg"]
            raise RecipeError(f"{field or 'recipe'}: {said}") from error


def _leaves(said: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a nested mapping by its path."""
    if not isinstance(said, dict):
        yield name, said
        return
    for key, value in said.items():
        yield from _leaves(value, f"{name}.{key}" if name else str(key))


_ADAPTER: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def read_recipe(path: Path) -> Recipe:
    """The recipe of a file.

    Raises:
        RecipeError: The file cannot be read, or holds no recipe.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: recipe cannot be read ({error})") from error
    try:
        return Recipe.from_json(text)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error
