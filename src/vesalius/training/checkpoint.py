"""Save and resume a game, to the step; no pickle."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Adam

from vesalius.errors import ModelError
from vesalius.storage import written
from vesalius.training.loop import Game, Snapshot


def save(game: Game, path: Path, seconds: float = 0.0) -> None:
    """Write a whole game beside, then rename.

    Args:
        game: As it stands.
        path: Ends in ``.safetensors``.
        seconds: Time played so far; handed back by `resume`.

    Raises:
        StorageError: The disk is full or unwilling; an earlier checkpoint is untouched.
    """
    tensors = {f"players/{name}": value for name, value in game.players.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in game.average.network.state_dict().items()}
    for player, optimizer in game.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{player}/{index}/{name}": value for name, value in state.items()}
    said = {"step": str(game.step), "seconds": str(seconds), "recipe": game.recipe.to_json()}
    if game.kept is not None:
        tensors |= {f"kept/{name}": value for name, value in game.kept.weights.items()}
        said |= {"kept_step": str(game.kept.step), "kept_rank": str(game.kept.rank)}
    with written(path) as beside:
        _save(tensors, beside, said)


def resume(game: Game, path: Path) -> float:
    """Put a saved game into a freshly begun one of the same recipe.

    Args:
        game: Changed in place.
        path: What `save` wrote.

    Returns:
        Seconds played before the save.

    Raises:
        ModelError: The file is damaged, or belongs to another recipe.
    """
    try:
        with safe_open(path, "pt") as stored:
            said = stored.metadata()
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: checkpoint cannot be read ({error}), wanted one of this run") from error
    if json.loads(said["recipe"]) != json.loads(game.recipe.to_json()):
        raise ModelError(f"{path}: checkpoint is of another recipe, wanted that of this run")
    game.players.load_state_dict(_under("players/", tensors))
    game.average.network.load_state_dict(_under("average/", tensors))
    for player, optimizer in game.optimizers.items():
        _restore(optimizer, _under(f"optimizer/{player}/", tensors))
    if "kept_step" in said:
        game.kept = Snapshot(int(said["kept_step"]), float(said["kept_rank"]), _under("kept/", tensors))
    game.step = int(said["step"])
    return float(said["seconds"])


def _restore(optimizer: Adam, tensors: dict[str, Tensor]) -> None:
    """Moments must lie in memory as their parameters do: the fused step walks both side by side."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, field = name.split("/")
        kept = value if field == "step" else torch.empty_like(parameters[int(index)]).copy_(value)
        state.setdefault(int(index), {})[field] = kept
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _save(tensors: dict[str, Tensor], path: Path, said: dict[str, str]) -> None:
    """Safetensors reports a full disk as its own error; give it back the name it had."""
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    try:
        save_file(whole, path, said)
    except SafetensorError as error:
        raise OSError(str(error)) from error
