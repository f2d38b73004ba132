"""The linear model of a cohort: class means, principal components, Gaussian coefficients."""

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vesalius.networks.blocks import Shape, axes_of, beyond, deep, flat, resized, size_of, without_coarse
from vesalius.networks.centring import Centring, Common
from vesalius.networks.coarse import grid_of, on_grid
from vesalius.networks.conditions import Conditions, borrowed, count_of
from vesalius.networks.mixture import Clusters, Mixture, clusters_of
from vesalius.networks.pose import find_pose, numbers_of, posed, unposed
from vesalius.networks.principal import Foreseen, evened, foresee, principal, shares
from vesalius.shapes import Batch, Classes, Latents

FEWEST = 8
"""People of a class below which nothing of them is kept: their mean would nearly be a patient."""

Kept = Literal["all", "foreseen"]
"""Which components of a cohort are kept."""

_NOTHING = 1e-12
_VALUES_LAID = 2**23  # at once
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
        components: Coefficients for each picture.
        anchor: Cells along the shortest side. Of what a network adds, the part that is coarser than a
            cell is shrunk to the share that the base leaves open in people who were not asked:
            hardly any where pictures are aligned. 0 lets a network add everything.
        common: Among which pictures nothing that is added may be in common; see `networks.centring`.
        clusters: Gaussians that the coefficients of a class are drawn from, at most; 1 for one of unit
            variance. How many there are, the training pictures say; see `networks.mixture`.
        has_pose: Whether means and components are of pictures that were laid alike, and of how they lay; see
            `networks.pose`.

    Source:
        Tipping and Bishop, J. R. Stat. Soc. B 61, 1999, eq. 7.
    """

    mean: Tensor
    weight: Tensor
    grasp: Tensor

    def __init__(
        self,
        shape: Shape,
        classes: Conditions,
        components: int,
        anchor: int = 0,
        common: Common = "none",
        clusters: int = 1,
        has_pose: bool = False,
    ) -> None:
        super().__init__()
        self.grid = grid_of(shape)
        self.by = beyond(shape)
        self.axes = axes_of(shape)
        self.classes = classes
        self.components = components
        self.anchor = anchor
        self.size = size_of(self.grid)
        self.pose = numbers_of(self.axes) if has_pose else 0
        told = self.size + self.pose
        self.register_buffer("mean", torch.zeros(count_of(classes), told))
        self.register_buffer("weight", torch.zeros(count_of(classes), components, told))
        # Models from before there were anchors have no such numbers, and are still read.
        self.register_buffer("grasp", torch.zeros(count_of(classes)), persistent=anchor > 0)
        self.clusters = clusters
        self.mixture = None if clusters == 1 else Mixture(count_of(classes), clusters, components)
        self.centring = None if common == "none" else Centring(shape, count_of(classes), common)

    @property
    def kept(self) -> list[int]:
        """Components of each class that are not nothing."""
        return (self.weight.norm(dim=2) > 0).sum(1).tolist()

    def coefficients(self, latents: Latents, condition: Classes) -> Float[Tensor, "b r"]:
        """The first `components` latent coordinates; of a mixture, what they and the last one stand for."""
        if self.mixture is None:
            return latents[:, : self.components].float()
        return self.mixture(latents, condition)

    def told(self, latents: Latents, condition: Classes) -> Latents:
        """Latent coordinates, with coefficients in place of those that the base reads."""
        coefficients = self.coefficients(latents, condition)
        return torch.cat([coefficients, latents[:, self.components :]], dim=1)

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures of latent coordinates."""
        coefficients = self.coefficients(latents, condition)
        told = one_hot(condition, len(self.mean)).to(coefficients)
        # One product over all classes: to gather the components of each picture takes many times as long.
        with torch.autocast(latents.device.type, enabled=False):
            spread = (told[:, :, None] * coefficients[:, None]).flatten(1) @ self.weight.flatten(0, 1)
            coarse = self._picture(told @ self.mean + spread)
        return coarse if self.by == 1 else deep(resized(flat(coarse, self.axes), float(self.by)), self.axes)

    def _picture(self, rows: Float[Tensor, "b d"]) -> Float[Tensor, "b c _ _ _"]:
        """Rows as pictures on the grid, each in its pose."""
        image = rows[:, : self.size].unflatten(1, self.grid)
        if not self.pose:
            return image
        return deep(posed(flat(image, self.axes), rows[:, self.size :] / self._reach), self.axes)

    @property
    def _reach(self) -> float:
        """What a number of a pose counts beside a voxel: a typical pose about as much as a picture."""
        return sqrt(self.size) / 2

    def completed(self, made: Batch, condition: Classes, added: Float[Tensor, "b c *yx"]) -> Batch:
        """Pictures that a network has added to.

        Args:
            made: Pictures of the base.
            condition: Class of each picture.
            added: What the network would add; without ``z`` for pictures of one slice.
        """
        if self.anchor:
            grasp = self.grasp[condition].view(-1, *[1] * (added.ndim - 1))
            added = added.lerp(without_coarse(added, self.anchor), grasp)
        if self.centring is not None:
            added = self.centring(added, condition)
        return made + deep(added, self.axes)

    def sample(self, condition: Classes, rng: torch.Generator) -> Batch:
        """Pictures of Gaussian coefficients, one for each class index."""
        latents = torch.randn(len(condition), self.components + (self.clusters > 1), generator=rng)
        return self(latents, condition)

    def fit(
        self,
        images: Batch,
        condition: Classes,
        person: Int[Tensor, "b"] | None = None,
        kept: Kept = "all",
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
        rows = torch.cat([pictures.flatten(1), pictures.new_zeros(len(pictures), self.pose)], dim=1)
        who = torch.arange(len(rows)) if person is None else person.cpu()
        members = [condition == index for index in range(len(self.mean))]
        people = [len(who[member.cpu()].unique()) for member in members]
        known = self._fit_means(rows, condition, who, people)
        for _ in range(_LAID if self.pose else 0):
            rows = self._laid(pictures, condition, rows[:, self.size :])
            known = self._fit_means(rows, condition, who, people)
        centred = rows - self.mean[condition]
        pooled = None
        for index, (member, count) in enumerate(zip(members, people, strict=True)):
            own = count > max(self.components, FEWEST - 1) and int(member.sum()) >= 3 * self.components
            if own:
                learnt = self._learnt(centred[member], who[member.cpu()], kept)
            else:
                learnt = pooled = pooled or self._learnt(centred[known], who[known.cpu()], kept)
            self.weight[index], self.grasp[index], clusters = learnt
            if self.mixture is not None and clusters is not None:
                self.mixture.learn(index, clusters)

    def _laid(
        self, pictures: Batch, condition: Classes, before: Float[Tensor, "b p"]
    ) -> Float[Tensor, "b d"]:
        """Rows of pictures laid as the mean of their class lies, and of how they lay."""
        images, middles = flat(pictures, self.axes), self.mean[:, : self.size].unflatten(1, self.grid)
        some = max(1, _VALUES_LAID // self.size)
        parts = [each.split(some) for each in (images, condition, before / self._reach)]
        found = (
            find_pose(image, flat(middles[classes], self.axes), begun)
            for image, classes, begun in zip(*parts, strict=True)
        )
        pose = torch.cat(list(found))
        for index in condition.unique():
            pose[condition == index] -= pose[condition == index].mean(0)
        pairs = zip(parts[0], pose.split(some), strict=True)
        return torch.cat(
            [torch.cat([unposed(image, way).flatten(1), self._reach * way], dim=1) for image, way in pairs]
        )

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

    def _learnt(
        self, rows: Float[Tensor, "n d"], who: Int[Tensor, "n"], kept: Kept
    ) -> tuple[Float[Tensor, "r d"], float, Clusters | None]:
        """Components of centred rows, fewer than their people, then zeros; their grasp; their clusters."""
        most = max(min(self.components, len(who.unique()) - 1), 0)
        found = foresee(rows, who, most) if most and kept == "foreseen" else None
        own = principal(evened(rows, who), most if found is None else found.components).weight
        weight = torch.zeros(self.components, rows.shape[1], device=rows.device)
        weight[: len(own)] = own
        grasp = 0.0 if found is None else self._explained(found)
        places = rows @ own.T / own.square().sum(1).clamp_min(_NOTHING)
        return weight, grasp, clusters_of(places, who, self.clusters, FEWEST)

    def _explained(self, found: Foreseen) -> float:
        if not self.anchor:
            return 0.0
        whole, left = (self._coarse(rows) for rows in (found.aside, found.left))
        return float(1 - left / whole) if whole > 0 else 0.0

    def _coarse(self, rows: Float[Tensor, "m d"]) -> Float[Tensor, ""]:
        """Sum of squares of what is coarser than a cell."""
        images = flat(rows[:, : self.size].unflatten(1, self.grid), self.axes)
        return (images - without_coarse(images, self.anchor)).square().sum()
