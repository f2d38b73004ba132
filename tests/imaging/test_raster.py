"""PNG, JPEG, BMP and TIFF: values, colours, masks, marks, and what is refused."""

import struct

import numpy as np
import pytest
import SimpleITK
import torch
from PIL import Image as Pillow

from vesalius.errors import DecodeError, ImagingError
from vesalius.imaging.formats import write_image, write_labels
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import ARBITRARY, Code, Image, LabelMap, Origin
from vesalius.imaging.marks import Mark
from vesalius.imaging.raster import raster_header, read_raster, read_raster_labels
from vesalius.imaging.sidecar import Sidecar, beside, write_sidecar

RNG = np.random.default_rng(0)


def _grey(dtype=np.uint8, most=255):
    return RNG.integers(0, most + 1, (5, 7)).astype(dtype)


def _colour():
    return RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)


def _image(voxels, **facts):
    voxels = torch.as_tensor(voxels, dtype=torch.float32)
    return Image(voxels, Geometry.plain(tuple(voxels.shape[1:]), (3.0, 0.5, 0.25)), **facts)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_grey_of_8_bits_is_read_exactly(tmp_path, suffix):
    array = _grey()
    Pillow.fromarray(array).save(tmp_path / f"a{suffix}")
    image = read_raster(tmp_path / f"a{suffix}")
    assert np.array_equal(image.voxels[0, 0].numpy(), array)
    assert (image.unit, image.origin, image.geometry) == (
        ARBITRARY,
        Origin.ACQUIRED,
        Geometry.plain((1, 5, 7)),
    )


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_16_bits_is_read_exactly(tmp_path, suffix):
    array = _grey(np.uint16, 65535)
    Pillow.fromarray(array).save(tmp_path / f"a{suffix}")
    assert np.array_equal(read_raster(tmp_path / f"a{suffix}").voxels[0, 0].numpy(), array)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_colour_is_three_channels(tmp_path, suffix):
    array = _colour()
    Pillow.fromarray(array).save(tmp_path / f"a{suffix}")
    assert np.array_equal(read_raster(tmp_path / f"a{suffix}").voxels[:, 0].numpy(), array.transpose(2, 0, 1))
    assert raster_header(tmp_path / f"a{suffix}").channels == 3


def test_colour_of_16_bits_is_not_cut_to_8(tmp_path):
    array = RNG.integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array, isVector=True), str(tmp_path / "a.png"))
    assert np.array_equal(read_raster(tmp_path / "a.png").voxels[:, 0].numpy(), array.transpose(2, 0, 1))


def test_colour_without_colour_is_grey(tmp_path):
    array = _grey()
    Pillow.fromarray(array).convert("RGB").save(tmp_path / "a.png")
    assert np.array_equal(read_raster(tmp_path / "a.png").voxels[:, 0].numpy(), array[None])


def test_our_own_colour_stays_colour_even_where_it_is_grey(tmp_path):
    image = _image(np.tile(_grey(), (3, 1, 1, 1)))
    assert read_raster(write_image(image, tmp_path / "a.png")).voxels.shape == (3, 1, 5, 7)


def test_palettes_bits_and_cmyk_become_colours(tmp_path):
    array = np.zeros((5, 7, 3), np.uint8)
    array[1:3, 2:5] = 255, 0, 0
    for mode in ("P", "CMYK"):
        path = tmp_path / f"{mode}.{'png' if mode == 'P' else 'tif'}"
        Pillow.fromarray(array).convert(mode).save(path)
        assert np.array_equal(read_raster(path).voxels[:, 0].numpy(), array.transpose(2, 0, 1)), mode
    Pillow.fromarray(array[..., 0] > 0).save(tmp_path / "bits.png")
    assert read_raster(tmp_path / "bits.png").voxels.unique().tolist() == [0, 255]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a.png", RNG.integers(0, 256, (1, 1, 5, 7))),
        ("a.png", RNG.integers(0, 65536, (1, 1, 5, 7))),
        ("a.png", RNG.integers(0, 256, (3, 1, 5, 7))),
        ("a.tif", RNG.integers(-2000, 3000, (1, 4, 5, 7))),
        ("a.tiff", RNG.normal(size=(1, 1, 5, 7)).astype(np.float32)),
        ("a.tif", RNG.integers(0, 65536, (3, 2, 5, 7))),
    ],
)
def test_what_is_written_is_read_again(tmp_path, name, values):
    image = _image(values, unit="Bq/mL", origin=Origin.SYNTHETIC, modality="PT")
    path = write_image(image, tmp_path / name)
    beside(path).unlink()
    again = read_raster(path)
    assert torch.equal(again.voxels, image.voxels)
    assert again.geometry == image.geometry
    assert (again.unit, again.origin, again.modality) == ("Bq/mL", Origin.SYNTHETIC, "PT")
    assert raster_header(path).spacing == (3.0, 0.5, 0.25)
    assert raster_header(path).modality == "PT"


