"""Recipe options: each recipe has a document of its own under `template.options`.

A recipe's options model stands in `printworks_common.templates.options_<recipe>` and is entered in `OPTIONS`, so that
jobs-api can check a template when it is saved. Options of a recipe that is not entered are checked only by the recipe.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from printworks_common.templates.design import Design
from printworks_common.templates.errors import DesignInvalidError, TemplateInvalidError, problems
from printworks_common.templates.options_diamond import DiamondOptions
from printworks_common.templates.options_numbers import NumbersOptions
from printworks_common.templates.options_photo import PhotoOptions
from printworks_common.templates.template import Template

OPTIONS: dict[str, type[BaseModel]] = {
    "photo": PhotoOptions,
    "diamond-painting": DiamondOptions,
    "paint-by-numbers": NumbersOptions,
}

M = TypeVar("M", bound=BaseModel)


def check_options(template: Template) -> None:
    """Raises `TemplateInvalidError` when the options of a known recipe are wrong."""
    model = OPTIONS.get(template.recipe)
    if model is None:
        return
    options_of(template, model)
    unknown = [name for name in template.customer_options if name not in model.model_fields]
    if unknown:
        raise TemplateInvalidError(f"customer_options names {unknown[0]}, which the recipe does not know.")


def options_of(template: Template, model: type[M], design: Design | None = None) -> M:
    """The recipe's options as `model`; values of the design win where the template allows it.

    Raises `TemplateInvalidError` for the template's own options, `DesignInvalidError` for the customer's.
    """
    try:
        options = model.model_validate(template.options)
    except ValidationError as error:
        raise TemplateInvalidError(f"The template's options have errors: {problems(error)}.") from error
    chosen: dict[str, Any] = dict(design.options) if design else {}
    if not chosen:
        return options
    refused = sorted(set(chosen) - set(template.customer_options))
    if refused:
        raise DesignInvalidError(f"The design sets the option {refused[0]}, which the template does not allow.")
    try:
        return model.model_validate({**template.options, **chosen})
    except ValidationError as error:
        raise DesignInvalidError(f"The design's options have errors: {problems(error)}.") from error
