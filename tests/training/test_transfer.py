"""A run may start from another one, and says whose people come with the weights."""

from dataclasses import replace

import pytest
import torch

from vesalius.cohort.cohort import Cohort
from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import LeakageError, ModelError, RecipeError, ReleaseError, TrainingError
from vesalius.model.card import Card
from vesalius.model.model import load_model
from vesalius.model.standing import Standing, leave_standing
from vesalius.networks.convnet import Generator
from vesalius.objectives.adaptive import Adaptive
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.variational import Variational
from vesalius.objectives.wasserstein import Wasserstein
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training import ledger
from vesalius.training.devices import Machine
from vesalius.training.fit import finish, fit, play
from vesalius.training.rescue import rescue
from vesalius.training.run import fresh, open_run
from vesalius.training.stream import stack
from vesalius.training.transfer import estranged, read_start, remark, started

CPU = Machine("cpu", has_bf16=False)
WEIGHTS = ("stem.weight", "head.weight", "base.weight", "embedding.weight")


@pytest.fixture(scope="module")
def many():
    return phantom_cohort(24, size=16, seed=7)


@pytest.fixture
def earlier(tmp_path, recipe_for, many):
    """A finished run on many people."""
    fit(recipe_for(many, 6), many, tmp_path / "earlier")
    return read_start(tmp_path / "earlier")


def relabelled(cohort, names):
    """The cohort with other names of its classes."""
    cases = tuple(
        replace(case, facts=case.facts | {"label": names[case.facts["label"]]}) for case in cohort.cases
    )
    return Cohort(cases, cohort.name)


def recipe_on(cohort, recipe_for, earlier):
    return started(recipe_for(cohort, 4), earlier)


def test_a_run_begins_where_the_other_was_kept(earlier, recipe_for, people, tmp_path):
    run = open_run(tmp_path / "run", recipe_on(people, recipe_for, earlier), people, start=earlier)
    for name, player in run.game.players.items():
        for key, value in player.state_dict().items():
            assert torch.equal(value, earlier.moment.tensors[f"players/{name}.{key}"]), key
    other = open_run(tmp_path / "other", recipe_for(people, 4), people)
    mine, theirs = (each.game.average.network.state_dict() for each in (run, other))
    assert not any(torch.equal(mine[name], theirs[name]) for name in WEIGHTS)


def test_the_networks_are_those_of_the_other_run(earlier, recipe_for, people):
    recipe = recipe_for(people)
    wide = replace(
        recipe, objective=replace(recipe.objective, generator=Generator(width=8, latent=16), gamma=3.0)
    )
    found = started(wide, earlier)
    assert found.objective.generator == earlier.model.recipe.objective.generator
    assert found.objective.gamma == 3.0
    assert found.start == earlier.model.card.weights


@pytest.mark.parametrize(
    ("theirs", "here", "then"),
    [("class", "all", "all"), ("class", "class", "class"), ("all", "class", "all")],
)
def test_where_classes_are_too_few_for_their_own_mean_all_pictures_are_centred(
    theirs, here, then, recipe_for, many, people, tmp_path
):
    def centred(recipe, common):
        generator = replace(recipe.objective.generator, head_start=4, centred=common)
        return replace(recipe, objective=replace(recipe.objective, generator=generator))

    fit(centred(recipe_for(many, 2), theirs), many, tmp_path / "earlier")
    start = read_start(tmp_path / "earlier")
    recipe = started(centred(recipe_for(people, 2), here), start)
    assert recipe.objective.generator.centred == then
    assert started(recipe, start) == recipe
    assert fit(recipe, people, tmp_path / "run", start=start).recipe.objective.generator.centred == then


def test_classes_go_by_their_name_and_a_new_one_begins_as_the_mean_of_the_known(earlier, recipe_for, people):
    known = earlier.model.recipe.task.classes
    cohort = relabelled(people, {known[0]: "another", known[1]: known[1]})
    recipe = recipe_on(cohort, recipe_for, earlier)
    assert recipe.task.classes == ("another", known[1])
    run = fresh(recipe, stack(cohort, recipe.task), CPU, earlier)
    theirs = earlier.moment.under("players/generator.")
    mine = run.players["generator"].state_dict()
    assert torch.equal(mine["embedding.weight"][1], theirs["embedding.weight"][1])
    assert torch.equal(mine["embedding.weight"][0], theirs["embedding.weight"].mean(0))
    assert torch.equal(mine["base.mean"][1], theirs["base.mean"][1])
    anew = fresh(replace(recipe, start=""), stack(cohort, recipe.task), CPU, None)
    assert torch.equal(mine["base.mean"][0], anew.players["generator"].base.mean[0])


def test_the_strength_of_augmentation_is_fresh_whatever_the_other_run_had(earlier, recipe_for, people):
    objective = Nonsaturating(adaptive=Adaptive(), augment=recipe_for(people).objective.augment)
    recipe = started(replace(recipe_for(people), objective=objective), earlier)
    tensors = earlier.moment.tensors | {"players/strength.value": torch.tensor(0.7)}
    had = replace(earlier, moment=earlier.moment._replace(tensors=tensors))
    for start in (earlier, had):
        game = fresh(recipe, stack(people, recipe.task), CPU, start)
        assert float(game.players["strength"].value) == 0.0


