"""The law of NIfTI files: whatever their numbers, packed or not, they are what nibabel says."""

import gzip
import tempfile
from pathlib import Path

import nibabel
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nibabel.nifti1 import Nifti1Header

from vesalius.imaging.nifti import read_nifti


@given(
    st.sampled_from(
        [f"{order}{kind}" for order in "<>" for kind in ("u1", "i1", "u2", "i2", "i4", "f4", "f8")]
    ),
    st.tuples(*[st.integers(1, 6)] * 3) | st.tuples(*[st.integers(1, 4)] * 4),
    st.sampled_from([(1, 0), (2, -1024), (0.1, 3.3), (-1e-3, 0), (1, 0.5)]),
    st.sampled_from([".nii", ".nii.gz"]),
    st.integers(0, 2**32),
)
def test_a_nifti_file_is_read_as_nibabel_reads_it(kind, shape, scale, suffix, seed):
    dtype, rng = np.dtype(kind), np.random.default_rng(seed)
    values = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8).view(dtype)[..., 0]
    values = np.where(np.isfinite(values) & (abs(values) < 1e30), values, 0).astype(dtype)
    header = Nifti1Header(endianness=kind[0])
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header.set_slope_inter(*scale)
    header["magic"], header["vox_offset"] = b"n+1", 352
    whole = header.binaryblock + bytes(4) + values.tobytes(order="F")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(gzip.compress(whole) if suffix.endswith("gz") else whole)
        found, wanted = read_nifti(path).voxels.numpy(), np.asarray(nibabel.load(path).dataobj)
    wanted = wanted.reshape(*shape[:3], -1).transpose(3, 2, 1, 0)
    assert np.array_equal(found, wanted.astype(found.dtype))
    assert found.dtype == np.float32 or not np.array_equal(wanted, wanted.astype(np.float32))
