"""Smooth fields: within their knots, true to straight lines, and exact at known places."""

import pytest
import torch

from vesalius.networks.blocks import seeded
from vesalius.objectives.fields import field, knot_places

FORMS = ("straight", "polynomial", "spline")
LEAST = {"straight": 2, "polynomial": 3, "spline": 7}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sides", [(12, 64), (10, 12, 7)])
def test_a_field_stays_within_its_knots_and_a_constant_one_is_constant(form, sides):
    knots = torch.rand(4, 2, *[LEAST[form]] * len(sides), generator=seeded(3)) * 2 - 1
    values = field(knots, sides, form)
    assert values.shape == (4, 2, *sides)
    over = tuple(range(2, values.ndim))
    assert bool((values.amax(over) <= knots.amax(over) + 1e-6).all())
    assert bool((values.amin(over) >= knots.amin(over) - 1e-6).all())
    assert torch.allclose(field(torch.ones_like(knots), sides, form), torch.ones(1))


@pytest.mark.parametrize("form", ["straight", "spline"])
@pytest.mark.parametrize("side", [1, 5, 64])
def test_a_straight_line_through_the_knots_is_a_straight_line_through_the_voxels(form, side):
    knots = knot_places(LEAST[form], side, form).view(1, 1, -1)
    wanted = torch.arange(side) - (side - 1) / 2
    assert torch.allclose(field(knots, (side,), form)[0, 0], wanted, atol=1e-5)


def test_a_polynomial_of_three_knots_on_a_line_is_that_line():
    ramp = field(torch.tensor([-1.0, 0.0, 1.0]).view(1, 1, 3), (4,), "polynomial")
    assert torch.allclose(ramp[0, 0], torch.tensor([-0.75, -0.25, 0.25, 0.75]), atol=1e-6)


def test_one_knot_of_a_spline_is_two_thirds_where_it_lies_and_nothing_two_gaps_away():
    knots = torch.zeros(1, 1, 7)
    knots[..., 3] = 1.0
    values = field(knots, (41,))[0, 0]
    assert float(values[20]) == pytest.approx(2 / 3, abs=1e-6)
    assert torch.allclose(values, values.flip(0), atol=1e-6)
    assert float(values[:1].sum()) == pytest.approx(0.0, abs=1e-3)
