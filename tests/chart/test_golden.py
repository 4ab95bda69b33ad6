"""The rendered scenarios are the committed ones: a change of the chart is seen in the review as what it changes."""

import pytest

from tests.chart.golden import FOLDER, KEPT, text


@pytest.mark.parametrize("name", KEPT)
def test_a_scenario_is_rendered_as_it_was_reviewed(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    assert path.read_text(encoding="utf-8") == text(name), "run `python -m tests.chart.golden`, look at the difference"