@pytest.mark.parametrize("size", [32, 48])
def test_pictures_of_another_size_are_refused(size, earlier, recipe_for, people):
    recipe = replace(recipe_for(people), task=synthesis_of(people, size, "label"))
    with pytest.raises(RecipeError, match=rf"\(1, 1, {size}, {size}\).*wanted the same"):
        started(recipe, earlier)


def test_colour_does_not_start_from_grey(earlier, recipe_for, people):
    recipe = recipe_for(people)
    with pytest.raises(RecipeError, match=r"\(3, 1, 16, 16\)"):
        started(replace(recipe, task=replace(recipe.task, channels=3)), earlier)


def test_a_game_of_another_family_is_refused(earlier, recipe_for, people):
    with pytest.raises(RecipeError, match=r"variational autoencoder.*a GAN"):
        started(replace(recipe_for(people), objective=Variational()), earlier)


def test_another_game_of_the_family_may_start(earlier, recipe_for, people, tmp_path):
    recipe = started(replace(recipe_for(people), objective=Wasserstein(critic_turns=1), steps=2), earlier)
    assert fit(recipe, people, tmp_path / "run", start=earlier).card.steps == 2


def test_the_card_names_everybody_whose_people_are_in_the_weights(earlier, recipe_for, people, tmp_path):
    middle = fit(recipe_on(people, recipe_for, earlier), people, tmp_path / "middle", start=earlier)
    start = read_start(tmp_path / "middle")
    few = phantom_cohort(8, size=16, seed=9)
    last = fit(recipe_on(few, recipe_for, start), few, tmp_path / "last", start=start)
    told = load_model(tmp_path / "last" / "model").card
    assert [each.weights for each in told.ancestors] == [middle.card.weights, earlier.model.card.weights]
    assert [each.patients for each in told.ancestors] == [12, 24]
    assert Card.from_json(last.card.to_json()) == last.card
    events = [line["event"] for line in ledger.read(tmp_path / "last" / "ledger.jsonl") if "event" in line]
    assert ["12 more people" in events[0], "24 more people" in events[1]] == [True, True]


def test_a_card_from_before_has_no_ancestors(earlier):
    text = earlier.model.card.to_json().replace('"ancestors": [],', "")
    assert Card.from_json(text) == earlier.model.card


def test_a_run_is_taken_up_only_with_the_same_start(earlier, recipe_for, people, tmp_path):
    recipe = recipe_on(people, recipe_for, earlier)
    whole = fit(recipe, people, tmp_path / "whole", start=earlier)
    for _, _tick in zip(
        range(2), play(open_run(tmp_path / "run", recipe, people, start=earlier)), strict=False
    ):
        pass
    with pytest.raises(TrainingError, match=r"another recipe.*start is"):
        open_run(tmp_path / "run", replace(recipe, start=""), people)
    with pytest.raises(TrainingError, match="wanted the run that holds them, not a fresh draw"):
        open_run(tmp_path / "run", recipe, people)
    run = open_run(tmp_path / "run", recipe, people, start=earlier)
    assert 0 < run.game.step < recipe.steps
    for _ in play(run):
        pass
    assert finish(run).card.weights == whole.card.weights
    assert len([line for line in ledger.read(run.ledger) if "event" in line]) == 1


def test_a_run_that_falls_back_to_its_beginning_falls_back_to_the_other_run(
    earlier, recipe_for, people, tmp_path
):
    run = open_run(tmp_path / "run", recipe_on(people, recipe_for, earlier), people, start=earlier)
    with torch.no_grad():
        run.game.players["generator"].head.weight.fill_(float("nan"))
    rescue(run, "spoilt")
    theirs = earlier.moment.tensors["players/generator.head.weight"]
    assert torch.equal(run.game.players["generator"].head.weight, theirs)


def test_people_in_the_weights_are_not_kept_aside(earlier):
    who = earlier.pictures.patients[3]
    earlier.refuse_known(frozenset({"somebody else"}), "test")
    with pytest.raises(LeakageError, match=f"{who}.*one side only"):
        earlier.refuse_known(frozenset({who, "somebody else"}), "test")


def test_weights_that_copy_are_no_start(earlier):
    leave_standing(
        Standing(model=earlier.model.card.weights, copying="COPIES FOUND", evidence="", report="r"),
        earlier.folder / "model",
    )
    with pytest.raises(ReleaseError, match="copy training pictures"):
        read_start(earlier.folder)


def test_a_run_without_its_checkpoints_is_no_start(earlier):
    for file in earlier.folder.glob("*.safetensors"):
        file.unlink()
    with pytest.raises(ModelError, match="no checkpoint is of step 6"):
        read_start(earlier.folder)


def test_a_start_is_remarked_upon_when_its_pictures_are_of_another_modality(earlier):
    recipe = earlier.model.recipe
    assert estranged(recipe, earlier) == ""
    assert estranged(replace(recipe, task=replace(recipe.task, modality="OT")), earlier) == ""
    said = estranged(replace(recipe, task=replace(recipe.task, modality="MR")), earlier)
    assert said.startswith(f"{earlier.folder} learnt from pictures of modality CT, this run learns from MR")


def test_a_start_is_remarked_upon_when_there_is_no_less_to_learn_from(earlier):
    assert remark(earlier, 12) == ""
    assert "learnt from 24 people, this run learns from 24" in remark(earlier, 24)
