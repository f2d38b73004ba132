"""What a generator begins with: a linear model of the cohort that it adds to, or nothing."""

from dataclasses import dataclass

from vesalius.errors import RecipeError
from vesalius.networks.centring import Common


@dataclass(frozen=True)
class HeadStart:
    """The numbers of a linear base, as the spec of a generator has them.

    Args:
        components: Coefficients for each picture; 0 for no base.
        anchor: Cells along the shortest side. Of what a network adds, the part that is coarser than a
            cell is shrunk to the share that the base leaves open in people who were not asked:
            hardly any where pictures are aligned. 0 lets a network add everything.
        centred: See `networks.centring`.
        clusters: See `networks.mixture`; 1 for one Gaussian of unit variance.
        has_pose: See `networks.pose`.
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
            RecipeError: There are more components than coordinates, something is asked of a head start that
                there is not, or clusters are no power of two, or have no coordinate to be chosen by.
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
