"""Start from the weights of another run, and know whose people come with them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from vesalius.errors import LeakageError, ModelError, RecipeError
from vesalius.model.card import Ancestor
from vesalius.model.model import Model, load_model
from vesalius.model.standing import refuse_copier
from vesalius.networks.conditions import SummedEmbedding
from vesalius.networks.convnet import Generator
from vesalius.networks.linear import LinearBase
from vesalius.recipes.augmentation import UNKNOWN
from vesalius.recipes.recipe import Recipe
from vesalius.training.checkpoint import Saved, before, read
from vesalius.training.loop import Game
from vesalius.training.stream import Stacked, stacked_in

Rows = list[int | None]
"""For each class here its row in the earlier run; None where that did not know it."""


@dataclass(frozen=True, eq=False)
class Start:
    """A finished run that another one starts from.

    Args:
        folder: Of the run.
        model: What it gave.
        moment: All players at the moment that its model was kept.
        pictures: What it learnt from, decoded; None where they are no longer in its folder.
    """

    folder: Path
    model: Model
    moment: Saved
    pictures: Stacked | None

    @property
    def lineage(self) -> tuple[Ancestor, ...]:
        """The models whose people come with the weights, the latest first."""
        return self.model.card.lineage

    def refuse_known(self, people: frozenset[str], side: str) -> None:
        """Refuse people who are in the weights and are to be kept aside.

        Args:
            people: Patients of a side that nothing is learnt from.
            side: Its name.

        Raises:
            LeakageError: The earlier run learnt from one of them.
        """
        known = set() if self.pictures is None else set(self.pictures.patients)
        if both := known & people:
            raise LeakageError(tuple(sorted(both)), (f"train of {self.folder}", side))


def read_start(folder: Path) -> Start:
    """A run to start from.

    Args:
        folder: Of a finished run.

    Raises:
        ModelError: It is not finished, or its checkpoints are gone or damaged.
        RecipeError: Its recipe cannot be read.
        ReleaseError: Copies of its people were found among its pictures: they would come with the weights.
    """
    model = load_model(folder / "model")
    refuse_copier(folder / "model", model.card.weights)
    moment = _moment(folder, model.card.steps)
    return Start(folder, model, moment, stacked_in(folder / "pictures.npy"))


def started(recipe: Recipe, start: Start) -> Recipe:
    """A recipe that starts from a run: with its networks, and all else as it was.

    Where a batch has too few pictures of a class here, what is added to the head start is centred over all.

    Args:
        recipe: What is to be played.
        start: Where it starts.

    Raises:
        RecipeError: Nothing of the weights could be used, for the pictures have another extent or other
            channels, the games are of two families, or other facts are combined.
    """
    theirs = start.model.recipe
    mine, known = (
        () if task.crossing is None else task.crossing.factors for task in (recipe.task, theirs.task)
    )
    if mine != known:
        raise RecipeError(
            f"classes are levels of {recipe.task.fact}, those of {start.folder} of {theirs.task.fact}; "
            "wanted the same facts to start from it"
        )
    if recipe.task.shape != theirs.task.shape:
        raise RecipeError(
            f"pictures are {recipe.task.shape} (channels, slices, rows, columns), "
            f"those of {start.folder} are {theirs.task.shape}; wanted the same to start from it"
        )
    if recipe.objective.family != theirs.objective.family:
        raise RecipeError(
            f"objective is a {recipe.objective.family}, that of {start.folder} a {theirs.objective.family}; "
            "wanted the same to start from it"
        )
    names = {each.name for each in fields(theirs.objective)} & {"generator", "discriminator"}
    networks = {name: getattr(theirs.objective, name) for name in names}
    maker, usual = networks.get("generator"), getattr(recipe.objective, "generator", None)
    if isinstance(maker, Generator) and maker.centred == "class" and getattr(usual, "centred", "") != "class":
        networks["generator"] = replace(maker, centred="all")
    return replace(recipe, objective=replace(recipe.objective, **networks), start=start.model.card.weights)


def remark(start: Start, patients: int) -> str:
    """What is to be thought of a start; nothing when it may well help.

    It helps where there is less to learn from than there was: with as many people, the weights of others
    are a detour.

    Args:
        start: Where a run starts.
        patients: People whom it learns from.

    Source:
        Wang et al., Transferring GANs, ECCV 2018, section 4; Karras et al., NeurIPS 2020, section 4.
    """
    card = start.model.card
    if card.patients > patients:
        return ""
    return (
        f"{start.folder} learnt from {card.patients} people, this run learns from {patients}: "
        "a start helps where the earlier run knew more people than this one"
    )


def estranged(recipe: Recipe, start: Start) -> str:
    """What is to be thought of a start from pictures of another modality; nothing where they are alike.

    Args:
        recipe: What is to be played.
        start: Where it starts.
    """
    mine, theirs = recipe.task.modality, start.model.recipe.task.modality
    if mine == theirs or UNKNOWN in (mine, theirs):
        return ""
    return (
        f"{start.folder} learnt from pictures of modality {theirs}, this run learns from {mine}: "
        "a start helps among pictures of one modality"
    )


def carry(game: Game, start: Start) -> None:
    """Put the weights of another run into a game that was just begun.

    * Every layer, the linear base among them, and the average are those of the earlier run; Adam begins anew.
    * What belongs to a class, or to a level of a fact, goes by its name. A class that the earlier run did
      not know begins, where it is learnt, as the mean of the classes that it knew; its linear base is the
      one fitted to the new people.
    * A player that the earlier run did not have is fresh. So is one that does not learn, such as the strength
      of an adaptive augmentation: how well a critic knows people by heart is a matter of those people.

    Args:
        game: Changed in place.
        start: Its networks are those of the game's recipe; see `started`.

    Raises:
        ModelError: The networks are others.
    """
    if wrong := game.recipe.unlike(started(game.recipe, start)):
        raise ModelError(f"{start.folder}: does not fit the recipe, wanted its networks and weights: {wrong}")
    tasks = start.model.recipe.task, game.recipe.task
    rows = _rows(*(task.classes for task in tasks))
    known, wanted = ([] if task.crossing is None else task.crossing.levels for task in tasks)
    levels = list(map(_rows, known, wanted))
    for name in game.optimizers:
        if found := start.moment.under(f"players/{name}."):
            _put(game.players[name], found, rows, levels)
    for average, found in zip(game.averages, start.moment.averages, strict=True):
        _put(average.network, found, rows, levels)


def _rows(theirs: Sequence[str], mine: Sequence[str]) -> Rows:
    return [theirs.index(name) if name in theirs else None for name in mine]


def _moment(folder: Path, step: int) -> Saved:
    """The checkpoint of a step: one of the last two, or of the last two moments that were kept whole."""
    why = ""
    for name in ("checkpoint", "shelter"):
        newest = folder / f"{name}.safetensors"
        for file in (newest, before(newest)):
            try:
                found = read(file)
            except ModelError as error:
                why = why or f"; {error}"
                continue
            if int(found.said["step"]) == step:
                return found
    raise ModelError(f"{folder}: no checkpoint is of step {step}, whose weights its model has{why}")


def _put(network: nn.Module, found: dict[str, Tensor], rows: Rows, levels: Sequence[Rows]) -> None:
    """Weights as they are, but what belongs to classes, or levels of facts, by the rows of those."""
    for name, module in network.named_modules():
        inner = f"{name}." if name else ""
        if isinstance(module, nn.Embedding):
            found[f"{inner}weight"] = _learnt(found[f"{inner}weight"], rows)
        for place, some in enumerate(levels if isinstance(module, SummedEmbedding) else ()):
            found[f"{inner}weights.{place}"] = _learnt(found[f"{inner}weights.{place}"], some)
        if isinstance(module, LinearBase):
            for fitted in module.state_dict():
                mine = module.get_buffer(fitted).cpu()
                found[inner + fitted] = _fitted(mine, found[inner + fitted], rows)
    network.load_state_dict(found)


def _learnt(theirs: Tensor, rows: Rows) -> Tensor:
    usual = theirs.mean(0)
    return torch.stack([usual if row is None else theirs[row] for row in rows])


def _fitted(mine: Tensor, theirs: Tensor, rows: Rows) -> Tensor:
    return torch.stack([mine[place] if row is None else theirs[row] for place, row in enumerate(rows)])
