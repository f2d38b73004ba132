"""TIFF: pages, compressions, and what is refused."""

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image as Pillow

from vesalius.errors import DecodeError
from vesalius.imaging.formats import write_image
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, Origin
from vesalius.imaging.raster import raster_header, read_raster

RNG = np.random.default_rng(0)


def _grey(dtype=np.uint8, most=255):
    return RNG.integers(0, most + 1, (5, 7)).astype(dtype)


def test_pages_of_a_tiff_are_slices(tmp_path):
    array = RNG.integers(0, 65536, (4, 5, 7)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack")
    assert np.array_equal(read_raster(tmp_path / "a.tif").voxels[0].numpy(), array)
    assert raster_header(tmp_path / "a.tif").size == (4, 5, 7)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_pages_are_read(tmp_path, compression):
    pages = [Pillow.fromarray(_grey()) for _ in range(3)]
    path = tmp_path / "a.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    assert np.array_equal(read_raster(path).voxels[0].numpy(), np.stack([np.asarray(page) for page in pages]))


def test_white_is_most_also_where_a_tiff_stores_it_as_zero(tmp_path):
    array = _grey()
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
    assert np.array_equal(read_raster(tmp_path / "a.tif").voxels[0, 0].numpy(), 255 - array)


def test_a_turned_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", _grey(), extratags=[(274, 3, 1, 3, True)])
    with pytest.raises(DecodeError, match="orientation is 3, wanted 1"):
        read_raster(tmp_path / "a.tif")


def test_a_tiff_of_pages_of_different_extent_is_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(_grey())
        file.write(_grey()[:3])
    with pytest.raises(DecodeError, match="2 pictures of different extent"):
        read_raster(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_stored_again_keeps_its_mark(tmp_path, compression):
    image = Image(torch.from_numpy(_grey()[None, None]).float(), Geometry.plain((1, 5, 7)))
    path = write_image(image.derive(image.voxels, Origin.SYNTHETIC), tmp_path / "a.tif")
    with Pillow.open(path) as picture:
        picture.save(tmp_path / "b.tif", compression=compression, tiffinfo={270: picture.tag_v2[270]})
    assert read_raster(tmp_path / "b.tif").origin is Origin.SYNTHETIC
