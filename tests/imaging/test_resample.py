"""Pictures on other grids: values, places, and nothing folded."""

import numpy as np
import pytest
import SimpleITK
import torch

from vesalius.errors import ImagingError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, LabelMap, Origin
from vesalius.imaging.resample import resample, resample_labels, resize, to_plane_size


def _ramp(geometry: Geometry, slope=(1.0, 2.0, 3.0)) -> Image:
    """A picture whose value is a linear function of the place."""
    z, y, x = np.indices(geometry.shape)
    places = np.stack([z, y, x, np.ones_like(z)], -1) @ geometry.matrix.T
    voxels = torch.from_numpy(places[..., :3] @ np.array(slope)).float()
    return Image(voxels[None], geometry, HOUNSFIELD, modality="CT")


def _oblique(shape=(5, 6, 7), turn=0.4) -> Geometry:
    c, s = np.cos(turn), np.sin(turn)
    directions = np.array([[0, -s, c], [0, c, s], [1, 0, 0]]) * (2.0, 1.0, 1.5)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = directions, (3, -2, 8)
    return Geometry.from_matrix(shape, matrix)


def _itk(image: Image) -> SimpleITK.Image:
    picture = SimpleITK.GetImageFromArray(image.voxels[0].numpy())
    matrix, spacing = image.geometry.matrix[:3], image.geometry.spacing
    picture.SetSpacing(spacing[::-1])
    picture.SetOrigin(matrix[:, 3].tolist())
    picture.SetDirection((matrix[:, :3] / spacing)[:, ::-1].flatten().tolist())
    return picture


def test_a_linear_picture_stays_linear_on_a_turned_grid():
    big = _ramp(Geometry.plain((24, 30, 30), (1.0, 1.0, 1.0), (-12.0, -12.0, -2.0)))
    target = _oblique()
    made = resample(big, target)
    assert torch.allclose(made.voxels, _ramp(target).voxels, atol=1e-3)
    assert made.geometry == target
    assert (made.unit, made.modality, made.origin) == (HOUNSFIELD, "CT", Origin.DERIVED)


def test_resampling_agrees_with_itk():
    image = Image(torch.rand(1, 9, 10, 11), _oblique((9, 10, 11)))
    target = Geometry.plain((8, 9, 10), (1.5, 0.9, 0.8), (2.0, 1.0, 9.0))
    reference = SimpleITK.Resample(_itk(image), _itk(Image(torch.zeros(1, *target.shape), target)))
    wanted = SimpleITK.GetArrayFromImage(reference)
    made = resample(image, target, outside=0.0).voxels[0].numpy()
    # ITK decides otherwise than we do on the very rim
    both = (wanted != 0) & (made != 0)
    assert both.mean() > 0.3
    assert np.allclose(wanted[both], made[both], atol=1e-5)


def test_the_own_grid_changes_nothing():
    image = Image(torch.rand(2, 3, 4, 5), _oblique((3, 4, 5)))
    assert torch.allclose(resample(image, image.geometry).voxels, image.voxels, atol=1e-5)


def test_outside_is_the_least_value_or_what_is_told():
    image = Image(torch.rand(1, 3, 4, 5) + 7, Geometry.plain((3, 4, 5)))
    wide = image.geometry.cropped((-2, -2, -2), (7, 8, 9))
    assert resample(image, wide).voxels[0, 0, 0, 0] == image.voxels.min()
    assert resample(image, wide, outside=-1024.0).voxels[0, 0, 0, 0] == -1024
    assert torch.allclose(resample(image, wide).voxels[:, 2:5, 2:6, 2:7], image.voxels, atol=1e-5)


def test_shrinking_averages_what_it_covers():
    image = Image(torch.rand(1, 4, 6, 8), Geometry.plain((4, 6, 8)))
    made = resize(image, (2, 3, 4))
    wanted = torch.nn.functional.avg_pool3d(image.voxels, 2)
    assert torch.allclose(made.voxels, wanted, atol=1e-5)


def test_a_pattern_finer_than_the_grid_turns_grey():
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2
    image = Image(board.float()[None, None], Geometry.plain((1, 64, 64)))
    for made in (resize(image, (1, 20, 20)), to_plane_size(image, (20, 20))):
        assert (made.voxels - 0.5).abs().max() < 0.15


