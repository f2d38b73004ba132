"""The linear model of a cohort: class means, principal components, Gaussian coefficients."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vesalius.errors import RecipeError
from vesalius.shapes import Batch, Classes, Latents

FEWEST = 8
"""People of a class below which nothing of them is kept: their mean would nearly be a patient."""

_MOST = 64
_ROOM = 2**25


def components_of(counts: Sequence[int], patients: int, values: int = 1) -> int:
    """Components that a cohort can fill: fewer than people, so that none is a person.

    Of large volumes no more than fit into 128 MiB for each class: 16 of 128 x 128 x 128 voxels.

    Args:
        counts: Pictures of each class.
        patients: Different people among all of them.
        values: Of one picture.

    Examples:
        >>> components_of([400, 80], 300), components_of([400, 80], 9), components_of([3, 3], 6)
        (64, 8, 1)
        >>> components_of([400, 80], 300, 128**3)
        16
    """
    return max(1, min(_MOST, max(counts) // 4, patients - 1, _ROOM // values))


def refuse_head_start(components: int, latent: int) -> None:
    """Refuse a head start of more components than there are coordinates to weigh them.

    Args:
        components: Of the linear base; 0 for none.
        latent: Number of latent coordinates.

    Raises:
        RecipeError: There are more, or fewer than none.
    """
    if not 0 <= components <= latent:
        raise RecipeError(f"generator.head_start is {components}, wanted 0 to latent {latent}")


class LinearBase(nn.Module):
    """Pictures as a class mean plus a weighted sum of class components.

    With Gaussian coefficients of unit variance this is probabilistic principal component
    analysis without its isotropic noise: the blurred, cheap generator that every network has
    to beat, and a start for one.

    Args:
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: Number of classes.
        components: Coefficients for each picture.

    Source:
        Tipping and Bishop, J. R. Stat. Soc. B 61, 1999, eq. 7.
    """

    mean: Tensor
    weight: Tensor

    def __init__(self, shape: tuple[int, ...], classes: int, components: int) -> None:
        super().__init__()
        self.shape = shape
        self.components = components
        self.register_buffer("mean", torch.zeros(classes, prod(shape)))
        self.register_buffer("weight", torch.zeros(classes, components, prod(shape)))

    def forward(self, latents: Latents, condition: Classes) -> Batch:
        """Pictures of the first `components` latent coordinates."""
        coefficients = latents[:, : self.components].float()
        offset = torch.einsum("br,brd->bd", coefficients, self.weight[condition])
        return (self.mean[condition] + offset).unflatten(1, self.shape)

    def sample(self, condition: Classes, rng: torch.Generator) -> Batch:
        """Pictures of Gaussian coefficients, one for each class index."""
        return self(torch.randn(len(condition), self.components, generator=rng), condition)

    def fit(self, images: Batch, condition: Classes, person: Int[Tensor, "b"] | None = None) -> None:
        """Take means and components from training pictures, in which each person counts once.

        A class of fewer than three pictures for each component, or of no more people than
        components, shares the components of all classes (taken about the class means) and keeps
        its own mean. A class of fewer than eight people has the mean of the other classes, too,
        and leaves no trace in it: the mean of one person is that person, and a sum of which the
        rest is known gives it away. Where no class has eight, all pictures are one class.

        Args:
            images: Training pictures in the order of `condition`.
            condition: Class of each picture.
            person: Person of each picture, numbered from 0; all different when None.
        """
        flat = images.flatten(1).float()
        who = torch.arange(len(flat)) if person is None else person.cpu()
        members = [condition == index for index in range(len(self.mean))]
        people = [len(who[member.cpu()].unique()) for member in members]
        known = torch.tensor([count >= FEWEST for count in people], device=condition.device)[condition]
        known = known if known.any() else ~known
        self.mean[:] = _share(who[known.cpu()]).to(flat) @ flat[known]
        for member, mean, count in zip(members, self.mean, people, strict=True):
            if count >= FEWEST:
                mean[:] = _share(who[member.cpu()]).to(flat) @ flat[member]
        centred = flat - self.mean[condition]
        pooled = None
        for index, (member, count) in enumerate(zip(members, people, strict=True)):
            own = count > max(self.components, FEWEST - 1) and int(member.sum()) >= 3 * self.components
            if own:
                self.weight[index] = self._weight_of(centred[member], who[member.cpu()])
            else:
                pooled = self._weight_of(centred[known], who[known.cpu()]) if pooled is None else pooled
                self.weight[index] = pooled

    def _weight_of(self, rows: Float[Tensor, "n d"], who: Int[Tensor, "n"]) -> Float[Tensor, "r d"]:
        """Components of centred rows, fewer than their people; the rest are zero."""
        most = max(min(self.components, len(who.unique()) - 1), 0)
        weighted = rows * (len(rows) * _share(who)).sqrt().to(rows)[:, None]
        weight = torch.zeros(self.components, rows.shape[1], device=rows.device)
        weight[:most] = principal(weighted, most).weight
        return weight


def _share(who: Int[Tensor, "n"]) -> Float[Tensor, "n"]:
    """What each picture counts when every person counts the same; sums to 1."""
    people, place, count = who.unique(return_inverse=True, return_counts=True)
    return 1 / (count[place].double() * len(people))


@dataclass(frozen=True, eq=False)
class Principal:
    """Scaled principal components of centred rows.

    Args:
        weight: Components scaled by the root of their variance above the noise, ``r d``;
            rows beyond the rank are zero.
        noise: Mean variance of the directions left out.
    """

    weight: Float[Tensor, "r d"]
    noise: float


def principal(rows: Float[Tensor, "n d"], components: int) -> Principal:
    """Maximum-likelihood weights of probabilistic principal component analysis.

    Args:
        rows: Centred observations.
        components: How many to keep; those beyond the rank less one come out as zero.

    Source:
        Tipping and Bishop, 1999, eq. 7 and 8, by the Gram matrix of the rows.
    """
    count, features = rows.shape
    rank = min(count - 1, features)
    kept = max(min(components, rank - 1), 0)
    values, vectors = _spectrum(rows)
    noise = float(values[kept:rank].sum() / (features - kept)) if rank > kept else 0.0
    weight = torch.zeros(components, features)
    weight[:kept] = vectors[:kept] * (values[:kept] - noise).clamp_min(0).sqrt()[:, None]
    return Principal(weight, noise)


def _spectrum(rows: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "r"], Float[Tensor, "r d"]]:
    """Variances and directions, largest first, by the smaller of the two square matrices."""
    count, features = rows.shape
    if count > features:
        values, vectors = torch.linalg.eigh((rows.T @ rows / (count - 1)).double())
        return values.flip(0).clamp_min(0).float(), vectors.flip(1).T.float()
    values, vectors = torch.linalg.eigh((rows @ rows.T / max(count - 1, 1)).double())
    values = values.flip(0).clamp_min(0)
    scale = (values * max(count - 1, 1)).clamp_min(1e-20).sqrt()
    return values.float(), (vectors.flip(1) / scale).T.float() @ rows
