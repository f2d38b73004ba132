"""What a file says of the origin of its picture."""

import json
from dataclasses import asdict, dataclass, fields, replace

from vesalius.errors import ImagingError
from vesalius.imaging.image import Origin

SOFTWARE = "Vesalius"
"""The name under which marked files can be found again."""


@dataclass(frozen=True)
class Mark:
    """Who made a picture, how, and with what proof; every writer puts it into its format.

    Args:
        origin: How far the picture stands from the scanner.
        method: One sentence: what was done, for readers of the file.
        model: SHA-256 of the model that made it, or ``""`` when no model did.
        seed: Seed that makes this very picture again, or None.
        evidence: SHA-256 of the evidence record, or ``""`` before there is one.
        version: Version of the software.

    Source:
        DICOM PS3.3 C.12.1 (Synthetic Data, Contributing Equipment) for what has to be said.
    """

    origin: Origin
    method: str = ""
    model: str = ""
    seed: int | None = None
    evidence: str = ""
    version: str = ""

    @property
    def is_synthetic(self) -> bool:
        """Whether some of the content was made rather than acquired."""
        return self.origin is Origin.SYNTHETIC

    def at_least(self, origin: Origin) -> "Mark":
        """The same mark, never closer to the scanner than the picture that carries it."""
        return replace(self, origin=max(self.origin, origin))

    def to_json(self) -> str:
        """One line of JSON, for sidecars and text fields of formats."""
        said = {"software": SOFTWARE, "synthetic": self.is_synthetic}
        return json.dumps(said | asdict(self) | {"origin": self.origin.name}, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Mark":
        """What `to_json` wrote, whatever else stands beside it.

        Raises:
            ImagingError: The text is not a mark.
        """
        names = [field.name for field in fields(Mark)]
        try:
            said = json.loads(text)
            return Mark(Origin[said["origin"]], **{key: said[key] for key in names[1:] if key in said})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ImagingError(
                f"mark {text[:80]!r} cannot be read, wanted what Mark.to_json writes"
            ) from error
