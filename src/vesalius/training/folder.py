"""The folder of a run, told from any other."""

from pathlib import Path

from vesalius.errors import StorageError
from vesalius.storage import refuse_in_file

PEOPLE = "cohort.sha256"
"""The file that tells a folder of a run from any other."""


def refuse_folder(folder: Path) -> bool:
    """Refuse what cannot be the folder of a run; whether one was begun there.

    Raises:
        StorageError: It is a file or lies in one, or holds something that is no run.
    """
    refuse_in_file(folder)
    if folder.exists() and not folder.is_dir():
        raise StorageError(folder, "it is a file, wanted a new folder")
    if not folder.exists() or not any(folder.iterdir()):
        return False
    if not (folder / PEOPLE).exists():
        raise StorageError(folder, "it exists already and holds no run, wanted a new folder")
    return True
