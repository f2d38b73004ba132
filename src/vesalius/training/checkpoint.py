"""Save and resume a game, to the step; no pickle, a checksum in each file, and the last two of them."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Adam

from vesalius.errors import ModelError
from vesalius.networks.ranks import is_first
from vesalius.recipes.recipe import Recipe
from vesalius.storage import flush, written
from vesalius.training.loop import Game, Haven, Pulse, Snapshot

_SUM = "sha256"
_AVERAGES = ("average", "slower")


class Saved(NamedTuple):
    """What stands in a file that `save` wrote.

    Args:
        said: What is said of the game, as text by name.
        tensors: Its tensors, by ``players/``, ``average/``, ``slower/``, ``optimizer/`` or ``kept/`` and
            their name.
    """

    said: dict[str, str]
    tensors: dict[str, Tensor]

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin so, without that beginning."""
        return {
            name.removeprefix(prefix): value
            for name, value in self.tensors.items()
            if name.startswith(prefix)
        }

    @property
    def averages(self) -> tuple[dict[str, Tensor], ...]:
        """Weights of both averages; a game from before there were two goes on with its one for both."""
        return tuple(self.under(f"{kind}/") or self.under(f"{_AVERAGES[0]}/") for kind in _AVERAGES)


class Resumed(NamedTuple):
    """What taking up a saved game gives.

    Args:
        seconds: Time played before the save.
        damage: Why the newest checkpoint could not be used and the one before it was; ``""`` when it could.
    """

    seconds: float
    damage: str = ""


def before(path: Path) -> Path:
    """Where the checkpoint before the newest lies."""
    return path.with_stem(f"{path.stem}.before")


def save(game: Game, path: Path, seconds: float = 0.0) -> None:
    """Write a whole game beside, then rename; the checkpoint that was there is kept as the one `before`.

    Of several processes the first alone does; the game is the same in all of them.

    Args:
        game: As it stands.
        path: Ends in ``.safetensors``.
        seconds: Time played so far; handed back by `resume`.

    Raises:
        StorageError: The disk is full or unwilling; an earlier checkpoint is untouched.
    """
    if not is_first():
        return
    tensors = {f"players/{name}": value for name, value in game.players.state_dict().items()}
    for kind, average in zip(_AVERAGES, game.averages, strict=True):
        tensors |= {f"{kind}/{name}": value for name, value in average.network.state_dict().items()}
    for player, optimizer in game.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{player}/{index}/{name}": value for name, value in state.items()}
    said = {"step": str(game.step), "seconds": str(seconds), "recipe": game.recipe.to_json()}
    said |= {"tries": str(game.tries)}
    if game.haven is not None:
        said |= {"haven": json.dumps(asdict(game.haven))}
    if game.kept is not None:
        tensors |= {f"kept/{name}": value for name, value in game.kept.weights.items()}
        said |= {"kept_step": str(game.kept.step), "kept_rank": str(game.kept.rank)}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with written(path) as beside:
        _save(whole, beside, said | {_SUM: _sum(whole, said)})
        flush(beside)
        with suppress(FileNotFoundError):
            os.replace(path, before(path))


def resume(game: Game, path: Path) -> Resumed:
    """Put a saved game into a freshly begun one of the same recipe.

    Where the newest file is damaged, the one before it is taken, and the answer says so.

    Args:
        game: Changed in place.
        path: What `save` wrote.

    Raises:
        ModelError: No file is whole, or it belongs to another recipe, or to networks as they once were built.
        RecipeError: It belongs to what is no recipe any more.
    """
    damage = ""
    try:
        found = read(path)
    except ModelError as error:
        if not before(path).exists():
            raise
        # A run that was ended between the two renamings of `save` has the one before alone, which is whole.
        damage, found = str(error) if path.exists() else "", read(before(path))
    said = found.said
    # Not as text: a recipe from before lacks the fields that came later.
    if Recipe.from_json(said["recipe"]) != game.recipe:
        raise ModelError(f"{path}: checkpoint is of another recipe, wanted that of this run")
    try:
        _put(game, found)
    except RuntimeError as error:
        raise ModelError(
            f"{path}: weights are of networks that an earlier version built otherwise, "
            "wanted a run that this one began: begin anew in another folder"
        ) from error
    if "kept_step" in said:
        game.kept = Snapshot(int(said["kept_step"]), float(said["kept_rank"]), found.under("kept/"))
    if "haven" in said:
        told = json.loads(said["haven"])
        game.haven = Haven(told["step"], Pulse(**told["pulse"]))
    game.step, game.tries = int(said["step"]), int(said["tries"])
    set_rate(game)
    return Resumed(float(said["seconds"]), damage)


def fall_back(game: Game, path: Path) -> bool:
    """Put players, optimisers and average of the game's haven back; its step and all else goes on.

    Args:
        game: Changed in place, with the learning rate of its number of tries.
        path: Where `save` wrote when the haven was found.

    Returns:
        Whether one of the last two files there is of the haven, and whole.
    """
    for each in (path, before(path)):
        with suppress(ModelError):
            found = read(each)
            if game.haven is not None and int(found.said["step"]) == game.haven.step:
                _put(game, found)
                set_rate(game)
                return True
    return False


def set_rate(game: Game) -> None:
    """Let the optimisers learn at the rate of the objective that is played now."""
    for optimizer in game.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = game.objective.learning_rate


def _put(game: Game, found: Saved) -> None:
    game.players.load_state_dict(found.under("players/"))
    for average, weights in zip(game.averages, found.averages, strict=True):
        average.network.load_state_dict(weights)
    for player, optimizer in game.optimizers.items():
        _restore(optimizer, found.under(f"optimizer/{player}/"))


def read(path: Path) -> Saved:
    """What a file of `save` holds, proved by its checksum.

    Raises:
        ModelError: It cannot be read, or is damaged.
    """
    try:
        with safe_open(path, "pt") as stored:
            said = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: checkpoint cannot be read ({error}), wanted one of this run") from error
    if said.pop(_SUM, "") != _sum(tensors, said):
        raise ModelError(f"{path}: checkpoint is damaged: it does not have its own checksum")
    return Saved(said, tensors)


def _sum(tensors: Mapping[str, Tensor], said: Mapping[str, str]) -> str:
    """SHA-256 of all that a checkpoint says, in the order of the names."""
    found = hashlib.sha256(json.dumps(dict(said), sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name]
        found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _restore(optimizer: Adam, tensors: dict[str, Tensor]) -> None:
    """Moments must lie in memory as their parameters do: the fused step walks both side by side."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, field = name.split("/")
        kept = value if field == "step" else torch.empty_like(parameters[int(index)]).copy_(value)
        state.setdefault(int(index), {})[field] = kept
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _save(tensors: dict[str, Tensor], path: Path, said: dict[str, str]) -> None:
    """Safetensors reports a full disk as its own error; give it back the name it had."""
    try:
        save_file(tensors, path, said)
    except SafetensorError as error:
        raise OSError(str(error)) from error
