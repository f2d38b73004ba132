"""What the codecs give for files without a hash, against other decoders and against their twins."""

import io
from itertools import pairwise

import numpy as np
import pydicom
import pytest
import SimpleITK
from PIL import Image as Pillow
from pydicom.encaps import generate_frames

from vesalius.imaging.decode import pixels


@pytest.fixture
def variety(data):
    folder = data("dicom_mixed") / "variety"
    return lambda name: folder / f"{name}.dcm"


def frame(path):
    """The one encoded frame of a file."""
    return next(generate_frames(pydicom.dcmread(path, force=True).PixelData, number_of_frames=1))


@pytest.mark.parametrize(
    "names", [["emri_small", "emri_small_jpeg_ls_lossless"], ["JPEG-lossy", "JPGExtended"]]
)
def test_twins_have_the_same_values(variety, names):
    for first, second in pairwise(names):
        assert np.array_equal(pixels(variety(first)), pixels(variety(second)))


def test_near_lossless_colours_are_as_near_as_their_stream_says(variety):
    lossless, near = (pixels(variety(name)).astype(int) for name in ("JLSL_RGB_ILV0", "JLSN_RGB_ILV0"))
    stream = frame(variety("JLSN_RGB_ILV0"))
    # Behind the marker: length, number of components, two bytes for each, and NEAR (T.87 C.2.3).
    scan = stream.index(b"\xff\xda") + 4
    most = stream[scan + 1 + 2 * stream[scan]]
    assert most == 3
    assert np.abs(lossless - near).max() == most


@pytest.mark.parametrize("name", ["HTJ2KLossless_08_RGB", "JPGLosslessP14SV1_1s_1f_8b"])
def test_pillow_reads_the_same_values(variety, name):
    with Pillow.open(io.BytesIO(frame(variety(name)))) as picture:
        assert np.array_equal(np.asarray(picture), pixels(variety(name)))


@pytest.mark.parametrize(
    "name",
    [
        "JLSL_RGB_ILV0",
        "JLSN_RGB_ILV0",
        "JLSL_16_15_1_1F",
        "HTJ2KLossless_08_RGB",
        "JPGLosslessP14SV1_1s_1f_8b",
        "JPEG-LL",
        "JPGExtended",
        "bad_sequence",
    ],
)
def test_itk_reads_the_same_values(variety, name):
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(variety(name)))
    theirs = np.squeeze(SimpleITK.GetArrayFromImage(reader.Execute()))
    said = pydicom.dcmread(variety(name), force=True)
    slope, intercept = said.get("RescaleSlope", 1), said.get("RescaleIntercept", 0)
    assert np.array_equal(theirs, pixels(variety(name)) * float(slope) + float(intercept))
