"""Where the voxels of a picture lie in the patient."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from vesalius.errors import GeometryError

Row = tuple[float, float, float, float]
Affine = tuple[Row, Row, Row, Row]

_SINGULAR_MM3 = 1e-12


@dataclass(frozen=True)
class Geometry:
    """A grid of voxel centres in patient space.

    All index-like things run ``(z, y, x)``: slice, row, column. Patient space is LPS+: the
    first world axis grows to the patient's left, the second to the back, the third to the head.

    Args:
        shape: Number of voxels along ``(z, y, x)``.
        affine: Rows of the 4x4 matrix that takes an index ``(z, y, x, 1)`` to
            ``(L, P, S, 1)`` in millimetres.

    Raises:
        GeometryError: An empty axis, a matrix that is not finite, not affine or singular.

    Source:
        DICOM PS3.3 C.7.6.2.1.1 for the patient axes.

    Examples:
        >>> grid = Geometry.plain((1, 64, 64), spacing=(1.0, 0.5, 0.5))
        >>> grid.spacing
        (1.0, 0.5, 0.5)
        >>> grid.position((0, 2, 4))
        (2.0, 1.0, 0.0)
    """

    shape: tuple[int, int, int]
    affine: Affine

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise GeometryError(f"shape is {self.shape}, wanted at least one voxel along z, y, x")
        matrix = self.matrix
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise GeometryError(f"affine is {self.affine}, wanted a finite 4x4 matrix")
        if tuple(matrix[3]) != (0.0, 0.0, 0.0, 1.0):
            raise GeometryError(f"last row of the affine is {self.affine[3]}, wanted (0, 0, 0, 1)")
        if abs(np.linalg.det(matrix[:3, :3])) < _SINGULAR_MM3:
            raise GeometryError(f"affine {self.affine} is singular, wanted axes that span space")

    @classmethod
    def plain(
        cls,
        shape: tuple[int, int, int],
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> "Geometry":
        """Axial grid: columns to the left, rows to the back, slices to the head.

        Args:
            shape: Voxels along ``(z, y, x)``.
            spacing: Millimetres between voxel centres along ``(z, y, x)``.
            origin: Centre of the first voxel, ``(L, P, S)`` in millimetres.
        """
        z, y, x = spacing
        matrix = np.array([[0, 0, x, origin[0]], [0, y, 0, origin[1]], [z, 0, 0, origin[2]], [0, 0, 0, 1]])
        return cls.from_matrix(shape, matrix)

    @classmethod
    def from_matrix(cls, shape: tuple[int, int, int], matrix: Float[np.ndarray, "4 4"]) -> "Geometry":
        """The grid of a numpy matrix; see the class for the meaning of its columns."""
        rows = [tuple(float(value) for value in row) for row in matrix]
        return cls(shape, tuple(rows))  # type: ignore[arg-type]

    @property
    def matrix(self) -> Float[np.ndarray, "4 4"]:
        """The affine as a fresh float64 array."""
        return np.array(self.affine, dtype=np.float64)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Millimetres between voxel centres along ``(z, y, x)``."""
        z, y, x = np.linalg.norm(self.matrix[:3, :3], axis=0)
        return float(z), float(y), float(x)

    def position(self, index: tuple[float | int, float | int, float | int]) -> tuple[float, float, float]:
        """Where a (fractional) voxel index ``(z, y, x)`` lies, ``(L, P, S)`` in millimetres."""
        left, back, head, _ = self.matrix @ (*index, 1.0)
        return float(left), float(back), float(head)

    def cropped(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> "Geometry":
        """The grid of a box that begins at an index, which may lie outside (padding)."""
        matrix = self.matrix
        matrix[:3, 3] = self.position(start)
        return Geometry.from_matrix(shape, matrix)

    def resized(self, shape: tuple[int, int, int]) -> "Geometry":
        """The same extent cut into another number of voxels; voxel edges, not centres, coincide."""
        ratio = np.array(self.shape) / np.array(shape)
        matrix = self.matrix
        matrix[:3, 3] = self.position(tuple((ratio - 1) / 2))
        matrix[:3, :3] *= ratio
        return Geometry.from_matrix(shape, matrix)

    def slice(self, z: int) -> "Geometry":
        """The grid of one slice.

        Raises:
            GeometryError: There is no such slice.
        """
        if not 0 <= z < self.shape[0]:
            raise GeometryError(f"slice is {z}, wanted 0 to {self.shape[0] - 1}")
        return self.cropped((z, 0, 0), (1, *self.shape[1:]))

    def is_close(self, other: "Geometry", tolerance: float = 1e-3) -> bool:
        """Whether every voxel centre of both grids lies within a tolerance in millimetres."""
        if self.shape != other.shape:
            return False
        z, y, x = self.shape
        corners = product((0, z - 1), (0, y - 1), (0, x - 1))
        return all(np.allclose(self.position(c), other.position(c), rtol=0, atol=tolerance) for c in corners)
