"""What was found of a model's pictures, left with the model: copies stay found."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from vesalius.errors import ModelError, ReleaseError
from vesalius.storage import written

_COPIES = "COPIES FOUND"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The verdict on copying that a model carries.

    Args:
        model: SHA-256 of its weights.
        copying: Code of the verdict.
        evidence: SHA-256 of the evidence record.
        report: Where the report was written.
    """

    model: str
    copying: str
    evidence: str
    report: str

    @property
    def is_copier(self) -> bool:
        """Whether the model was found to repeat people it learnt from."""
        return self.copying == _COPIES


def leave_standing(standing: Standing, folder: Path) -> None:
    """Put a verdict into the folder of its model; copies that were found before stay found.

    A verdict that cannot be read gives way.

    Args:
        standing: What was found.
        folder: Of the model.

    Raises:
        StorageError: The disk is unwilling; what was there is untouched.
    """
    with suppress(ModelError):
        before = read_standing(folder)
        if before is not None and before.model == standing.model and before.is_copier:
            return
    with written(_file(folder)) as beside:
        beside.write_text(json.dumps(asdict(standing), indent=2))


def read_standing(folder: Path) -> Standing | None:
    """The verdict in the folder of a model; None when it was never assessed.

    Raises:
        ModelError: There is one, and it cannot be read.
    """
    try:
        return Standing(**json.loads(_file(folder).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{_file(folder)}: verdict cannot be read ({error}), assess anew") from error


def refuse_copier(folder: Path, weights: str) -> None:
    """Let a model make pictures, or not.

    Args:
        folder: Of the model.
        weights: SHA-256 of its weights; a verdict on others says nothing of it.

    Raises:
        ReleaseError: Copies of training pictures were found among its pictures; names the report.
        ModelError: There is a verdict, and it cannot be read.
    """
    standing = read_standing(folder)
    if standing is not None and standing.model == weights and standing.is_copier:
        raise ReleaseError(
            f"model {weights[:12]} was found to copy training pictures, wanted a model that does not; "
            f"see {standing.report}"
        )


def _file(folder: Path) -> Path:
    return folder / "verdict.json"
