"""The plain loops play what the recipes play."""

from dataclasses import replace

import pytest

from vesalius.cohort.phantom import phantom_cohort
from vesalius.objectives.adaptive import Strength
from vesalius.recipes.synthesis import conditional_gan
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.stream import stack


@pytest.mark.parametrize(("is_adaptive", "looks"), [(True, 3), (False, 0)])
def test_a_plain_step_augments_as_strongly_as_its_recipe_does(script, monkeypatch, is_adaptive, looks):
    people = phantom_cohort(32, size=16)
    recipe = conditional_gan(synthesis_of(people, 16, "label"), people, 1.0)
    assert recipe.objective.adaptive is not None
    if not is_adaptive:
        recipe = replace(recipe, objective=replace(recipe.objective, adaptive=None))
    seen, follow = [], Strength.follow

    def noted(strength, signal):
        seen.append(len(signal))
        follow(strength, signal)

    monkeypatch.setattr(Strength, "follow", noted)
    step = script("plain").hinge(recipe, stack(people, recipe.task))
    for _ in range(3):
        step()
    assert seen == [recipe.batch] * looks
