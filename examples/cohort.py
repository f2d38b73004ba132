"""Who is in a folder, and what cannot be used."""

from pathlib import Path

import vesalius as vs
from vesalius.cohort.folder import survey

folder = Path("scans")
for case in vs.phantom_cohort(12).cases:
    vs.write_image(case.image(), folder / str(case.facts["label"]) / f"{case.patient}.nii.gz")
(folder / "healthy" / "torn.png").write_text("no picture")

found = survey(folder)
print(len(found.cohort), "cases of", len(found.cohort.patients), "patients:", found.cohort.levels("label"))
for problem in found.problems:
    print("left out:", problem.reason)
