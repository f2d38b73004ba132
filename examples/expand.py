"""The whole way: learn, keep the best moment, make pictures, gather evidence, release."""

from dataclasses import replace
from pathlib import Path

import vesalius as vs

train, val, test = vs.phantom_cohort(200, size=32).parts()
task = vs.synthesis_of(train, size=32, fact="label")
learnt = vs.stack(train, task)

recipe = replace(vs.conditional_gan(task, train, minutes=1.0), steps=10)
judge = vs.glance_by(learnt, vs.stack(val, task))
model = vs.fit(recipe, train, Path("run"), judge=judge)

folder = vs.write_samples(model, [0] * 30 + [1] * 30, seed=1, folder=Path("made"))
made = vs.stack(vs.read_cohort(folder), task)
evidence = vs.assess(train=learnt, test=vs.stack(test, task), made=made, classes=task.classes, quick=True)
vs.write_evidence(evidence, Path("evidence"))
for warning in vs.gate(evidence):
    print("warning:", warning)