def test_the_same_size_is_the_same_picture():
    image = Image(torch.rand(1, 2, 4, 4), Geometry.plain((2, 4, 4)))
    assert resize(image, (2, 4, 4)) is image
    assert to_plane_size(image, (4, 4)) is image


def test_resizing_keeps_the_extent():
    image = Image(torch.rand(1, 4, 6, 8), _oblique((4, 6, 8)))
    made = resize(image, (8, 3, 5))
    assert made.geometry == image.geometry.resized((8, 3, 5))


def test_labels_take_the_nearest_class_and_background_outside():
    labels = LabelMap(torch.tensor([[[[1, 16777217, 3]]]]), Geometry.plain((1, 1, 3)))
    fine = labels.geometry.resized((1, 1, 6)).cropped((0, 0, -1), (1, 1, 8))
    made = resample_labels(labels, fine)
    assert made.labels.flatten().tolist() == [0, 1, 1, 16777217, 16777217, 3, 3, 0]
    assert made.origin is Origin.DERIVED


@pytest.mark.parametrize(
    ("shape", "size"), [((1, 40, 60), (32, 32)), ((2, 60, 40), (32, 48)), ((1, 9, 9), (64, 64))]
)
def test_a_plane_size_cuts_nothing_and_stretches_nothing(shape, size):
    geometry = Geometry.plain(shape, (4.0, 0.8, 0.8))
    made = to_plane_size(Image(torch.rand(1, *shape), geometry), size)
    assert made.geometry.shape == (shape[0], *size)
    _, y, x = made.geometry.spacing
    assert y == pytest.approx(x, rel=0.03)
    for corner in ((0, 0, 0), (shape[0] - 1, shape[1] - 1, shape[2] - 1)):
        index = np.linalg.solve(made.geometry.matrix, (*geometry.position(corner), 1))[:3]
        assert (index > -0.51).all()
        assert (index < np.array(made.geometry.shape) - 0.49).all()


def test_aspect_is_that_of_the_patient_not_of_the_array():
    made = to_plane_size(
        Image(torch.rand(1, 1, 20, 40), Geometry.plain((1, 20, 40), (1.0, 2.0, 1.0))), (20, 20)
    )
    assert made.geometry.spacing[1:] == (2.0, 2.0)


def test_what_is_padded_is_the_edge_of_each_channel():
    voxels = torch.zeros(2, 1, 10, 4)
    voxels[1] = 9
    voxels[:, :, 3:6, 1:3] = 5
    made = to_plane_size(Image(voxels, Geometry.plain((1, 10, 4))), (10, 10))
    assert made.voxels[:, 0, 0, 0].tolist() == [0, 9]
    assert torch.equal(made.voxels[..., 3:7], voxels)


def test_what_is_padded_may_be_told():
    voxels = torch.full((2, 1, 10, 4), 5.0)
    made = to_plane_size(Image(voxels, Geometry.plain((1, 10, 4))), (10, 10), outside=-3.0)
    assert (made.voxels[..., :3] == -3).all()
    assert (made.voxels[..., 7:] == -3).all()
    assert torch.equal(made.voxels[..., 3:7], voxels)


def test_an_impossible_size_is_refused():
    with pytest.raises(ImagingError, match=r"size is \(0, 4\)"):
        to_plane_size(Image(torch.rand(1, 1, 4, 4), Geometry.plain((1, 4, 4))), (0, 4))


@pytest.mark.parametrize("spacing", [(1.0, 1e6, 1e-3), (1.0, 1e-3, 1e6), (1.0, 1e100, 1e-90)])
def test_an_impossible_aspect_is_refused(spacing):
    with pytest.raises(ImagingError, match="wanted an aspect nearer to 8 x 8"):
        to_plane_size(Image(torch.rand(1, 1, 4, 4), Geometry.plain((1, 4, 4), spacing)), (8, 8))


def test_another_spacing_is_one_call_away():
    image = _ramp(Geometry.plain((6, 8, 8)))
    matrix = image.geometry.matrix
    matrix[:3, :3] *= 0.5 / np.array(image.geometry.spacing)
    finer = Geometry.from_matrix(image.geometry.shape, matrix)
    assert torch.allclose(resample(image, finer).voxels, _ramp(finer).voxels, atol=1e-3)
