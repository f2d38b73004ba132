"""Grids: where voxels lie, and what may not be a grid."""

import numpy as np
import pytest

from vesalius.errors import GeometryError
from vesalius.imaging.geometry import Geometry


def _oblique() -> Geometry:
    matrix = np.array([[0.3, 0.1, 0.9, -20], [0.2, 1.1, -0.1, 5], [2.5, -0.2, 0.1, 7], [0, 0, 0, 1]])
    return Geometry.from_matrix((4, 6, 8), matrix)


def test_a_plain_grid_runs_to_the_left_the_back_and_the_head():
    grid = Geometry.plain((3, 4, 5), (3.0, 2.0, 1.0), (10.0, 20.0, 30.0))
    assert grid.position((0, 0, 1)) == (11.0, 20.0, 30.0)
    assert grid.position((0, 1, 0)) == (10.0, 22.0, 30.0)
    assert grid.position((1, 0, 0)) == (10.0, 20.0, 33.0)
    assert grid.spacing == (3.0, 2.0, 1.0)


def test_a_crop_keeps_the_place_of_its_voxels():
    grid = _oblique()
    crop = grid.cropped((1, -2, 3), (2, 9, 4))
    assert np.allclose(crop.position((1, 4, 0)), grid.position((2, 2, 3)))


def test_a_slice_outside_the_grid_is_refused():
    with pytest.raises(GeometryError, match="slice is 4, wanted 0 to 3"):
        _oblique().slice(4)


def test_resizing_keeps_the_outer_edges():
    grid = _oblique()
    other = grid.resized((8, 3, 5))
    assert np.allclose(other.position((-0.5, -0.5, -0.5)), grid.position((-0.5, -0.5, -0.5)))
    assert np.allclose(other.position((7.5, 2.5, 4.5)), grid.position((3.5, 5.5, 7.5)))


def test_grids_are_close_within_a_tolerance_at_every_corner():
    grid = Geometry.plain((2, 2, 100))
    stretched = Geometry.plain((2, 2, 100), (1.0, 1.0, 1.0001))
    assert grid.is_close(stretched, tolerance=0.02)
    assert not grid.is_close(stretched, tolerance=0.005)
    assert not grid.is_close(Geometry.plain((2, 2, 99)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.__setitem__((slice(3), 0), 0), "singular"),
        (lambda m: m.__setitem__((0, 0), np.nan), "finite"),
        (lambda m: m.__setitem__((3, 0), 1), "last row"),
    ],
)
def test_an_impossible_matrix_is_refused(change, words):
    matrix = _oblique().matrix
    change(matrix)
    with pytest.raises(GeometryError, match=words):
        Geometry.from_matrix((1, 2, 3), matrix)


def test_an_empty_axis_is_refused():
    with pytest.raises(GeometryError, match="at least one voxel"):
        Geometry.plain((0, 2, 3))
