"""Pictures as cameras, telephones and drawing programs store them."""

import numpy as np
import pytest
from PIL import Image as Pillow

from vesalius.imaging.raster import raster_header, read_raster

RNG = np.random.default_rng(0)


def test_transparent_pixels_lie_on_black(tmp_path):
    array = np.dstack([RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8), np.full((5, 7), 255, np.uint8)])
    array[2, 3] = 200, 100, 50, 0
    for suffix in (".png", ".tif"):
        Pillow.fromarray(array).save(tmp_path / f"a{suffix}")
        voxels = read_raster(tmp_path / f"a{suffix}").voxels[:, 0].numpy()
        assert voxels[:, 2, 3].tolist() == [0, 0, 0]
        assert np.array_equal(voxels[:, 0], array[0, :, :3].T)


def test_16_bits_with_a_transparent_value_are_not_cut_to_8(tmp_path):
    array = np.array([[256, 512, 65535], [7, 512, 0]], np.uint16)
    Pillow.fromarray(array).save(tmp_path / "a.png", transparency=512)
    with Pillow.open(tmp_path / "a.png") as picture:
        assert picture.info["transparency"] == 512
    assert read_raster(tmp_path / "a.png").voxels[0, 0].tolist() == [[256, 0, 65535], [7, 0, 0]]


@pytest.mark.parametrize("size", [(16, 16), (32, 32)])
def test_the_second_picture_that_a_telephone_hides_in_a_jpeg_is_no_slice(tmp_path, size):
    first, second = (Pillow.new("RGB", each, colour) for each, colour in (((32, 32), "red"), (size, "blue")))
    first.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second])
    voxels = read_raster(tmp_path / "a.jpg").voxels
    assert voxels.shape == (3, 1, 32, 32)
    assert (voxels[0] - voxels[2]).min() > 200
    assert raster_header(tmp_path / "a.jpg").size == (1, 32, 32)


def test_the_orientation_of_a_camera_is_applied(tmp_path):
    array = np.zeros((16, 32), np.uint8)
    array[:, :8] = 255
    exif = Pillow.Exif()
    exif[274] = 6
    Pillow.fromarray(array).save(tmp_path / "a.jpg", exif=exif, quality=100)
    voxels = read_raster(tmp_path / "a.jpg").voxels
    assert voxels.shape == (1, 1, 32, 16)
    assert voxels[0, 0, :8].min() > 200
    assert voxels[0, 0, 9:].max() < 50
