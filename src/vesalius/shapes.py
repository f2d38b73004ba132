"""The shape alphabet of the house: one letter, one meaning.

========  ==========================================
letter    axis
========  ==========================================
``b``     pictures of one batch
``n``     real (acquired or derived) cases
``m``     made (synthetic) cases
``c``     channels
``z y x`` slices, rows, columns of a picture
``k``     classes
``d``     features of an embedding
``l``     latent coordinates
========  ==========================================

A picture is always ``c z y x``; a radiograph has ``z = 1``.
"""

import numpy as np
from jaxtyping import Float, Float32, Int
from torch import Tensor

Voxels = Float[Tensor, "c z y x"]
"""The values of one picture, in the unit of its `Image`."""

Labels = Int[Tensor, "1 z y x"]
"""The classes of one label map."""

Batch = Float[Tensor, "b c z y x"]
"""Pictures as a network sees them."""

Classes = Int[Tensor, "b"]
"""One class index for each picture of a batch."""

Scores = Float[Tensor, "b *judges"]
"""One real number for each picture of a batch; where there are several judges, one of each."""

Latents = Float[Tensor, "b l"]
"""Where a generator starts from."""

Stack = Float32[np.ndarray, "n c z y x"]
"""Pictures of a cohort side by side, scaled to [-1, 1]; may be memory-mapped."""

Embedding = Float[np.ndarray, "n d"]
"""One row of features for each case."""
