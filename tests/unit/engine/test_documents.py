"""The documentation of rendering: its examples work and its schemas are those of the code."""

import json
import re
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from printworks_common.templates import PropertyMapping, json_schemas, read_design, read_template
from printworks_render.engine import OrderFacts, RenderJob, recipes, render
from printworks_render.engine.fonts import BUNDLED
from printworks_render.engine.recipes import RECIPES

from tests.unit.engine import corpus

DOCS = Path(__file__).parents[3] / "docs" / "rendering"


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_published_schemas_are_those_of_the_code() -> None:
    published = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (DOCS / "schemas").iterdir()}

    assert published == json_schemas()


def test_the_examples_of_template_design_and_mapping_are_valid() -> None:
    template = read_template(examples("templates.md", "json")[0])
    design, mapping = examples("designs.md", "json")

    assert set(read_design(design).photos) == set(template.photo_slots())
    assert PropertyMapping.model_validate_json(mapping).photos == {"photo": "Photo"}


def test_the_example_recipe_renders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("stamps")
    exec(examples("recipes.md", "python")[0], vars(module))
    monkeypatch.setitem(sys.modules, "stamps", module)
    monkeypatch.setitem(recipes.RECIPES, "stamps", "stamps")
    area = {"canvas": {"width_mm": 100, "height_mm": 100}, "dpi": 60, "layers": [{"type": "photo", "slot": "photo"}]}
    document = {"schema_version": 1, "id": "s", "name": "S", "recipe": "stamps", "areas": [area]}
    template = read_template(document | {"outputs": [{"role": "print", "format": "pdf"}]})
    upload = tmp_path / "upload.jpg"
    upload.write_bytes(corpus.jpeg())
    design = read_design({"photos": {"photo": {"source": "https://example.com/p.jpg"}}})
    order = OrderFacts("#1", "1", date(2026, 1, 2))
    (tmp_path / "out").mkdir()

    report = render(RenderJob(template, design, {"photo:photo": upload}, order, "test"), tmp_path / "out")

    assert sum(check.code == "effective_dpi" for check in report.preflight.checks) == 100


def test_every_bundled_font_and_every_layer_is_in_the_reference() -> None:
    page = (DOCS / "templates.md").read_text(encoding="utf-8")
    kinds = json_schemas()["template"]["$defs"]["Area"]["properties"]["layers"]["items"]["discriminator"]["mapping"]

    assert all(f"`{name}`" in page for name in [*BUNDLED, *kinds])


def test_the_recipes_of_the_design_are_registered() -> None:
    assert set(RECIPES) >= {"photo", "diamond-painting", "paint-by-numbers"}
