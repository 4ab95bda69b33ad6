"""Template and design documents: what jobs-api checks, the coordinator pins and the engine draws.

`read_template`, `read_design` read documents; `design_from_properties` makes a design from a line item;
`required_inputs` names what has to be pinned; `options_of` reads a recipe's own options. `json_schemas` gives the
JSON Schemas of both documents.
"""

from printworks_common.templates.base import AssetId, Box, Colour, Document, Name, Point, Size
from printworks_common.templates.design import (
    Crop,
    Design,
    PhotoChoice,
    PlacedSticker,
    TextChoice,
    check_design,
    read_design,
)
from printworks_common.templates.errors import DesignInvalidError, DesignMissingError, TemplateInvalidError
from printworks_common.templates.inputs import (
    InputKind,
    InputRef,
    asset_input,
    font_input,
    palette_input,
    photo_input,
    profile_input,
    required_inputs,
)
from printworks_common.templates.options import check_options, options_of
from printworks_common.templates.properties import (
    DESIGN_PROPERTY,
    PropertyMapping,
    design_from_properties,
    embedded_design,
)
from printworks_common.templates.schemas import json_schemas
from printworks_common.templates.template import Area, Limits, Output, Template, read_template

__all__ = [
    "DESIGN_PROPERTY",
    "Area",
    "AssetId",
    "Box",
    "Colour",
    "Crop",
    "Design",
    "DesignInvalidError",
    "DesignMissingError",
    "Document",
    "InputKind",
    "InputRef",
    "Limits",
    "Name",
    "Output",
    "PhotoChoice",
    "PlacedSticker",
    "Point",
    "PropertyMapping",
    "Size",
    "Template",
    "TemplateInvalidError",
    "TextChoice",
    "asset_input",
    "check_design",
    "check_options",
    "design_from_properties",
    "embedded_design",
    "font_input",
    "json_schemas",
    "options_of",
    "palette_input",
    "photo_input",
    "profile_input",
    "read_design",
    "read_template",
    "required_inputs",
]
