"""What claims to be huge is refused in one sentence, before memory is taken for it."""

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from isal import igzip
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from PIL import Image as Pillow

from vesalius.errors import DecodeError
from vesalius.imaging import nifti
from vesalius.imaging.formats import header, read_image
from vesalius.imaging.values import MOST

MIB = 2**20


def claim(kind, shape: tuple[int, ...], dtype=np.uint8) -> bytes:
    """The header of a NIfTI file of this extent, without a voxel behind it."""
    said = kind()
    said.set_data_dtype(dtype)
    said.set_data_shape(shape)
    said["magic"] = b"n+1\0" if kind is Nifti1Header else b"n+2\0\r\n\x1a\n"
    said["vox_offset"] = 352 if kind is Nifti1Header else 544
    return said.binaryblock + bytes(4)


def deflated_png(rows: int, columns: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff(path: Path, rows: int, compression: str | None) -> bytes:
    """A file of two rows that says it has more."""
    if compression == "packbits":
        Pillow.new("L", (20000, 2)).save(path, compression=compression)
    else:
        tifffile.imwrite(path, np.zeros((2, 20000), np.uint8), compression=compression, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        for name in ("ImageLength", "RowsPerStrip"):
            file.pages.first.tags[name].overwrite(rows)
    return path.read_bytes()


CLAIMS = {
    "more than a plain file holds.nii": lambda path: claim(Nifti1Header, (900, 900, 900)),
    "more than a packed file can hold.nii.gz": lambda path: igzip.compress(
        claim(Nifti1Header, (900, 900, 900))
    ),
    "more than anybody has.nii": lambda path: claim(Nifti1Header, (30000, 30000, 30000), np.float64),
    "more than there are.nii": lambda path: claim(Nifti2Header, (2**40, 2**40, 2**40), np.float64),
    "more than deflate gives.png": lambda path: deflated_png(9000, 9000),
    "more pixels than are read.png": lambda path: deflated_png(90000, 90000),
    "more than a plain file holds.tif": lambda path: tiff(path, 40000, None),
    "more than deflate gives.tif": lambda path: tiff(path, 40000, "zlib"),
    "more than run lengths give.tif": lambda path: tiff(path, 40000, "packbits"),
    "more than anybody has.tif": lambda path: tiff(path, 2**31, "lzma"),
}


@pytest.mark.parametrize("name", CLAIMS)
@pytest.mark.parametrize("read", [lambda path: read_image([path]), header], ids=["picture", "header"])
def test_a_claim_that_cannot_be_true_takes_no_memory(tmp_path: Path, name, read):
    path = tmp_path / name
    path.write_bytes(CLAIMS[name](path))
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=r"cannot hold them|wanted at most|exceeds limit") as refused:
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_small_numbers_count_as_the_large_ones_they_become(tmp_path: Path):
    shape = (2048, 1024, 512)
    path = tmp_path / "sparse.nii"
    path.write_bytes(claim(Nifti1Header, (*shape, 2)))
    os.truncate(path, 352 + 2 * MOST)
    with pytest.raises(DecodeError, match=f"{2 * MOST} values declared, wanted at most {MOST}"):
        read_image([path])
    path.write_bytes(claim(Nifti1Header, shape))
    os.truncate(path, 352 + MOST)
    assert header(path).size == shape[::-1]


def test_memory_that_runs_out_while_values_are_scaled_is_one_error(tmp_path: Path, monkeypatch):
    def full(*_):
        raise MemoryError

    scaled = bytearray(claim(Nifti1Header, (2, 3, 4)))
    scaled[112:120] = struct.pack("<2f", 2.0, 1.0)
    for name in ("a.nii", "b.nii"):
        (tmp_path / name).write_bytes(bytes(scaled) + bytes(range(24)))
    voxels = read_image([tmp_path / "a.nii"]).voxels
    assert (voxels.min(), voxels.max()) == (1, 47)
    monkeypatch.setattr(nifti, "singles", full)
    with pytest.raises(DecodeError, match=r"b\.nii.*MemoryError"):
        read_image([tmp_path / "b.nii"])


def test_an_empty_picture_that_packs_well_is_read(tmp_path: Path):
    Pillow.fromarray(np.zeros((3000, 3000), np.uint8)).save(tmp_path / "a.png", compress_level=9)
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3000, 3000), np.uint8), compression="zlib")
    for name in ("a.png", "a.tif"):
        assert not read_image([tmp_path / name]).voxels.any()
