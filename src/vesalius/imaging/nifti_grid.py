"""The grid of a NIfTI header: RAS becomes LPS here and nowhere else.

It is told by the sform if that is set and spans space, else by the qform if that is set and valid,
else by the voxel sizes alone, in plain axial order; a size that is 0 or no number counts as 1 mm.
Lengths in metres or microns become millimetres. Voxels keep the order of the file: nothing is
flipped, only located.

Source:
    NIfTI-1.1 header (R. Cox et al., 2004), "3D IMAGE (VOLUME) ORIENTATION AND LOCATION IN SPACE";
    method 3 (sform) goes before method 2 (qform), as in nibabel.
"""

import numpy as np
from jaxtyping import Float
from nibabel.nifti1 import Nifti1Header
from nibabel.spatialimages import HeaderDataError

from vesalius.imaging.geometry import Geometry

_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM = {1: 1000.0, 3: 0.001}

Matrix = Float[np.ndarray, "4 4"]


def extent(header: Nifti1Header) -> tuple[int, int, int, int]:
    """Channels, slices, rows and columns; every axis after the third counts as channels."""
    x, y, z, *rest = (*header.get_data_shape(), 1, 1)[: max(3, len(header.get_data_shape()))]
    colours = header.get_data_dtype().names or ("grey",)
    return int(np.prod(rest, dtype=int)) * len(colours), z, y, x


def grid(header: Nifti1Header) -> Geometry:
    """Where the voxels lie."""
    _, z, y, x = extent(header)
    scale = _MM.get(int(header["xyzt_units"]) & 7, 1.0)
    affine = _sform(header)
    affine = _qform(header) if affine is None else affine
    if affine is not None:
        affine[:3] *= scale
        return Geometry.from_matrix((z, y, x), (_LPS @ affine)[:, [2, 1, 0, 3]])
    sizes = np.abs(header["pixdim"][1:4].astype(float)) * scale
    dx, dy, dz = np.where(np.isfinite(sizes) & (sizes > 0), sizes, 1.0).tolist()
    return Geometry.plain((z, y, x), (dz, dy, dx))


def contradictions(header: Nifti1Header) -> tuple[str, ...]:
    """What its two tellings of the grid say against each other, in words; nothing when only one does."""
    sform, qform = _sform(header), _qform(header)
    if sform is None or qform is None or np.linalg.det(sform[:3, :3] @ qform[:3, :3]) > 0:
        return ()
    return ("sform and qform mirror each other; the sform is believed",)


def locate(header: Nifti1Header, geometry: Geometry) -> None:
    """Write a grid: as sform, and as qform where the axes stand at right angles."""
    affine = _LPS @ geometry.matrix[:, [2, 1, 0, 3]]
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    is_right_angled = np.allclose(axes.T @ axes, np.eye(3), atol=1e-5)
    header.set_xyzt_units("mm")
    header.set_qform(affine, code="scanner" if is_right_angled else "unknown", strip_shears=True)
    header.set_sform(affine, code="scanner")


def _sform(header: Nifti1Header) -> Matrix | None:
    affine = np.asarray(header.get_sform())
    return affine if int(header["sform_code"]) > 0 and _spans_space(affine) else None


def _qform(header: Nifti1Header) -> Matrix | None:
    if int(header["qform_code"]) <= 0:
        return None
    try:
        affine = np.asarray(header.get_qform())
    except HeaderDataError:
        return None
    return affine if _spans_space(affine) else None


def _spans_space(affine: Matrix) -> bool:
    return bool(np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-12)
