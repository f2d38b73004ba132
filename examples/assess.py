"""What may be believed of some pictures. Here the made ones are other phantoms: as good as it gets."""

import vesalius as vs

train, _, test = vs.phantom_cohort(300, size=32).parts()
made = vs.phantom_cohort(100, size=32, seed=1)
task = vs.synthesis_of(train, size=32, fact="label")

evidence = vs.assess(
    train=vs.stack(train, task),
    test=vs.stack(test, task),
    made=vs.stack(made, task),
    classes=task.classes,
    quick=True,
)
for verdict in evidence.verdicts:
    print(f"{verdict.area}: {verdict.code}. {verdict.text}")
