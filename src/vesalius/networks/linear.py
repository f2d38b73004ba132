"""The linear model of a cohort: class means, principal components, Gaussian coefficients."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vesalius.networks.blocks import (
    Shape,
    averaged,
    axes_of,
    beyond,
    deep,
    flat,
    resized,
    size_of,
    space_of,
    without_coarse,
)
from vesalius.networks.centring import Centring, Common
from vesalius.networks.conditions import Conditions, borrowed, count_of
from vesalius.networks.mixture import Clusters, Mixture, clusters_of
from vesalius.networks.principal import Foreseen, evened, foresee, principal, shares
from vesalius.shapes import Batch, Classes, Latents

FEWEST = 8
"""People of a class below which nothing of them is kept: their mean would nearly be a patient."""

Kept = Literal["all", "foreseen"]
"""Which components of a cohort are kept."""

_MOST = 64
_ROOM = 2**26
_NOTHING = 1e-12


def components_of(counts: Sequence[int], patients: int, values: int = 1) -> int:
    """Components that a cohort can fill: fewer than people, so that none is a person.

    Of large volumes no more than fit into 256 MiB for all classes together, or 128 MiB for one alone: 16 of
    128 x 128 x 128 voxels for each of two classes, 2 for each of twelve.

    Args:
        counts: Pictures of each class.
        patients: Different people among all of them.
        values: Of one picture on its `grid_of`.

    Examples:
        >>> components_of([400, 80], 300), components_of([400, 80], 9), components_of([3, 3], 6)
        (64, 8, 1)
        >>> components_of([400, 80], 300, 128**3)
        16
        >>> components_of([80] * 12, 300, 128**3), components_of([400] * 12, 300, 128**2)
        (2, 64)
    """
    room = _ROOM // (values * max(2, len(counts)))
    return max(1, min(_MOST, max(counts) // 4, patients - 1, room))


def grid_of(shape: Shape) -> Shape:
    """The grid on which a linear model knows pictures: their own, where no side is longer than 128.

    Of larger ones every side is halved until none is: a component of 512 x 512 pixels would take 1 MiB in
    every saved model and checkpoint, and what is finer than two or four pixels is hardly common to people.

    Examples:
        >>> grid_of((1, 1, 128, 96)), grid_of((3, 1, 512, 256))
        ((1, 1, 128, 96), (3, 1, 128, 64))
    """
    by = beyond(shape)
    c, z, y, x = shape
    return c, max(1, z // by), y // by, x // by


def on_grid(image: Batch) -> Float[Tensor, "b c _ _ _"]:
    """Pictures on their `grid_of`, by means over cells."""
    _, c, z, y, x = image.shape
    shape, axes = (c, z, y, x), axes_of((c, z, y, x))
    if beyond(shape) == 1:
        return image
    return deep(averaged(flat(image, axes), space_of(grid_of(shape))), axes)


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
    ) -> None:
        super().__init__()
        self.grid = grid_of(shape)
        self.by = beyond(shape)
        self.axes = axes_of(shape)
        self.classes = classes
        self.components = components
        self.anchor = anchor
        self.register_buffer("mean", torch.zeros(count_of(classes), size_of(self.grid)))
        self.register_buffer("weight", torch.zeros(count_of(classes), components, size_of(self.grid)))
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
            coarse = (told @ self.mean + spread).unflatten(1, self.grid)
        return coarse if self.by == 1 else deep(resized(flat(coarse, self.axes), float(self.by)), self.axes)

    def completed(self, latents: Latents, condition: Classes, added: Float[Tensor, "b c *yx"]) -> Batch:
        """Pictures that a network has added to.

        Args:
            latents: Latent coordinates, of which the base reads the first `components`.
            condition: Class of each picture.
            added: What the network would add; without ``z`` for pictures of one slice.
        """
        if self.anchor:
            grasp = self.grasp[condition].view(-1, *[1] * (added.ndim - 1))
            added = added.lerp(without_coarse(added, self.anchor), grasp)
        if self.centring is not None:
            added = self.centring(added, condition)
        return self(latents, condition) + deep(added, self.axes)

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
        rows = on_grid(images).flatten(1).float()
        who = torch.arange(len(rows)) if person is None else person.cpu()
        members = [condition == index for index in range(len(self.mean))]
        people = [len(who[member.cpu()].unique()) for member in members]
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
        images = flat(rows.unflatten(1, self.grid), self.axes)
        return (images - without_coarse(images, self.anchor)).square().sum()
