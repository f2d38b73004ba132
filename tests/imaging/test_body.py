"""The body in a picture, and pictures cut or padded around it."""

import pytest
import torch

from vesalius.errors import GeometryError
from vesalius.imaging.body import body_box, crop_to, pad_to
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, Origin


def _scan() -> Image:
    voxels = torch.full((1, 6, 20, 30), -1000.0)
    voxels[:, 1:5, 4:15, 6:26] = 40
    voxels[:, 0, 0, :3] = 3000
    return Image(voxels, Geometry.plain((6, 20, 30), (5.0, 1.0, 1.0)), HOUNSFIELD, modality="CT")


def test_the_body_is_the_largest_thing():
    scan = _scan().derive(_scan().voxels.clamp(max=100))
    assert body_box(scan) == ((1, 4, 6), (4, 11, 20))


def test_a_margin_ends_where_the_picture_does():
    scan = _scan().derive(_scan().voxels.clamp(max=100))
    assert body_box(scan, margin=3) == ((0, 1, 3), (6, 17, 26))


def test_a_picture_without_contrast_is_all_body():
    assert body_box(Image(torch.ones(1, 2, 3, 4), Geometry.plain((2, 3, 4)))) == ((0, 0, 0), (2, 3, 4))


def test_a_crop_lies_where_it_lay_and_stays_acquired():
    scan = _scan()
    cut = crop_to(scan, (1, 4, 6), (4, 11, 20))
    assert (cut.voxels == 40).all()
    assert cut.geometry.position((0, 0, 0)) == scan.geometry.position((1, 4, 6))
    assert (cut.origin, cut.unit, cut.modality) == (Origin.ACQUIRED, HOUNSFIELD, "CT")


@pytest.mark.parametrize(
    ("start", "shape"), [((-1, 0, 0), (1, 1, 1)), ((0, 0, 29), (1, 1, 2)), ((0, 0, 0), (0, 1, 1))]
)
def test_a_crop_beyond_the_picture_is_refused(start, shape):
    with pytest.raises(GeometryError, match="wanted a part of"):
        crop_to(_scan(), start, shape)


def test_padding_puts_the_picture_into_the_middle_where_it_lay():
    scan = _scan()
    wide = pad_to(scan, (6, 25, 32))
    assert torch.equal(wide.voxels[:, :, 2:22, 1:31], scan.voxels)
    assert wide.geometry.position((0, 2, 1)) == scan.geometry.position((0, 0, 0))
    assert wide.voxels[0, 0, 0, 0] == -1000
    assert pad_to(scan, (6, 25, 32), value=7.0).voxels[0, 0, 0, 0] == 7
    assert wide.origin is Origin.DERIVED


def test_padding_to_the_own_extent_changes_nothing():
    scan = _scan()
    assert pad_to(scan, scan.geometry.shape) is scan


def test_padding_to_less_is_refused():
    with pytest.raises(GeometryError, match=r"\(6, 20, 30\), wanted at most \(6, 19, 30\)"):
        pad_to(_scan(), (6, 19, 30))
