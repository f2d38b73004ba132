"""Stored pixels: equal to pydicom's where those are known, and never at the parent's expense."""

import csv
import hashlib
import os
import resource
import signal
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from vesalius.errors import DecodeError, DicomError, ImagingError
from vesalius.imaging import sandbox as sandbox_module
from vesalius.imaging.decode import LIMITS, pixels
from vesalius.imaging.sandbox import sandbox

DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
META = struct.Struct("<HH2sH")


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    return META.pack(group, number, vr, len(value)) + value


def meta(syntax: str) -> bytes:
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    return b"\0" * 128 + b"DICM" + element(2, 0x10, b"UI", uid)


def header(rows: int, columns: int, frames: int = 1, bits: int = 8) -> bytes:
    """Elements of a grey picture in Explicit VR Little Endian, up to its pixels."""
    short = [
        (2, 1),
        (0x10, rows),
        (0x11, columns),
        (0x100, bits),
        (0x101, bits),
        (0x102, bits - 1),
        (0x103, 0),
    ]
    before = element(8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.7\0")
    numbers = {number: element(0x28, number, b"US", struct.pack("<H", value)) for number, value in short}
    numbers[4] = element(0x28, 4, b"CS", b"MONOCHROME2 ")
    numbers[8] = element(0x28, 8, b"IS", f"{frames:<4}".encode())
    return before + b"".join(numbers[number] for number in sorted(numbers))


def pixel_data(value: bytes, length: int | None = None) -> bytes:
    head = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, len(value) if length is None else length)
    return head + value


def encapsulated(*frames: bytes) -> bytes:
    return pixel_data(encapsulate(list(frames)) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), 0xFFFFFFFF)


