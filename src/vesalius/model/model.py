"""What training gives: a recipe, weights, and a card."""

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from vesalius.errors import ModelError
from vesalius.imaging.image import Image
from vesalius.model.card import Card
from vesalius.networks.blocks import seeded
from vesalius.networks.layout import channels_last, device_here
from vesalius.recipes.recipe import Recipe, read_recipe
from vesalius.shapes import Batch, Voxels
from vesalius.storage import written

_TOGETHER = 64
_VOXELS_TOGETHER = 2**21


@dataclass(frozen=True, eq=False)
class Model:
    """A trained generator that knows its recipe and its history.

    Args:
        recipe: What was played.
        generator: The averaged network, in evaluation mode on the CPU.
        card: Who made it, from whom.
        device: Where pictures are made: on the accelerator where there is one. Of two kinds of device the
            pictures differ in their last bits.
    """

    recipe: Recipe
    generator: nn.Module
    card: Card
    device: str = field(default_factory=device_here)

    @cached_property
    def maker(self) -> nn.Module:
        """The generator where pictures are made, with channels stored last, in full-width floats.

        Half-width ones move one pixel in twenty by one of 256 levels. That is hardly seen, but where values
        are Hounsfield units a level is several of them, and little time is won: see the experiment log.

        Raises:
            ModelError: There is no such device here.
        """
        if self.device not in ("cpu", device_here()):
            raise ModelError(f"device is {self.device}, wanted {device_here()}: it is not here")
        return channels_last(copy.deepcopy(self.generator)).to(self.device)

    @property
    def learnt(self) -> list[int]:
        """Classes of which there were training pictures: a combination of facts may have lost all of them."""
        counts, names = self.card.counts, self.recipe.task.classes
        return [index for index, name in enumerate(names) if counts.get(name) != 0]

    def sample(self, classes: Sequence[int], seed: int, first: int = 0) -> Batch:
        """Scaled pictures, one for each class index.

        Picture ``i`` is a function of `seed` and ``i`` alone: each can be made again by itself.

        Args:
            classes: Class of each picture.
            seed: Of the latents.
            first: Number of the first of them: picture 7 alone is ``sample([its class], seed, first=7)``.

        Raises:
            ModelError: A class index that the recipe does not have, or a negative seed or number.
        """
        self.refuse(classes, seed, first)
        return drawn(self.maker, self.recipe, classes, seed, first)

    def refuse(self, classes: Sequence[int], seed: int, first: int = 0) -> None:
        """Refuse what `sample` cannot make, of the same arguments.

        Raises:
            ModelError: No class index, one that the recipe does not have, or a negative seed or number.
        """
        for name, number in (("seed", seed), ("first", first)):
            if number < 0:
                raise ModelError(f"{name} is {number}, wanted 0 or more")
        if not classes:
            raise ModelError("no picture is asked for, wanted a class index for each")
        known = len(self.recipe.task.classes)
        wrong = [index for index in classes if not 0 <= index < known]
        if wrong:
            raise ModelError(f"class index is {wrong[0]}, wanted 0 to {known - 1}")

    def images(self, classes: Sequence[int], seed: int, first: int = 0) -> Iterator[Image]:
        """What `scaled` gives in the cohort's unit, marked as synthetic.

        Raises:
            ModelError: As for `sample`.
        """
        return map(self.recipe.task.decode, self.scaled(classes, seed, first))

    def scaled(self, classes: Sequence[int], seed: int, first: int = 0) -> Iterator[Voxels]:
        """What `sample` gives, one picture after the other; never more than a batch in memory.

        Raises:
            ModelError: As for `sample`.
        """
        size = together(self.recipe)
        for place in range(0, len(classes), size):
            yield from self.sample(classes[place : place + size], seed, first + place)

    def save(self, folder: Path) -> "Model":
        """Write recipe, weights and card, each whole.

        Returns:
            The model with the hash of its weights in the card.

        Raises:
            StorageError: The disk is unwilling.
        """
        weights = save({name: value.contiguous() for name, value in self.generator.state_dict().items()})
        card = replace(self.card, weights=hashlib.sha256(weights).hexdigest())
        for name, content in (
            ("recipe.json", self.recipe.to_json().encode()),
            ("generator.safetensors", weights),
            ("card.json", card.to_json().encode()),
        ):
            with written(folder / name) as beside:
                beside.write_bytes(content)
        return replace(self, card=card)


