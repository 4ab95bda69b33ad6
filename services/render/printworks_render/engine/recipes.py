"""The recipes. A new one is a module with a `RECIPE` and one line in `RECIPES`.

Modules are imported when they are used, so that who asks for one recipe does not carry the libraries of the others.
Render processes, which get jobs of all kinds, import all before the first one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from printworks_common.failures import Reason

from printworks_render.engine.job import RenderedFile, RenderError, RenderJob, RenderReport

RECIPES: dict[str, str] = {
    "photo": "printworks_render.engine.photo",
    "diamond-painting": "printworks_render.engine.diamond",
    "paint-by-numbers": "printworks_render.engine.numbers",
}
"""Recipe name in a template to the module that has `RECIPE: Recipe`."""


@dataclass(frozen=True)
class Recipe:
    """What a recipe can do.

    render: all files of the job into an existing, empty directory, with preflight; raises `RenderError`.
    preview: one picture per area of what the customer would get, longest side `max_px`, in under a second for a 12 MP
        photo; drawn at reduced size and without preflight.
    memory_bytes: the most memory that `render` will use, from template and pixel sizes of the inputs, without decoding
        them; see `printworks_render.engine.limits`.
    """

    render: Callable[[RenderJob, Path], RenderReport]
    preview: Callable[[RenderJob, Path, int], list[RenderedFile]]
    memory_bytes: Callable[[RenderJob], int]


def recipe_for(name: str) -> Recipe:
    """The recipe of a template. Raises `RenderError(template_invalid)` for an unknown name."""
    module = RECIPES.get(name)
    if module is None:
        raise RenderError(Reason.TEMPLATE_INVALID, f"The template asks for the recipe {name!r}, which does not exist.")
    recipe = import_module(module).RECIPE
    if not isinstance(recipe, Recipe):
        raise TypeError(f"{module}.RECIPE is not a Recipe")
    return recipe


def load_recipes() -> None:
    """Import all recipes: 0.5 s of CPU, of which a job in a fresh process would wait for its part."""
    for name in RECIPES:
        recipe_for(name)