def run_length(rows: int, columns: int) -> bytes:
    """Zeros of one byte, as runs of 128."""
    return struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * (rows * columns // 128 + 1)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def deflated_zeros(head: bytes, count: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts = [packer.compress(head)]
    parts += [packer.compress(bytes(2**20)) for _ in range(count // 2**20)]
    return b"".join(parts) + packer.flush()


HOSTILE = {
    "deflate bomb": lambda: (
        meta(DeflatedExplicitVRLittleEndian)
        + deflated_zeros(header(10000, 10000) + pixel_data(b"", 100_000_000), 100_000_000)
    ),
    "more pixels declared than held": lambda: (
        meta(ExplicitVRLittleEndian) + header(65535, 65535, 100, 16) + pixel_data(bytes(16))
    ),
    "more bits declared than held": lambda: (
        meta(ExplicitVRLittleEndian) + header(65535, 65535, 100, 1) + pixel_data(bytes(16))
    ),
    "run-length bomb": lambda: (
        meta(RLELossless) + header(20000, 20000) + encapsulated(run_length(20000, 20000))
    ),
    "run-length lie": lambda: meta(RLELossless) + header(60000, 60000) + encapsulated(run_length(8, 8)),
    "element longer than the file": lambda: (
        meta(ExplicitVRLittleEndian) + struct.pack("<HH2sHI", 8, 8, b"UN", 0, 0xFFFFFFF0) + b"end"
    ),
    "20,000 nested sequences": lambda: (
        meta(ExplicitVRLittleEndian)
        + header(8, 8)
        + b"".join(
            struct.pack("<HH2sHIHHI", 0x40, 0x275, b"SQ", 0, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF)
            for _ in range(20000)
        )
    ),
    "frame bomb": lambda: (
        meta(DEFLATED_FRAMES) + header(10000, 10000) + encapsulated(deflated_zeros(b"", 100_000_000))
    ),
    "frame lie": lambda: (
        meta(DEFLATED_FRAMES) + header(8, 8) + encapsulated(deflated_zeros(b"", 100_000_000))
    ),
    "noise as JPEG 2000": lambda: (
        meta(JPEG2000Lossless) + header(64, 64) + encapsulated(b"\xff\x4f\xff\x51" + os.urandom(600))
    ),
    "a thousand million frames": lambda: (
        meta(ExplicitVRLittleEndian) + header(64, 64, 999_999_999) + pixel_data(bytes(4096))
    ),
    "empty": lambda: b"",
    "only a mark": lambda: b"\0" * 128 + b"DICM",
    "text": lambda: b"Once upon a time there was a patient.\n" * 40,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_one_clear_error_and_harms_nobody(name, tmp_path):
    path = tmp_path / "hostile.dcm"
    path.write_bytes(HOSTILE[name]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImagingError, match=r"hostile\.dcm") as caught:
        pixels(path)
    assert "\n" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_a_decoder_that_is_killed_is_replaced():
    path = Path(get_testdata_file("MR_small_RLE.dcm"))
    first = pixels(path)
    with sandbox(LIMITS) as one:
        child = one._child
    assert child is not None
    os.kill(child.pid, signal.SIGSTOP)
    killer = threading.Timer(0.1, os.kill, (child.pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(DecodeError, match="SIGKILL"):
        pixels(path)
    killer.join()
    assert np.array_equal(pixels(path), first)


def test_a_decoder_that_died_idle_is_not_blamed_on_the_next_file():
    path = Path(get_testdata_file("MR_small_RLE.dcm"))
    first = pixels(path)
    with sandbox(LIMITS) as one:
        child = one._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert np.array_equal(pixels(path), first)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_after_an_interrupt_the_next_file_gets_its_own_pixels(stop, monkeypatch):
    first, second = (Path(get_testdata_file(name)) for name in ("MR_small_RLE.dcm", "SC_rgb_rle.dcm"))
    wanted = pixels(second)
    with monkeypatch.context() as patch:
        patch.setattr(sandbox_module, "filled", lambda *_: (_ for _ in ()).throw(stop))
        with pytest.raises(stop):
            pixels(first)
    assert np.array_equal(pixels(second), wanted)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_native_syntax_gives_the_same_values(syntax, tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.remove_private_tags()
    dataset.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "native.dcm"
    dataset.save_as(path, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    assert np.array_equal(pixels(path), dataset.pixel_array)


def test_big_endian_gives_the_same_values():
    little, big = (Path(get_testdata_file(f"MR_small{kind}.dcm")) for kind in ("", "_bigendian"))
    assert np.array_equal(pixels(big), pixels(little))


def test_a_file_without_preamble_and_meta_group_is_read(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    path = tmp_path / "bare"
    pydicom.dcmwrite(path, pydicom.Dataset(dataset), implicit_vr=True, little_endian=True)
    assert path.read_bytes()[:2] == b"\x08\x00"
    assert np.array_equal(pixels(path), dataset.pixel_array)


def test_frames_of_single_bits_are_unpacked_one_by_one(tmp_path):
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, (3, 5, 7), np.uint8)
    packed = [np.packbits(frame, bitorder="little").tobytes() for frame in mask]
    path = tmp_path / "bits.dcm"
    path.write_bytes(meta(DEFLATED_FRAMES) + header(5, 7, 3, 1) + encapsulated(*map(deflated, packed)))
    assert np.array_equal(pixels(path), mask)
    runs = [struct.pack("<16I", 1, 64, *[0] * 14) + bytes([len(p) - 1]) + p for p in packed]
    path.write_bytes(meta(RLELossless) + header(5, 7, 3, 1) + encapsulated(*runs))
    assert np.array_equal(pixels(path), mask)


def test_deflated_frames_of_whole_bytes_are_inflated(tmp_path):
    values = np.arange(2 * 4 * 6, dtype=np.uint16).reshape(2, 4, 6)
    path = tmp_path / "words.dcm"
    frames = [deflated(frame.tobytes()) for frame in values]
    path.write_bytes(meta(DEFLATED_FRAMES) + header(4, 6, 2, 16) + encapsulated(*frames))
    assert np.array_equal(pixels(path), values)


def test_jpeg_of_twelve_bits_is_close_to_its_lossless_twin(data):
    folder = data("dicom_mixed") / "variety"
    lossless = pixels(folder / "JPEG-LL.dcm").astype(int)
    lossy = pixels(folder / "JPGExtended.dcm").astype(int)
    assert lossy.shape == lossless.shape
    assert lossy.max() > 255
    assert np.abs(lossy - lossless).mean() < 3


def test_a_dataset_without_pixels_says_what_it_is():
    with pytest.raises(DicomError, match="RT Plan Storage"):
        pixels(Path(get_testdata_file("rtplan.dcm")))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DicomError, match=r"nothing\.dcm.*No such file"):
        pixels(tmp_path / "nothing.dcm")


def test_all_files_of_the_mixed_collection_have_their_hash_or_one_clear_error(data):
    folder = data("dicom_mixed")
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 210
    answers = {row["file"]: hashed(folder / row["file"]) for row in rows}
    for row in rows:
        if row["pixel_sha256"]:
            wanted = row["pixel_sha256"], np.dtype(row["array_dtype"]), row["array_shape"]
            assert answers[row["file"]] == wanted, row["file"]
    refused = {Path(file).name: reason for file, (reason, dtype, _) in answers.items() if dtype is None}
    assert sorted(refused) == [
        "MR_truncated.dcm",
        "emri_small_jpeg_2k_lossless_too_short.dcm",
        "reportsi.dcm",
        "rtplan.dcm",
        "waveform_ecg.dcm",
    ]
    assert all(name in reason and "\n" not in reason for name, reason in refused.items())


def hashed(path: Path) -> tuple[str, np.dtype | None, str]:
    """Hash, type and shape of the values of a file; or why there are none."""
    try:
        values = pixels(path)
    except ImagingError as error:
        return str(error), None, ""
    digest = hashlib.sha256(np.ascontiguousarray(values)).hexdigest()
    return digest, values.dtype, "x".join(map(str, values.shape))
