"""Small copies of pictures by which one is recognised as another."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from vesalius.cohort.cohort import Case, Cohort
from vesalius.cohort.fingerprint import content
from vesalius.cohort.threads import each
from vesalius.errors import ImagingError

LARGE = 64
"""Rows and columns of the thumbnails that decide."""

SMALL = 32
"""Rows and columns of the thumbnails that propose."""


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """What is compared of a cohort: one row for each picture that could be read.

    Each row has mean 0 and length 1, so that the product of two is their normalised
    cross-correlation; a constant picture is all zero and correlates with nothing.

    Args:
        large: Thumbnails of `LARGE` rows and columns.
        small: The same with `SMALL`.
        keys: Names of the cases.
        patients: Whose they are.
        contents: Hash of all values of each picture.
    """

    large: Float32[np.ndarray, "n large"]
    small: Float32[np.ndarray, "n small"]
    keys: tuple[str, ...]
    patients: tuple[str, ...]
    contents: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)


def thumbnails(cohort: Cohort, role: str = "image") -> Thumbnails:
    """Decode every picture once and keep its thumbnail; of a volume, the middle slice.

    Pictures that cannot be read, and cases without the role, have none.

    Args:
        cohort: Whom to look at.
        role: Which picture of each case.
    """

    def seen(case: Case) -> tuple[Tensor, str] | None:
        try:
            image = case.pictures[role].read()
        except ImagingError:
            return None
        return _pooled(image.voxels[None]), content(image)

    cases = [case for case in cohort.cases if role in case.pictures]
    found = [(case, *one) for case, one in zip(cases, each(seen, cases), strict=True) if one]
    rows = [row for _, row, _ in found]
    large = torch.cat(rows) if rows else torch.zeros(0, 1, LARGE, LARGE)
    small = adaptive_avg_pool2d(large, SMALL) if rows else torch.zeros(0, 1, SMALL, SMALL)
    keys, patients = tuple(case.key for case, *_ in found), tuple(case.patient for case, *_ in found)
    return Thumbnails(_unit(large), _unit(small), keys, patients, tuple(told for *_, told in found))


def _pooled(voxels: Float[Tensor, "n c z y x"]) -> Float[Tensor, "n 1 large large"]:
    middle = voxels[:, :, voxels.shape[2] // 2].float().mean(1, keepdim=True)
    return adaptive_avg_pool2d(middle, LARGE)


def _unit(pictures: Float[Tensor, "n 1 side side"]) -> Float32[np.ndarray, "n d"]:
    rows = pictures.flatten(1).double().numpy()
    rows = rows - rows.mean(1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    # Float32 values leave a dust of rounding in a constant picture; it must not be blown up to length 1.
    flat = length <= 1e-6 * np.abs(pictures.flatten(1).double().numpy()).max(1, keepdims=True, initial=1e-30)
    return np.where(flat, 0, rows / np.where(flat, 1, length)).astype(np.float32)