def test_a_jpeg_keeps_its_mark_and_nearly_its_values(tmp_path):
    ramp = np.tile(np.arange(64.0), (1, 1, 64, 1))
    path = write_image(
        _image(ramp, origin=Origin.SYNTHETIC), tmp_path / "a.jpg", Mark(Origin.SYNTHETIC, seed=4)
    )
    beside(path).unlink()
    image = read_raster(path)
    assert image.origin is Origin.SYNTHETIC
    assert image.geometry.spacing == (3.0, 0.5, 0.25)
    assert (image.voxels - torch.from_numpy(ramp)).abs().max() <= 3


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("a.png", [[[[0.5]]]], "wanted what uint8 or uint16 holds exactly"),
        ("a.png", [[[[-1.0]]]], "values from -1 to -1 do not fit .png"),
        ("a.png", [[[[65536.0]]]], "do not fit"),
        ("a.png", np.full((3, 1, 1, 1), 256.0), "wanted what uint8 holds"),
        ("a.jpg", [[[[256.0]]]], "wanted what uint8 holds"),
        ("a.png", np.zeros((1, 2, 1, 1)), r"2 slice\(s\), wanted 1 or 3 and one"),
        ("a.png", np.zeros((2, 1, 1, 1)), r"2 channel\(s\)"),
        ("a.tif", np.zeros((2, 1, 1, 1)), "2 channels, wanted 1 or 3"),
        ("a.tif", [[[[np.inf]]]], "NaN or infinite"),
        ("a.bmp", [[[[1.0]]]], "cannot hold the picture and its mark"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path, name, values, words):
    with pytest.raises(ImagingError, match=words):
        write_image(_image(values), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_mask_of_0_and_255_has_the_classes_0_and_1(tmp_path, suffix):
    mask = np.array([[0, 255], [255, 0]], np.uint8)
    Pillow.fromarray(mask).save(tmp_path / f"a{suffix}")
    assert read_raster_labels(tmp_path / f"a{suffix}").labels.flatten().tolist() == [0, 1, 1, 0]
    Pillow.fromarray(mask > 0).save(tmp_path / f"b{suffix}")
    assert read_raster_labels(tmp_path / f"b{suffix}").labels.flatten().tolist() == [0, 1, 1, 0]
    Pillow.fromarray(mask).convert("RGB").save(tmp_path / f"c{suffix}")
    assert read_raster_labels(tmp_path / f"c{suffix}").labels.flatten().tolist() == [0, 1, 1, 0]


def test_indices_of_instances_and_palettes_stay(tmp_path):
    instances = np.array([[0, 1000], [255, 7]], np.uint16)
    Pillow.fromarray(instances).save(tmp_path / "a.png")
    assert read_raster_labels(tmp_path / "a.png").labels.flatten().tolist() == [0, 1000, 255, 7]
    palette = Pillow.fromarray(np.array([[0, 2], [1, 2]], np.uint8), mode=None)
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    palette.save(tmp_path / "b.png")
    assert read_raster_labels(tmp_path / "b.png").labels.flatten().tolist() == [0, 2, 1, 2]


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("classes", [[0, 1, 2, 3], [0, 255, 255, 0], [0, 60000, 1, 0]])
def test_our_own_label_maps_keep_every_class_and_code(tmp_path, name, classes):
    codes = {255: Code("10200004", "SCT", "Liver")}
    labels = LabelMap(torch.tensor(classes).reshape(1, 1, 2, 2), Geometry.plain((1, 2, 2)), codes)
    path = write_labels(labels, tmp_path / name)
    beside(path).unlink()
    again = read_raster_labels(path)
    assert again.labels.flatten().tolist() == classes
    assert (dict(again.codes), again.origin) == (codes, Origin.DERIVED)


def test_masks_that_cannot_be_classes_are_refused(tmp_path):
    Pillow.fromarray(_colour()).save(tmp_path / "a.png")
    with pytest.raises(ImagingError, match="3 channels, wanted one"):
        read_raster_labels(tmp_path / "a.png")
    Pillow.fromarray(_grey()).save(tmp_path / "a.jpg")
    with pytest.raises(ImagingError, match="JPEG does not keep classes"):
        read_raster_labels(tmp_path / "a.jpg")
    labels = LabelMap(torch.tensor([[[[-1]]]]), Geometry.plain((1, 1, 1)))
    for name in ("b.png", "b.jpg"):
        with pytest.raises(ImagingError):
            write_labels(labels, tmp_path / name)


def test_of_two_origins_the_higher_holds(tmp_path):
    path = write_image(_image(np.zeros((1, 1, 2, 2))), tmp_path / "a.png")
    write_sidecar(Sidecar(Mark(Origin.SYNTHETIC)), path)
    assert read_raster(path).origin is Origin.SYNTHETIC


def test_a_header_says_what_reading_gives(tmp_path):
    exif = Pillow.Exif()
    exif[274] = 6
    Pillow.fromarray(_grey()).save(tmp_path / "turned.jpg", exif=exif)
    pages = [Pillow.fromarray(_grey()) for _ in range(5)]
    pages[0].save(tmp_path / "moving.png", save_all=True, append_images=pages[1:])
    for name in ("turned.jpg", "moving.png"):
        assert raster_header(tmp_path / name).size == read_raster(tmp_path / name).geometry.shape
    assert raster_header(tmp_path / "turned.jpg").size == (1, 7, 5)
    assert raster_header(tmp_path / "moving.png").size == (5, 5, 7)


def test_damaged_tags_are_refused_in_the_words_of_the_house(tmp_path):
    Pillow.fromarray(_grey()).save(tmp_path / "a.tif", compression="tiff_lzw")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "next-page-nowhere.tif").write_bytes(whole[:-4] + b"\0\0\xff\0")
    (tmp_path / "no-extent.tif").write_bytes(
        b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 259, 3, 1, 1) + bytes(4)
    )
    exif = Pillow.Exif()
    exif[274], exif[282] = 6, 1.5
    Pillow.fromarray(_grey()).save(tmp_path / "a.jpg", exif=exif)
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "width-is-a-fraction.jpg").write_bytes(whole.replace(b"\x01\x1a\0\x05", b"\x01\0\0\x05"))
    for name in ("next-page-nowhere.tif", "no-extent.tif", "width-is-a-fraction.jpg"):
        with pytest.raises(DecodeError, match=name):
            read_raster(tmp_path / name)
    with pytest.raises(DecodeError, match="no-extent"):
        raster_header(tmp_path / "no-extent.tif")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
