"""How a linear model writes a picture as a row of numbers: its voxels, and how it lies."""

from math import sqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vesalius.networks.blocks import Shape, axes_of, deep, flat, size_of
from vesalius.networks.pose import find_pose, numbers_of, posed, unposed
from vesalius.networks.principal import shares
from vesalius.shapes import Batch, Classes

_AT_ONCE = 2**23  # values


class Rows:
    """Pictures to rows and back.

    Args:
        grid: Extent of one picture, ``(c, z, y, x)``.
        has_pose: Whether pictures are laid alike, and the numbers of their pose stand behind their voxels.
    """

    def __init__(self, grid: Shape, has_pose: bool) -> None:
        self.grid = grid
        self.axes = axes_of(grid)
        self.size = size_of(grid)
        self.pose = numbers_of(self.axes) if has_pose else 0
        # A typical pose then counts about as much as a typical picture.
        self.reach = sqrt(self.size) / 2

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return self.size + self.pose

    def of(self, pictures: Batch) -> Float[Tensor, "b d"]:
        """Rows of pictures as they lie, as if none had a pose."""
        rows = pictures.flatten(1)
        return torch.cat([rows, rows.new_zeros(len(rows), self.pose)], dim=1) if self.pose else rows

    def laid(
        self,
        pictures: Batch,
        condition: Classes,
        who: Int[Tensor, "b"],
        means: Float[Tensor, "k d"],
        before: Float[Tensor, "b d"],
    ) -> Float[Tensor, "b d"]:
        """Rows of pictures laid as the mean of their class lies, and of how they lay.

        Args:
            pictures: On the grid.
            condition: Class of each.
            who: Person of each.
            means: Rows of the means of all classes.
            before: Rows whose poses are gone on from.
        """
        images = flat(pictures, self.axes)
        parts = [each.split(self._some) for each in (images, condition, self._pose(before))]
        found = (
            find_pose(image, self.voxels(means[classes]), begun)
            for image, classes, begun in zip(*parts, strict=True)
        )
        pose = torch.cat(list(found))
        for index in condition.unique():
            own = condition == index
            pose[own] -= shares(who[own.cpu()]).to(pose) @ pose[own]
        rows = torch.cat([torch.empty_like(pictures.flatten(1)), self.reach * pose], dim=1)
        # In parts, into what is there already: large volumes fill gigabytes.
        targets = zip(rows.split(self._some), parts[0], pose.split(self._some), strict=True)
        for target, image, way in targets:
            target[:, : self.size] = unposed(image, way).flatten(1)
        return rows

    def pictures(self, rows: Float[Tensor, "b d"]) -> Batch:
        """Pictures on the grid, each as it lies."""
        image = self.voxels(rows)
        return deep(posed(image, self._pose(rows)) if self.pose else image, self.axes)

    def voxels(self, rows: Float[Tensor, "b d"]) -> Float[Tensor, "b c *yx"]:
        """Pictures on the grid, all laid alike; without ``z`` where they have one slice."""
        return flat(rows[:, : self.size].unflatten(1, self.grid), self.axes)

    def _pose(self, rows: Float[Tensor, "b d"]) -> Float[Tensor, "b p"]:
        return rows[:, self.size :] / self.reach

    @property
    def _some(self) -> int:
        return max(1, _AT_ONCE // self.size)
