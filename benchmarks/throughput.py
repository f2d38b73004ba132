"""Images a second of the training step, beside a plain loop, MONAI's trainer and R3GAN as published.

Run as ``.venv/bin/python benchmarks/throughput.py [--quick] [--sizes 32 64 128 256] [--seconds S]``.
All numbers of a row are measured in one run, in turns, and the median of the turns is shown. The game is
the relativistic one with both penalties at every step (the recipe's networks), so that it can be held
against R3GAN; the hinge game with its lazy penalty stands beside. What the default recipe plays, with a
common frame and without (players, objective and batch of its own), is raced against a plain loop of the same
mathematics, which keeps no averages; see ``plain.py``.
Floating-point operations are counted by torch on the plain loop, not estimated. On an accelerator all of
them run there, with the width and the batch that its pace asks for (see `recipes.derived.grown`); it was not
yet run on one.
"""

import argparse
from bisect import bisect_left
from dataclasses import replace

import numpy as np
import plain
import torch
from plain import default_recipe
from promise import promise
from race import Entry, Step, raced, timed
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader
from torch.utils.flop_counter import flop_registry

from vesalius.imaging.intensity import Window
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.residual import ResidualDiscriminator, ResidualGenerator
from vesalius.objectives.augment import Augment
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.relativistic import Relativistic
from vesalius.recipes.derived import grown
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import Synthesis
from vesalius.training.devices import Machine, find_machine, keep_freed_memory, without_denormals
from vesalius.training.loop import begin, train
from vesalius.training.stream import Stacked

_BATCH = {32: 32, 64: 16, 128: 16, 256: 8}
BESIDE = (
    ("ours", "plain", ""),
    ("framed", "framed plain", "framed "),
    ("frameless", "frameless plain", "frameless "),
)
"""Who is held against whom, and how that is told."""

_NONE = Augment(shift=0.0, cutout=0.0, brightness=0.0, contrast=0.0)


def pictures(size: int) -> Stacked:
    """Pictures of noise: what they show costs no time."""
    values = np.random.default_rng(0).uniform(-1, 1, (256, 1, 1, size, size)).astype(np.float32)
    names = tuple(map(str, range(256)))
    return Stacked(values, np.arange(256) % 2, names, names)


def recipe(objective: Relativistic | Hinge, size: int, batch: int) -> Recipe:
    """A recipe that never ends."""
    window = Window(low=0.0, high=255.0, unit="1")
    task = Synthesis(
        size=(size, size), channels=1, classes=("a", "b"), fact="label", intensity=window, made=window
    )
    return Recipe(task=task, objective=objective, steps=10**9, batch=batch, half_life=1e4)


def ours(objective: Relativistic | Hinge, size: int, batch: int, machine: Machine) -> Step:
    """A step of the house's own loop."""
    return stepping(recipe(objective, size, batch), pictures(size), machine)


def stepping(played: Recipe, stacked: Stacked, machine: Machine) -> Step:
    """A step of a recipe in the house's own loop."""
    playing = train(begin(played, stacked, machine), stacked)

    def step() -> None:
        # As the driver does: the numbers of a step are read, which on a GPU waits for them.
        next(playing).numbers()

    return step


def defaults(size: int, machine: Machine) -> list[Entry]:
    """What the default recipe plays, with and without a common frame, each beside a plain loop of it."""
    entries = []
    for is_framed in (True, False):
        played, stacked = default_recipe(size, is_framed, machine.pace), pictures(size)
        name = "framed" if is_framed else "frameless"
        entries += [
            Entry(name, stepping(played, stacked, machine), played.batch),
            Entry(f"{name} plain", plain.hinge(played, stacked, machine.device), played.batch),
        ]
    return entries


def monai(flop: float, size: int, batch: int, device: str) -> Step | None:
    """MONAI's trainer on its own networks, brought to about as many operations; None where it is missing."""
    try:
        from monai.engines import GanTrainer
        from monai.networks.nets import Discriminator as Critic
        from monai.networks.nets import Generator as Maker
    except ImportError:
        return None
    stages = int(np.log2(size)) - 2

    def built(width: int) -> tuple[nn.Module, nn.Module]:
        widths = [width * min(2**level, 8) for level in range(stages)]
        maker = Maker(64, (widths[-1], 4, 4), [*reversed(widths[:-1]), 1, 1], [*([2] * stages), 1])
        critic = Critic((1, size, size), widths, [2] * stages, num_res_units=1, last_act="SIGMOID")
        return maker.to(device), critic.to(device)

    def stepped(width: int) -> Step:
        maker, critic = built(width)
        ones, zeros = torch.ones(batch, 1, device=device), torch.zeros(batch, 1, device=device)
        bce = torch.nn.functional.binary_cross_entropy
        trainer = GanTrainer(
            device=device,
            max_epochs=1,
            train_data_loader=DataLoader(list(torch.rand(batch, 1, size, size)), batch_size=batch),
            g_network=maker,
            g_optimizer=torch.optim.Adam(maker.parameters(), 2e-4),
            g_loss_function=lambda made: bce(critic(made), ones),
            d_network=critic,
            d_optimizer=torch.optim.Adam(critic.parameters(), 2e-4),
            d_prepare_batch=lambda real, *rest, **named: real,
            d_loss_function=lambda made, real: bce(critic(made.detach()), zeros) + bce(critic(real), ones),
        )
        return trainer.run

    # Operations grow with the width: the first that has enough is found in five looks.
    widths = range(4, 129, 4)
    return stepped(widths[min(bisect_left(widths, flop, key=lambda width: counted(stepped(width))), 31)])


