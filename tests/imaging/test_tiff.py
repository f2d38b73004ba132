"""TIFF: pages, compressions, and what is refused."""

import numpy as np
import pytest
import SimpleITK
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


GREY = [(5, 7), (4, 5, 7)]
DEEP = [(dtype, shape) for dtype in (np.uint16, np.int16, np.int32, np.uint32, np.float32) for shape in GREY]


@pytest.mark.parametrize(("dtype", "shape"), [*DEEP, (np.uint16, (5, 7, 3)), (np.uint16, (4, 5, 7, 3))])
def test_deep_samples_that_only_libtiff_unpacks_are_read_exactly(tmp_path, dtype, shape):
    is_colour = shape[-1] == 3
    deep = np.frombuffer(RNG.bytes(4 * int(np.prod(shape))), np.uint32).reshape(shape)
    array = deep.astype(dtype) if dtype != np.float32 else (deep / 7).astype(dtype)
    picture = SimpleITK.GetImageFromArray(array, isVector=is_colour)
    SimpleITK.WriteImage(picture, str(tmp_path / "a.tif"), useCompression=True, compressor="LZW")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages.first.compression == tifffile.COMPRESSION.LZW
    voxels = read_raster(tmp_path / "a.tif").voxels.double().numpy()
    wanted = np.moveaxis(array, -1, 0) if is_colour else array[None]
    assert np.array_equal(voxels, wanted.reshape(voxels.shape))
    assert raster_header(tmp_path / "a.tif").size == voxels.shape[1:]


def test_white_is_most_also_where_16_packed_bits_store_it_as_zero(tmp_path):
    array = _grey(np.uint16, 65535)
    Pillow.fromarray(array).save(tmp_path / "a.tif", compression="tiff_lzw")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages.first.tags["PhotometricInterpretation"].overwrite(0)
    assert np.array_equal(read_raster(tmp_path / "a.tif").voxels[0, 0].numpy(), 65535 - array)


def test_deep_samples_that_libtiff_would_take_for_others_are_refused(tmp_path):
    Pillow.fromarray(_grey(np.uint16, 65535)).save(tmp_path / "a.tif", compression="tiff_lzw")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages.first.tags["BitsPerSample"].overwrite(12)
    with pytest.raises(DecodeError, match=r"a\.tif"):
        read_raster(tmp_path / "a.tif")


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_samples_that_are_not_called_alpha_are_channels(tmp_path, channels):
    array = RNG.integers(1, 200, (5, 7, channels)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", planarconfig="contig")
    assert np.array_equal(read_raster(tmp_path / "a.tif").voxels[:, 0].numpy(), np.moveaxis(array, -1, 0))


def test_colours_that_were_multiplied_by_their_alpha_are_not_multiplied_again(tmp_path):
    array = np.full((5, 7, 4), 100, np.uint8)
    array[..., 1] = RNG.integers(0, 100, (5, 7))
    for alpha, share in (("assocalpha", 1), ("unassalpha", 100 / 255)):
        tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=[alpha])
        voxels = read_raster(tmp_path / "a.tif").voxels[:, 0].numpy()
        assert np.array_equal(voxels, np.rint(np.moveaxis(array[..., :3], -1, 0) * share)), alpha
