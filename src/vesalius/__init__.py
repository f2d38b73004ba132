"""Generative models in medicine, with evidence.

Names are brought when they are asked for, so that ``import vesalius`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vesalius.cohort.cohort import Case, Cohort, separate
    from vesalius.cohort.folder import read_cohort
    from vesalius.cohort.phantom import phantom_cohort
    from vesalius.cohort.slices import slices
    from vesalius.cohort.table import write_cohort
    from vesalius.errors import (
        CohortError,
        DecodeError,
        DicomError,
        DivergenceError,
        EmptyCohortError,
        EvidenceError,
        GeometryError,
        ImagingError,
        LeakageError,
        ModelError,
        RecipeError,
        ReleaseError,
        StorageError,
        TrainingError,
        UnitError,
        VesaliusError,
    )
    from vesalius.evidence.assess import assess
    from vesalius.evidence.glance import glance_by
    from vesalius.evidence.record import Evidence
    from vesalius.evidence.release import gate
    from vesalius.evidence.report import write_evidence
    from vesalius.imaging.formats import read_image, read_labels, write_image
    from vesalius.imaging.geometry import Geometry
    from vesalius.imaging.image import Image, LabelMap, Origin
    from vesalius.imaging.marks import Mark
    from vesalius.model.export import write_samples
    from vesalius.model.model import Model, load_model
    from vesalius.recipes.recipe import Recipe
    from vesalius.recipes.synthesis import conditional_gan, relativistic_gan
    from vesalius.tasks.synthesis import Synthesis, synthesis_of
    from vesalius.training.fit import fit
    from vesalius.training.loop import train
    from vesalius.training.stream import stack

_MODULES = {
    "Case": "cohort.cohort",
    "Cohort": "cohort.cohort",
    "CohortError": "errors",
    "DecodeError": "errors",
    "DicomError": "errors",
    "DivergenceError": "errors",
    "EmptyCohortError": "errors",
    "Evidence": "evidence.record",
    "EvidenceError": "errors",
    "Geometry": "imaging.geometry",
    "GeometryError": "errors",
    "Image": "imaging.image",
    "ImagingError": "errors",
    "LabelMap": "imaging.image",
    "LeakageError": "errors",
    "Mark": "imaging.marks",
    "Model": "model.model",
    "ModelError": "errors",
    "Origin": "imaging.image",
    "Recipe": "recipes.recipe",
    "RecipeError": "errors",
    "ReleaseError": "errors",
    "StorageError": "errors",
    "Synthesis": "tasks.synthesis",
    "TrainingError": "errors",
    "UnitError": "errors",
    "VesaliusError": "errors",
    "assess": "evidence.assess",
    "conditional_gan": "recipes.synthesis",
    "fit": "training.fit",
    "gate": "evidence.release",
    "glance_by": "evidence.glance",
    "load_model": "model.model",
    "phantom_cohort": "cohort.phantom",
    "read_cohort": "cohort.folder",
    "read_image": "imaging.formats",
    "read_labels": "imaging.formats",
    "relativistic_gan": "recipes.synthesis",
    "separate": "cohort.cohort",
    "slices": "cohort.slices",
    "stack": "training.stream",
    "synthesis_of": "tasks.synthesis",
    "train": "training.loop",
    "write_cohort": "cohort.table",
    "write_evidence": "evidence.report",
    "write_image": "imaging.formats",
    "write_samples": "model.export",
}

__all__ = [
    "Case",
    "Cohort",
    "CohortError",
    "DecodeError",
    "DicomError",
    "DivergenceError",
    "EmptyCohortError",
    "Evidence",
    "EvidenceError",
    "Geometry",
    "GeometryError",
    "Image",
    "ImagingError",
    "LabelMap",
    "LeakageError",
    "Mark",
    "Model",
    "ModelError",
    "Origin",
    "Recipe",
    "RecipeError",
    "ReleaseError",
    "StorageError",
    "Synthesis",
    "TrainingError",
    "UnitError",
    "VesaliusError",
    "assess",
    "conditional_gan",
    "fit",
    "gate",
    "glance_by",
    "load_model",
    "phantom_cohort",
    "read_cohort",
    "read_image",
    "read_labels",
    "relativistic_gan",
    "separate",
    "slices",
    "stack",
    "synthesis_of",
    "train",
    "write_cohort",
    "write_evidence",
    "write_image",
    "write_samples",
]


def __getattr__(name: str) -> object:
    """Bring a public name when it is asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'vesalius' has no attribute {name!r}")
    return getattr(import_module(f"vesalius.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(_MODULES)
