"""The linear model of a cohort: class means, principal components, and how their coefficients are spread."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vesalius.errors import RecipeError
from vesalius.networks.blocks import Shape, axes_of, beyond, deep, flat, resized, space_of, without_coarse
from vesalius.networks.centring import Centring
from vesalius.networks.coarse import grid_of, on_grid
from vesalius.networks.conditions import Conditions, borrowed, count_of
from vesalius.networks.head_start import HeadStart
from vesalius.networks.learnt import FEWEST, Kept, Learnt, learn
from vesalius.networks.mixture import Mixture
from vesalius.networks.principal import shares
from vesalius.networks.rows import Rows
from vesalius.shapes import Batch, Classes, Latents

_LAID = 2  # times that pictures are laid alike, each time as their new means lie


class LinearBase(nn.Module):
    """Pictures as a class mean plus a weighted sum of class components.

    With Gaussian coefficients of unit variance this is probabilistic principal component
    analysis without its isotropic noise: the blurred, cheap generator that every network has
    to beat, and a start for one. Mean and components lie on `grid_of`, and pictures larger than it are
    enlarged by linear interpolation.

    Args:
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: What there is to tell apart.
        start: How many components, and what holds for what is added to them.

    Source:
        Tipping and Bishop, J. R. Stat. Soc. B 61, 1999, eq. 7.
    """

    mean: Tensor
    weight: Tensor
    grasp: Tensor

    def __init__(self, shape: Shape, classes: Conditions, start: HeadStart) -> None:
        super().__init__()
        self.rows = Rows(grid_of(shape), start.has_pose)
        self.by = beyond(shape)
        self.axes = axes_of(shape)
        self.classes = classes
        self.start = start
        self.components = start.components
        count = count_of(classes)
        self.register_buffer("mean", torch.zeros(count, self.rows.width))
        self.register_buffer("weight", torch.zeros(count, start.components, self.rows.width))
        # Models from before there were anchors have no such numbers, and are still read.
        self.register_buffer("grasp", torch.zeros(count), persistent=start.anchor > 0)
        self.mixture = None if start.clusters == 1 else Mixture(count, start.clusters, start.components)
        self.centring = None if start.centred == "none" else Centring(shape, count, start.centred)

    @property
    def kept(self) -> list[int]:
        """Components of each class that are not nothing."""
        return (self.weight.norm(dim=2) > 0).sum(1).tolist()

    def told(self, latents: Latents, condition: Classes) -> Latents:
        """Latent coordinates whose first `components` are coefficients; a mixture has the last one choose."""
        if self.mixture is None:
            return latents
        return torch.cat([self.mixture(latents, condition), latents[:, self.components :]], dim=1)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures of latent coordinates."""
        return self.pictures(self.told(latents, condition), condition)

    def pictures(self, told: Latents, condition: Classes) -> Batch:
        """Pictures of latent coordinates that are `told`."""
        coefficients = told[:, : self.components].float()
        chosen = one_hot(condition, len(self.mean)).to(coefficients)
        # One product over all classes: to gather the components of each picture takes many times as long.
        with torch.autocast(told.device.type, enabled=False):
            spread = (chosen[:, :, None] * coefficients[:, None]).flatten(1) @ self.weight.flatten(0, 1)
            coarse = self.rows.pictures(chosen @ self.mean + spread)
        return coarse if self.by == 1 else deep(resized(flat(coarse, self.axes), float(self.by)), self.axes)

    def completed(self, made: Batch, condition: Classes, added: Float[Tensor, "b c *yx"]) -> Batch:
        """Pictures that a network has added to.

        Args:
            made: Pictures of the base.
            condition: Class of each picture.
            added: What the network would add; without ``z`` for pictures of one slice.
        """
        if self.start.anchor:
            grasp = self.grasp[condition].view(-1, *[1] * (added.ndim - 1))
            added = added.lerp(without_coarse(added, self.start.anchor), grasp)
        if self.centring is not None:
            added = self.centring(added, condition)
        return made + deep(added, self.axes)

    def sample(self, condition: Classes, rng: torch.Generator) -> Batch:
        """Pictures of coefficients drawn anew, one for each class index."""
        latents = torch.randn(len(condition), self.components + (self.start.clusters > 1), generator=rng)
        return self(latents, condition)

    def fit(
        self, images: Batch, condition: Classes, person: Int[Tensor, "b"] | None = None, kept: Kept = "all"
    ) -> None:
        """Take means and components from training pictures, in which each person counts once.

        A class of fewer than three pictures for each component, or of no more people than
        components, shares the components of all classes (taken about the class means) and keeps
        its own mean. A class of fewer than eight people has the mean of the other classes, too,
        and leaves no trace in it: the mean of one person is that person, and a sum of which the
        rest is known gives it away. Where no class has eight, all pictures are one class. Where classes are
        combinations of facts, the mean of the few is instead what the facts add up to in the others.

        Args:
            images: Training pictures in the order of `condition`.
            condition: Class of each picture.
            person: Person of each picture, numbered from 0; all different when None.
            kept: All components, or those alone that `foresee` finds; then the base knows its grasp.
        """
        pictures = on_grid(images).float()
        rows = self.rows.of(pictures)
        who = torch.arange(len(rows)) if person is None else person.cpu()
        members = [condition == index for index in range(len(self.mean))]
        people = [len(who[member.cpu()].unique()) for member in members]
        known = self._fit_means(rows, condition, who, people)
        for _ in range(_LAID if self.rows.pose else 0):
            rows = self.rows.laid(pictures, condition, who, self.mean, rows)
            known = self._fit_means(rows, condition, who, people)
        rows = rows - self.mean[condition]
        pooled = None
        for index, (member, count) in enumerate(zip(members, people, strict=True)):
            own = count > max(self.components, FEWEST - 1) and int(member.sum()) >= 3 * self.components
            if own:
                learnt = self._learnt(rows[member], who[member.cpu()], kept)
            else:
                learnt = pooled = pooled or self._learnt(rows[known], who[known.cpu()], kept)
            self._take(index, learnt)

    def _fit_means(
        self, rows: Float[Tensor, "n d"], condition: Classes, who: Int[Tensor, "n"], people: Sequence[int]
    ) -> Bool[Tensor, "n"]:
        """Take the mean of every class; which pictures leave a trace in any."""
        known = torch.tensor([count >= FEWEST for count in people], device=condition.device)[condition]
        known = known if known.any() else ~known
        self.mean[:] = shares(who[known.cpu()]).to(rows) @ rows[known]
        for index, (mean, count) in enumerate(zip(self.mean, people, strict=True)):
            member = condition == index
            if count >= FEWEST:
                mean[:] = shares(who[member.cpu()]).to(rows) @ rows[member]
        for index, weights in borrowed(self.classes, people, FEWEST).items():
            self.mean[index] = weights.to(rows) @ self.mean
        return known

    def _learnt(self, rows: Float[Tensor, "n d"], who: Int[Tensor, "n"], kept: Kept) -> Learnt:
        return learn(
            rows, who, self.components, kept, self.start.clusters, self._coarse if self.start.anchor else None
        )

    def _take(self, index: int, learnt: Learnt) -> None:
        self.weight[index], self.grasp[index] = learnt.weight, learnt.grasp
        if self.mixture is not None and learnt.clusters is not None:
            self.mixture.learn(index, learnt.clusters)
        elif self.mixture is not None:
            self.mixture.forget(index)

    def _coarse(self, rows: Float[Tensor, "m d"]) -> float:
        """Sum of squares of what is coarser than a cell."""
        images = self.rows.voxels(rows)
        return float((images - without_coarse(images, self.start.anchor)).square().sum())


def base_of(shape: Shape, classes: Conditions, start: HeadStart) -> LinearBase | None:
    """The linear base of a generator, not fitted yet; None where it has no head start.

    Args:
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: What there is to tell apart.
        start: See `HeadStart`.

    Raises:
        RecipeError: An anchor of as many cells as the base has voxels along its shortest side.
    """
    shortest = min(space_of(grid_of(shape)))
    if start.anchor >= shortest:
        raise RecipeError(
            f"generator.anchor is {start.anchor}, wanted fewer cells than the {shortest} voxels of the "
            "shortest side of the head start: nothing would be left to learn"
        )
    return LinearBase(shape, classes, start) if start.components else None
