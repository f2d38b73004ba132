"""Learn a cohort, watching every step."""

from dataclasses import replace
from pathlib import Path

import vesalius as vs
from vesalius.training.fit import finish, play
from vesalius.training.run import open_run

train, _, test = vs.phantom_cohort(60, size=32).parts()
task = vs.synthesis_of(train, size=32, fact="label")
recipe = replace(vs.conditional_gan(task, train, minutes=1.0), steps=20)

run = open_run(Path("run"), recipe, train)
for tick in play(run):
    if tick.step % 5 == 0:
        print(tick.step, {name: round(value, 3) for name, value in tick.numbers().items()})
print("weights", finish(run).card.weights)
