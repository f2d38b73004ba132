"""Any picture file: which reader it gets, and what is kept in memory."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from vesalius.errors import ImagingError
from vesalius.imaging import formats
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import header, is_picture, read_image, read_labels, write_image, write_labels
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image, LabelMap, Origin
from vesalius.imaging.marks import Mark


def _image(shape=(3, 4, 5), origin=Origin.ACQUIRED) -> Image:
    voxels = torch.arange(float(np.prod(shape))).reshape(1, *shape)
    return Image(voxels, Geometry.plain(shape, (3.0, 1.0, 0.5)), origin=origin)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.NII.GZ", "a.tif", "a.TIFF"])
def test_a_volume_is_read_in_the_format_of_its_name(tmp_path, name):
    path = write_image(_image(), tmp_path / name)
    assert torch.equal(read_image([path]).voxels, _image().voxels)
    assert header(path).size == (3, 4, 5)
    assert is_picture(path)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg"])
def test_a_slice_is_read_in_the_format_of_its_name(tmp_path, name):
    path = write_image(_image((1, 4, 5)), tmp_path / name)
    assert read_image([path]).geometry == _image((1, 4, 5)).geometry
    assert header(path).spacing == (3.0, 1.0, 0.5)
    assert is_picture(path)


def test_a_dicom_series_is_read_whatever_its_files_are_called(tmp_path):
    files = write_dicom(_image(), tmp_path / "series", Mark(Origin.DERIVED), patient="p")
    renamed = [path.rename(path.with_name(f"{5 - n}")) for n, path in enumerate(files)]
    assert all(is_picture(path) for path in renamed)
    assert torch.equal(read_image(renamed).voxels, _image().voxels)
    misnamed = renamed[0].rename(tmp_path / "a.png")
    assert read_image([misnamed]).geometry.shape == (1, 4, 5)
    with pytest.raises(ImagingError, match="looks like DICOM"):
        header(misnamed)


def test_labels_are_read_in_the_format_of_their_name(tmp_path):
    labels = LabelMap(torch.tensor([[[[0, 1, 5]]]]), Geometry.plain((1, 1, 3)))
    for name in ("a.nii.gz", "b.png", "c.tif"):
        path = write_labels(labels, tmp_path / name)
        assert torch.equal(read_labels([path]).labels, labels.labels)


@pytest.mark.parametrize("name", ["a.json", "notes.txt", "metadata.csv", "DICOMDIR", "README"])
def test_other_files_are_no_pictures(tmp_path, name):
    (tmp_path / name).write_text("file,label\nimages/a.png,normal\n" * 9)
    assert not is_picture(tmp_path / name)
    assert not is_picture(tmp_path)


def test_a_text_file_named_like_a_picture_is_met_and_refused(tmp_path):
    for name in ("a.dcm", "a.png", "a.nii", "a.nii.gz", "a.tif"):
        path = tmp_path / name
        path.write_text("hello, I am no picture")
        assert is_picture(path)
        for read in (read_image, read_labels):
            with pytest.raises(ImagingError, match=name):
                read([path])


def test_a_missing_file_is_told(tmp_path):
    for name in ("a.nii", "a.png", "a.dcm"):
        for read in (lambda path: read_image([path]), lambda path: read_labels([path]), header):
            with pytest.raises(ImagingError, match=f"{name}: cannot be opened: No such file"):
                read(tmp_path / name)


def test_a_number_of_files_that_fits_no_format_is_told(tmp_path):
    with pytest.raises(ImagingError, match="no file"):
        read_image([])
    paths = [write_image(_image((1, 4, 5)), tmp_path / f"{n}.png") for n in "ab"]
    for read in (read_image, read_labels):
        with pytest.raises(ImagingError, match=r"a\.png and 1 more file"):
            read(paths)


def test_a_name_that_says_no_format_is_refused(tmp_path):
    with pytest.raises(ImagingError, match=r"suffix is '\.xyz', wanted \.nii"):
        write_image(_image(), tmp_path / "a.xyz")


@pytest.mark.parametrize("name", ["a.nii.gz", "a.png", "a.tif", "a.jpg"])
def test_a_mark_is_never_lower_than_the_picture(tmp_path, name):
    image = _image((1, 4, 5), Origin.SYNTHETIC)
    path = write_image(image, tmp_path / name, Mark(Origin.ACQUIRED, "a lie"))
    assert read_image([path]).origin is Origin.SYNTHETIC


def test_a_higher_mark_raises_the_picture(tmp_path):
    path = write_image(_image((1, 4, 5)), tmp_path / "a.png", Mark(Origin.SYNTHETIC))
    assert read_image([path]).origin is Origin.SYNTHETIC
    labels = LabelMap(torch.tensor([[[[0, 1]]]]), Geometry.plain((1, 1, 2)))
    path = write_labels(labels, tmp_path / "b.png", Mark(Origin.SYNTHETIC))
    assert read_labels([path]).origin is Origin.SYNTHETIC


def test_slice_after_slice_decodes_a_volume_once(tmp_path, monkeypatch):
    path, decoded = write_image(_image(), tmp_path / "a.nii.gz"), []
    read = formats.read_nifti
    monkeypatch.setattr(formats, "read_nifti", lambda path: decoded.append(path) or read(path))
    for z in range(3):
        assert read_image([path]).slice(z).voxels[0, 0, 0, 0] == 20 * z
    assert len(decoded) == 1


def test_a_changed_file_is_decoded_again(tmp_path):
    path = write_image(_image(), tmp_path / "a.nii.gz")
    read_image([path])
    write_image(_image().derive(_image().voxels + 1), path)
    os.utime(path, (1, 1))
    assert read_image([path]).voxels[0, 0, 0, 0] == 1


def test_a_changed_sidecar_is_heard(tmp_path):
    path = write_image(_image(), tmp_path / "a.nii.gz")
    assert read_image([path]).origin is Origin.ACQUIRED
    (tmp_path / "a.json").write_text(Mark(Origin.SYNTHETIC).to_json())
    assert read_image([path]).origin is Origin.SYNTHETIC


def test_a_gzip_of_another_thing_is_refused(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(b"x" * 1000))
    with pytest.raises(ImagingError, match="NIfTI"):
        read_image([path])


def test_a_picture_without_sidecar_or_mark_is_acquired(tmp_path: Path):
    Pillow.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    assert read_image([tmp_path / "a.png"]).origin is Origin.ACQUIRED


@pytest.mark.parametrize(
    "pack", ["nifti_hippocampus", "seg_nuclei", "chest_xray_pneumonia", "nifti_brain_multimodal"]
)
def test_real_packs_are_read(data, pack):
    paths = [path for path in sorted(data(pack).rglob("*")) if is_picture(path)]
    for path in paths[:: len(paths) // 8]:
        image = read_image([path])
        assert header(path).size == image.geometry.shape
        assert image.voxels.isfinite().all()
