"""What a model cannot make is refused before anything is drawn, and tables are as wide as their head."""

import pytest

from vesalius.cohort.phantom import phantom_cohort
from vesalius.errors import ModelError, StorageError
from vesalius.model import model as models
from vesalius.model.bulk import write_in_bulk
from vesalius.model.card import Card
from vesalius.model.export import columns_of, write_samples, write_table
from vesalius.model.model import Model, load_model
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.augmentation import augment_for
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of


def made_of(fact):
    """A model that was never trained."""
    task = synthesis_of(phantom_cohort(12, size=16), 16, "label")
    task = type(task)(**{**vars(task), "fact": fact})
    objective = Hinge(
        generator=Generator(width=4, latent=8),
        discriminator=Discriminator(width=4),
        augment=augment_for(task.modality, task.made.unit),
    )
    recipe = Recipe(task=task, objective=objective, steps=1, batch=4, half_life=9.0)
    numbers = {"cases": 12, "patients": 12, "counts": {}, "steps": 1, "played": 1, "judged_by": 0, "seed": 0}
    card = Card(weights="", cohort="toy", fingerprint="", seconds=1.0, **numbers)
    return Model(recipe, objective.generator.build(task.shape, 2).eval(), card)


@pytest.mark.parametrize(
    ("classes", "seed", "said"),
    [
        ([0, 1, 7], 5, "class index is 7, wanted 0 to 1"),
        ([0, -1], 5, "class index is -1"),
        ([0], -1, "seed is -1"),
        ([], 5, "no picture is asked for"),
    ],
)
def test_whatever_cannot_be_made_is_refused_before_the_first_picture(
    classes, seed, said, tmp_path, monkeypatch
):
    made_of("label").save(tmp_path / "model")
    monkeypatch.setattr(models, "drawn", None)
    with pytest.raises(ModelError, match=said):
        write_in_bulk(tmp_path / "model", classes, seed, tmp_path / "made")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(("fact", "last"), [("label", "index"), ("stage", "stage")])
def test_every_line_of_the_table_is_as_wide_as_its_head(fact, last, tmp_path):
    model = made_of(fact)
    folder = write_samples(model, [0, 1], 3, tmp_path / "made", nifti=True)
    head, *lines = [line.split(",") for line in (folder / "metadata.csv").read_text().splitlines()]
    assert tuple(head) == columns_of(model)
    assert head[-1] == last
    assert {len(line) for line in lines} == {len(head)}


def test_a_line_of_another_width_is_refused(tmp_path):
    with pytest.raises(StorageError, match="line 2 has 1 cells, wanted 2"):
        write_table(tmp_path / "table.csv", [("a", "b"), ("1",)])
    assert not (tmp_path / "table.csv").exists()


def test_a_card_that_is_no_text_is_refused_by_name(tmp_path):
    made_of("label").save(tmp_path / "model")
    (tmp_path / "model" / "card.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match=r"model: card.json is damaged"):
        load_model(tmp_path / "model")