def together(recipe: Recipe) -> int:
    """How many pictures of a recipe are drawn at once: few large volumes."""
    return max(1, min(_TOGETHER, _VOXELS_TOGETHER // recipe.task.voxels))


def drawn(
    generator: nn.Module,
    recipe: Recipe,
    classes: Sequence[int],
    seed: int,
    first: int = 0,
    between: Callable[[], None] = lambda: None,
) -> Batch:
    """Scaled pictures of a generator that belongs to a recipe, one for each class index.

    Args:
        generator: In evaluation mode.
        recipe: Whose generator it is.
        classes: Class of each picture.
        seed: Of the latents; picture ``i`` is a function of it and ``i`` alone.
        first: Number ``i`` of the first picture.
        between: Called before each batch of them, as making them all may take minutes.

    Returns:
        Pictures on the CPU.
    """
    return undamped(generator, recipe, classes, seed, first, between).clamp(-1, 1)


@torch.no_grad()
def undamped(
    generator: nn.Module,
    recipe: Recipe,
    classes: Sequence[int],
    seed: int,
    first: int = 0,
    between: Callable[[], None] = lambda: None,
) -> Batch:
    """What `drawn` gives before values beyond [-1, 1] are cut off.

    Args:
        generator: In evaluation mode; also a part of one that takes latents and classes.
        recipe: Whose generator it is.
        classes: Class of each picture.
        seed: Of the latents.
        first: Number of the first picture.
        between: Called before each batch.
    """
    device = next(iter(generator.state_dict().values())).device
    latents = [
        torch.randn(recipe.objective.generator.latent, generator=seeded(seed, index))
        for index in range(first, first + len(classes))
    ]
    size = together(recipe)
    parts = zip(torch.stack(latents).split(size), torch.tensor(classes).split(size), strict=True)
    # On an accelerator, too, the same pictures each time: nothing chosen by speed, no shortened floats.
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        made: list[Tensor] = []
        for some, labels in parts:
            between()
            made.append(generator(some.to(device), labels.to(device)).cpu())
    return torch.cat(made)


def load_model(folder: Path) -> Model:
    """The model of a folder.

    Raises:
        ModelError: A file is missing or damaged, or the weights are not those of the card.
        RecipeError: The recipe cannot be read.
    """
    if not folder.is_dir():
        raise ModelError(
            f"{folder}: no such folder, wanted that of a trained model; a run that was stopped has none "
            "until the command that began it is given again"
        )
    recipe = read_recipe(folder / "recipe.json")
    try:
        card = Card.from_json((folder / "card.json").read_text())
        weights = (folder / "generator.safetensors").read_bytes()
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror}, wanted the folder of a trained model") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{folder}: card.json is damaged ({error}), wanted that of a trained model"
        ) from error
    if hashlib.sha256(weights).hexdigest() != card.weights:
        raise ModelError(f"{folder}: the weights are not those that the card was written for")
    generator = recipe.objective.generator.build(recipe.task.shape, recipe.task.conditions)
    try:
        generator.load_state_dict(load(weights))
    except SafetensorError as error:
        raise ModelError(f"{folder}: weights cannot be read ({error})") from error
    except RuntimeError as error:
        raise ModelError(
            f"{folder}: weights, written by Vesalius {card.software}, are not of the networks that this "
            "version builds from the recipe, wanted a model that it trained"
        ) from error
    return Model(recipe, generator.eval().requires_grad_(False), card)
