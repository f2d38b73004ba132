"""Pictures and label maps."""

import pytest
import torch

from vesalius.errors import GeometryError, UnitError
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import HOUNSFIELD, Image, LabelMap, Origin


def _image(origin: Origin = Origin.ACQUIRED) -> Image:
    voxels = torch.arange(24.0).reshape(1, 2, 3, 4)
    return Image(voxels, Geometry.plain((2, 3, 4), (5.0, 1.0, 1.0)), HOUNSFIELD, origin, "CT")


def _labels() -> LabelMap:
    return LabelMap(torch.arange(24).reshape(1, 2, 3, 4), Geometry.plain((2, 3, 4)))


def test_voxels_must_fill_the_grid():
    with pytest.raises(GeometryError, match=r"\(2, 3, 4\).*\(2, 3, 5\)"):
        Image(torch.zeros(1, 2, 3, 4), Geometry.plain((2, 3, 5)))
    with pytest.raises(GeometryError, match="extent"):
        LabelMap(torch.zeros(1, 2, 3, 4, dtype=torch.int64), Geometry.plain((1, 3, 4)))


def test_a_slice_lies_where_it_lay_and_stays_acquired():
    image = _image()
    part = image.slice(1)
    assert torch.equal(part.voxels, image.voxels[:, 1:])
    assert part.geometry.position((0, 2, 3)) == image.geometry.position((1, 2, 3))
    assert (part.origin, part.unit, part.modality) == (Origin.ACQUIRED, HOUNSFIELD, "CT")
    assert torch.equal(_labels().slice(0).labels, _labels().labels[:, :1])


def test_new_values_are_derived():
    image = _image()
    assert image.derive(image.voxels * 2).origin is Origin.DERIVED
    assert image.derive(image.voxels, Origin.SYNTHETIC).derive(image.voxels).origin is Origin.SYNTHETIC
    assert _labels().derive(_labels().labels, Origin.SYNTHETIC).origin is Origin.SYNTHETIC


def test_another_grid_is_derived_and_keeps_the_unit():
    moved = _image().onto(torch.zeros(1, 1, 1, 1), Geometry.plain((1, 1, 1)))
    assert (moved.origin, moved.unit) == (Origin.DERIVED, HOUNSFIELD)
    labels = _labels().onto(torch.zeros(1, 1, 1, 1, dtype=torch.int64), Geometry.plain((1, 1, 1)))
    assert labels.origin is Origin.DERIVED


def test_another_unit_is_refused():
    _image().wants(HOUNSFIELD)
    with pytest.raises(UnitError, match="wanted 'Gy'"):
        _image().wants("Gy")
