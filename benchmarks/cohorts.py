"""The real cohorts that several benchmarks run on, and how they are called here."""

from dataclasses import dataclass
from pathlib import Path

from vesalius.cli.people import People, gather_people
from vesalius.cli.verbs import Selection


@dataclass(frozen=True)
class Choice:
    """A cohort of the data packs, as a user would name it on the command line."""

    pack: str
    selection: Selection
    size: int = 64

    def people(self, data: Path) -> People:
        """Read it and cut it by patient."""
        return gather_people(data / self.pack, self.selection)

    def words(self) -> list[str]:
        """The same as words after ``vesalius expand``."""
        where = [word for conditions in self.selection.where for word in ("--where", *conditions)]
        return [self.pack, "--label", self.selection.label, "--size", str(self.size), *where]


COHORTS = {
    "chest": Choice("chest_xray_pneumonia", Selection()),
    "nuclei": Choice("seg_nuclei", Selection()),
    "hippocampus": Choice("nifti_hippocampus", Selection(label="position"), size=32),
    "ct-mr": Choice("dicom_mixed", Selection(where=(("group=ct_head_ge,mr_pacsman_series",),))),
}
