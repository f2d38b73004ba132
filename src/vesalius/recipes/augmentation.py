"""Which augmentation a modality and a unit allow, and why not the rest."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from vesalius.errors import RecipeError
from vesalius.imaging.image import ARBITRARY
from vesalius.objectives.augment import Augment

MAGNETIC_RESONANCE = "MR"
"""The only modality whose receive coils shade a picture smoothly."""

UNKNOWN = "OT"
"""DICOM's modality for anything else: what a picture file without a header is."""

UNSIDED = frozenset({"GM", "SM", UNKNOWN})
"""Modalities whose left and right are not known to be sides of a person: microscopy, and unknown ones."""

_MEASURED = "values in {unit} are measurements, and other values are other tissue"
_SIDED = "left and right are sides of a person in {modality}: heart, liver and markers have theirs"
_NO_COIL = "no receive coil shades {modality}"


def forbidden(modality: str, unit: str) -> Mapping[str, str]:
    """Operations that would show the critic pictures which cannot be, each with its reason.

    * Brightness and contrast where values have a unit, such as Hounsfield units.
    * A bias field wherever values have a unit, and in every modality but magnetic resonance; of a
      modality that is not known it is not known.
    * A flip wherever left and right are sides of a person.

    Args:
        modality: DICOM modality, for example ``"CT"``.
        unit: UCUM unit of the values; ``"1"`` where they have none.

    Examples:
        >>> sorted(forbidden("CT", "[hnsf'U]")), sorted(forbidden("MR", "1")), sorted(forbidden("SM", "1"))
        (['bias', 'brightness', 'contrast', 'flip'], ['flip'], ['bias'])
    """
    reasons: dict[str, str] = {}
    if unit != ARBITRARY:
        reasons |= dict.fromkeys(("brightness", "contrast", "bias"), _MEASURED.format(unit=unit))
    if modality not in (MAGNETIC_RESONANCE, UNKNOWN):
        reasons["bias"] = _NO_COIL.format(modality=modality)
    if modality not in UNSIDED:
        reasons["flip"] = _SIDED.format(modality=modality)
    return MappingProxyType(reasons)


def augment_for(modality: str, unit: str) -> Augment:
    """The augmentation of a modality: the house's strengths, less what is `forbidden`.

    Operations that were not measured yet (rotation, scale, noise, bias field) and flips are off
    everywhere.

    Args:
        modality: DICOM modality.
        unit: UCUM unit of the values.
    """
    allowed = Augment()
    return replace(allowed, **{name: type(getattr(allowed, name))() for name in forbidden(modality, unit)})


def refuse_forbidden(augment: Augment, modality: str, unit: str) -> None:
    """Refuse an augmentation that a modality forbids.

    Args:
        augment: Of a recipe.
        modality: DICOM modality of its pictures.
        unit: UCUM unit of their values.

    Raises:
        RecipeError: It is on all the same; the message says why it must not be.
    """
    for name, reason in forbidden(modality, unit).items():
        if getattr(augment, name):
            raise RecipeError(f"augment.{name} is {getattr(augment, name)}, wanted it off: {reason}")