def test_a_damaged_file_is_refused_in_the_words_of_the_house(tmp_path, suffix):
    Pillow.fromarray(RNG.integers(0, 256, (40, 40)).astype(np.uint8)).save(tmp_path / f"a{suffix}")
    whole, path = (tmp_path / f"a{suffix}").read_bytes(), tmp_path / f"b{suffix}"
    for length in RNG.integers(0, len(whole) - 60, 25):
        path.write_bytes(whole[:length])
        with pytest.raises(DecodeError, match=f"b{suffix}"):
            read_raster(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    for name in ("a.png", "a.tif", "a.jpg"):
        (tmp_path / name).write_text("hello")
        for read in (read_raster, raster_header):
            with pytest.raises(DecodeError, match=name):
                read(tmp_path / name)


def test_a_picture_larger_than_the_limit_is_refused(tmp_path, monkeypatch):
    Pillow.fromarray(_grey()).save(tmp_path / "a.png")
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 34)
    with pytest.raises(DecodeError, match=r"35 pixels"):
        read_raster(tmp_path / "a.png")


def test_real_nuclei_are_read_with_masks_and_instances(data):
    folder = data("seg_nuclei")
    for path in sorted((folder / "images").iterdir())[:20]:
        image = read_raster(path)
        mask, instances = (read_raster_labels(folder / kind / path.name) for kind in ("masks", "instances"))
        assert set(mask.labels.unique().tolist()) <= {0, 1}
        assert torch.equal(mask.labels > 0, instances.labels > 0)
        assert image.geometry == mask.geometry
        assert raster_header(path).size == image.geometry.shape


def test_real_radiographs_are_grey(data):
    for path in sorted((data("chest_xray_pneumonia") / "images").iterdir())[:20]:
        image = read_raster(path)
        assert image.voxels.shape == (1, 1, 224, 224)
        assert 0 <= image.voxels.min() < image.voxels.max() <= 255