def published(size: int) -> Relativistic:
    """R3GAN with the widths that were published for 64 x 64: half as many channels on the finest grid."""
    widths = (*(768,) * (int(np.log2(size)) - 2), 384)
    return Relativistic(
        generator=ResidualGenerator(widths=widths, blocks=2, form="grouped", latent=64),
        discriminator=ResidualDiscriminator(widths=widths[::-1], blocks=2, form="grouped"),
        augment=_NONE,
    )


class Counter(TorchDispatchMode):
    """Adds up the floating-point operations of what runs under it, by torch's own formulas.

    Torch's own counter follows modules too, and cannot do so through a gradient of a gradient.
    """

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func.overloadpacket)) is not None:
            self.total += formula(*args, **(kwargs or {}), out_val=made)
        return made


def counted(step: Step) -> float:
    """Floating-point operations of a step."""
    with Counter() as counter:
        step()
    return float(counter.total)


def peak(machine: Machine) -> float:
    """Operations a second of the best convolution found here, in the precision that training uses."""
    best, count = 0.0, 16 * grown(machine.pace)[1]
    with torch.no_grad(), machine.precision(False):
        for width, side in ((64, 64), (128, 32), (256, 16)):
            layer = machine.settle(nn.Conv2d(width, width, 3, padding=1))
            image = torch.randn(count, width, side, side, device=machine.device)
            image = image.to(memory_format=torch.channels_last)
            if machine.has_bf16:
                image = image.bfloat16()
            seconds = min(timed(lambda: layer(image), 10) for _ in range(5))  # noqa: B023
            best = max(best, 2 * 9 * width * width * side * side * count / seconds)
    return best


def row(size: int, asked: argparse.Namespace, machine: Machine, top: float) -> dict[str, float]:
    """Print the rates of a size, and give them."""
    wider, larger = grown(machine.pace)
    width, batch, device = 32 * wider, _BATCH[size] * larger, machine.device
    lean = {
        "generator": Generator(width=width),
        "discriminator": Discriminator(width=width),
        "augment": _NONE,
    }
    game = Relativistic(**lean)
    flop = counted(plain.relativistic(game, pictures(size), batch, device)) / batch
    entries = [
        Entry("ours", ours(game, size, batch, machine), batch),
        Entry("plain", plain.relativistic(game, pictures(size), batch, device), batch),
        Entry("hinge", ours(Hinge(**lean), size, batch, machine), batch),
        Entry("augmented", ours(replace(Hinge(**lean), augment=Augment()), size, batch, machine), batch),
    ]
    entries += defaults(size, machine)
    if (theirs := monai(flop * batch, size, batch, device)) is not None:
        entries.append(Entry("monai", theirs, batch))
    if size == 64 and not asked.quick:
        # A batch of four keeps all threads busy at these widths, and a step under ten seconds.
        few = 4 * larger
        entries.append(Entry("r3gan", plain.relativistic(published(size), pictures(size), few, device), few))
    rates = raced(entries, asked.seconds, asked.rounds)
    share = rates["ours"] * flop / top
    text = "  ".join(f"{name} {rate:.4g}" for name, rate in rates.items())
    print(
        f"{size:4} px, {flop / 1e9:.2f} GFLOP an image, images/s: {text}; {share:.0%} of the peak", flush=True
    )
    if theirs is None:
        print("     monai: not installed (pip install -e .[peers])")
    return rates


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 128, 256], choices=sorted(_BATCH))
    parser.add_argument("--seconds", type=float, default=30.0, help="of each competitor and size")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if asked.quick:
        asked.sizes, asked.seconds, asked.rounds = [32, 64], 5.0, 3
    # For all of them, so that none has an allocator of its own.
    keep_freed_memory()
    with without_denormals():
        here = find_machine()
        top = peak(here)
        print(f"{here}, {torch.get_num_threads()} threads, convolution peak {top / 1e9:.0f} GFLOP/s")
        rows = {size: row(size, asked, here, top) for size in asked.sizes}
    least = 1.7 if here.has_bf16 else 1.0
    ratios = {
        f"{name}{size}": rates[ours] / rates[other]
        for ours, other, name in BESIDE
        for size, rates in rows.items()
    }
    at_64 = rows.get(64, {})
    r3gan = at_64.get("ours", float("nan")) / at_64.get("r3gan", float("nan"))
    holds = min(ratios.values()) >= least and not r3gan < 20
    said = ", ".join(f"{ratio:.2f} at {where}" for where, ratio in ratios.items())
    promise(
        "images/s beside the plain loop",
        f"{said}; beside R3GAN as published {r3gan:.1f}",
        f"{least:g} at every size, 20 beside R3GAN",
        holds,
    )
