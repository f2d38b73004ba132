"""What a foreign file may cost: memory, processor time, patience and samples."""

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from vesalius.errors import DecodeError, DicomError
from vesalius.imaging.decode import LIMITS, pixels

SMALL = Path(get_testdata_file("MR_small_RLE.dcm"))


@pytest.fixture
def zeros(tmp_path, ct):
    """Write run-length encoded zeros of one byte that claim any extent."""

    def write(rows: int, columns: int, held: int) -> Path:
        dataset = ct(0, np.zeros((1, 1), np.uint8), Rows=rows, Columns=columns)
        dataset.file_meta.TransferSyntaxUID = RLELossless
        runs = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * (held // 128 + 1)
        dataset.PixelData = encapsulate([runs])
        dataset["PixelData"].is_undefined_length = True
        dataset.save_as(tmp_path / "zeros.dcm")
        return tmp_path / "zeros.dcm"

    return write


def test_a_decoder_that_outgrows_its_memory_is_replaced(zeros):
    careless = replace(LIMITS, voxels=2**40, ratio=2**40, memory=2**30)
    with pytest.raises(DecodeError, match=r"RLE Lossless .*: more memory needed than allowed"):
        pixels(zeros(60_000, 60_000, held=64), careless)
    assert pixels(SMALL, careless).shape == (64, 64)


def test_a_decoder_that_needs_too_much_processor_time_is_ended(zeros):
    # The system counts whole seconds: a second goes by before anything is too much.
    hurried = replace(LIMITS, cpu_seconds=0, voxels=2**31, memory=2**34)
    with pytest.raises(DecodeError, match="more than 0 s of processor time needed"):
        pixels(zeros(2**15, 2**15, held=2**30), hurried)
    assert pixels(SMALL, hurried).shape == (64, 64)


def test_a_decoder_that_does_not_answer_in_time_is_ended():
    with pytest.raises(DecodeError, match=r"no answer within 0\.001 s"):
        pixels(SMALL, replace(LIMITS, wall_seconds=0.001))


def test_the_limit_of_samples_holds_to_the_last_one():
    assert pixels(SMALL, replace(LIMITS, voxels=64 * 64)).shape == (64, 64)
    with pytest.raises(DicomError, match="4096 samples declared, wanted at most 4095"):
        pixels(SMALL, replace(LIMITS, voxels=64 * 64 - 1))
