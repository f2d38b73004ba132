"""PNG, JPEG, BMP and TIFF files in and out.

They know no patient. Where a sidecar, inside or beside, tells nothing else, voxels are 1 mm apart:
printed resolutions (dots per inch) are not believed. Colour is red, green, blue; a colour file
without our mark whose three channels agree everywhere is read as the grey picture it is. Palettes and CMYK
become RGB, transparent pixels are laid on black, and a camera's EXIF orientation is applied.
The pages of a TIFF file are slices.
"""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK
import tifffile
import torch
from jaxtyping import Num
from PIL import ImageOps
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from vesalius.errors import DecodeError, ImagingError
from vesalius.imaging.extent import Header
from vesalius.imaging.image import Image, LabelMap, Origin
from vesalius.imaging.marks import SOFTWARE
from vesalius.imaging.sidecar import Sidecar, read_sidecar
from vesalius.shapes import Labels, Voxels
from vesalius.storage import written

PNG, JPEG, TIFF, BMP = (".png",), (".jpg", ".jpeg"), (".tif", ".tiff"), (".bmp",)
SUFFIXES = PNG + JPEG + TIFF + BMP
"""How the names of raster pictures end."""

_DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    Pillow.DecompressionBombError,
    Pillow.DecompressionBombWarning,
)
