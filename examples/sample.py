"""Make pictures of people who do not exist, each of them again by itself."""

from dataclasses import replace
from pathlib import Path

import vesalius as vs

people = vs.phantom_cohort(60, size=32)
task = vs.synthesis_of(people, size=32, fact="label")
recipe = replace(vs.conditional_gan(task, people, minutes=1.0), steps=20)
model = vs.fit(recipe, people, Path("run"))

folder = vs.write_samples(model, [0, 0, 1, 1], seed=7, folder=Path("made"))
for case in vs.read_cohort(folder).cases:
    print(case.key, case.facts["label"], case.image().origin.name)
