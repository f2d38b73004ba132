"""What cases and people are called: by the paths of their files, and by what DICOM says of them."""

import os
from hashlib import sha256
from pathlib import Path, PurePosixPath

from vesalius.errors import ImagingError
from vesalius.imaging.dataset import DICOM, is_dicom
from vesalius.imaging.header import read_header


def stem(name: str) -> tuple[str, str]:
    """Name or path of a file without its suffix, and the suffix; ``.nii.gz`` is one."""
    suffix = ".nii.gz" if name.lower().endswith(".nii.gz") else PurePosixPath(name).suffix
    return name[: len(name) - len(suffix)], suffix


def legible(path: Path) -> str:
    r"""A path as text that every table, report and screen can hold.

    Old disks have names that are no UTF-8; their strange bytes are written out.

    Examples:
        >>> import os
        >>> print(legible(Path(os.fsdecode(b"R\xf6ntgen.png"))))
        R\xf6ntgen.png
    """
    return os.fsencode(path.as_posix()).decode(errors="backslashreplace")


def pseudonym(told: str) -> str:
    """What stands for a person in place of what a hospital calls them: twelve digits of a SHA-256."""
    return sha256(told.encode(errors="surrogateescape")).hexdigest()[:12]


def patient_in(path: Path) -> str:
    """Pseudonym of the Patient ID in a DICOM file; ``""`` where a file says none, or cannot be read."""
    if path.suffix.lower() not in DICOM and not is_dicom(path):
        return ""
    try:
        said = read_header(path).patient
    except ImagingError:
        # What is wrong with the file will be said by who looks at its picture.
        return ""
    return pseudonym(said) if said else ""
