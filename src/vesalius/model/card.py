"""What a model says of itself."""

import json
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version

from vesalius.errors import ModelError

INTENDED_USE = (
    "Research and decision support. Not a medical device. Pictures made by this model show "
    "nobody and must never be read as a finding of a patient."
)


@dataclass(frozen=True, kw_only=True)
class Ancestor:
    """A model whose weights another one started from: its training people are in both.

    Args:
        weights: SHA-256 of its weight file.
        cohort: Name of its training cohort.
        fingerprint: SHA-256 of the content of the pictures of that cohort.
        cases: Its training pictures.
        patients: Different people among them.
    """

    weights: str
    cohort: str
    fingerprint: str
    cases: int
    patients: int


@dataclass(frozen=True, kw_only=True)
class Card:
    """Who made a model, from whom, and for what.

    Args:
        weights: SHA-256 of the weight file.
        cohort: Name of the training cohort.
        fingerprint: SHA-256 of the content of its pictures.
        cases: Training pictures.
        patients: Different people among them.
        counts: Training pictures of each class.
        steps: Steps after which the weights were kept.
        played: Steps played in all.
        judged_by: People aside by whom that step was chosen; 0 when it is simply the last.
        seconds: Time played.
        seed: Of everything random.
        ancestors: Models whose weights this one started from, the latest first.
        software: Version of this package.
        torch: Version of the tensor library.
        intended_use: What it may be used for.
    """

    weights: str
    cohort: str
    fingerprint: str
    cases: int
    patients: int
    counts: dict[str, int]
    steps: int
    played: int
    judged_by: int
    seconds: float
    seed: int
    ancestors: tuple[Ancestor, ...] = ()
    software: str = field(default_factory=lambda: version("vesalius"))
    torch: str = field(default_factory=lambda: version("torch"))
    intended_use: str = INTENDED_USE

    @property
    def lineage(self) -> tuple[Ancestor, ...]:
        """This model and those that it started from: what one that starts from it is to know."""
        mine = {each.name: getattr(self, each.name) for each in fields(Ancestor)}
        return Ancestor(**mine), *self.ancestors

    def to_json(self) -> str:
        """The card, indented for people."""
        return json.dumps(asdict(self), indent=2)

    @staticmethod
    def from_json(text: str) -> "Card":
        """What `to_json` wrote.

        Raises:
            ModelError: The text is not a card.
        """
        try:
            told = json.loads(text)
            told["ancestors"] = tuple(Ancestor(**each) for each in told.get("ancestors", ()))
            return Card(**told)
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"card cannot be read ({error}), wanted what Card.to_json writes") from error
