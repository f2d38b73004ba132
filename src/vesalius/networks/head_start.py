"""What a generator begins with: a linear model of the cohort that it adds to, or nothing."""

from dataclasses import dataclass

from vesalius.errors import RecipeError
from vesalius.networks.blocks import Shape, space_of
from vesalius.networks.centring import Common
from vesalius.networks.coarse import grid_of
from vesalius.networks.conditions import Conditions
from vesalius.networks.linear import LinearBase


@dataclass(frozen=True)
class HeadStart:
    """The numbers of a linear base, as the spec of a generator has them.

    Args:
        components: Of the linear base; 0 for none.
        anchor: Cells; 0 for none. See `networks.linear.LinearBase`, as for all that follows.
        centred: Among which pictures nothing that is added may be in common.
        clusters: Gaussians that coefficients are drawn from, at most.
        has_pose: Whether pictures are laid alike before they are described.
    """

    components: int
    anchor: int = 0
    centred: Common = "none"
    clusters: int = 1
    has_pose: bool = False

    def refuse(self, latent: int) -> None:
        """Refuse a head start that cannot be had.

        Args:
            latent: Number of latent coordinates.

        Raises:
            RecipeError: There are more components than coordinates, or fewer than none; an anchor, a centre,
                clusters or a pose without a head start; clusters that are no power of two, or have no
                coordinate left to be chosen by.
        """
        if not 0 <= self.components <= latent:
            raise RecipeError(f"generator.head_start is {self.components}, wanted 0 to latent {latent}")
        if self.anchor < 0 or (self.anchor and not self.components):
            raise RecipeError(
                f"generator.anchor is {self.anchor}, wanted 0 or more, and a head start to hold on to"
            )
        if self.centred != "none" and not self.components:
            raise RecipeError(
                f"generator.centred is {self.centred!r}, wanted 'none', or a head start that has a mean"
            )
        if self.has_pose and not self.components:
            raise RecipeError("generator.pose is True, wanted False, or a head start that lies in some pose")
        if self.clusters < 1 or self.clusters & (self.clusters - 1):
            raise RecipeError(f"generator.clusters is {self.clusters}, wanted 1, 2, 4, 8, ...")
        if self.clusters > 1 and not 0 < self.components < latent:
            raise RecipeError(
                f"generator.clusters is {self.clusters}, wanted 1, or a head start of fewer components than "
                f"latent {latent}: the last coordinate chooses the cluster"
            )

    def build(self, shape: Shape, classes: Conditions) -> LinearBase | None:
        """The linear base, not fitted yet; None where there is no head start.

        Args:
            shape: Extent of one picture, ``(c, z, y, x)``.
            classes: What there is to tell apart.

        Raises:
            RecipeError: An anchor of as many cells as the base has voxels along its shortest side.
        """
        if not self.components:
            return None
        shortest = min(space_of(grid_of(shape)))
        if self.anchor >= shortest:
            raise RecipeError(
                f"generator.anchor is {self.anchor}, wanted fewer cells than the {shortest} voxels of the "
                "shortest side of the head start: nothing would be left to learn"
            )
        return LinearBase(
            shape, classes, self.components, self.anchor, self.centred, self.clusters, self.has_pose
        )
