"""The products that `make up` and the demo set up in every shop: template and mapping of each SKU.

The picture's address stands in the line item's property `Photo`, the customer's text in `Text`.
"""

from dataclasses import dataclass
from typing import Any

PHOTO_PROPERTY = "Photo"
TEXT_PROPERTY = "Text"


@dataclass(frozen=True, slots=True)
class Product:
    """A mapped product of the demo."""

    sku: str
    title: str
    template_id: str
    recipe: str
    template: dict[str, Any]
    takes_text: bool

    def mapping(self) -> dict[str, Any]:
        properties: dict[str, Any] = {"photos": {"photo": PHOTO_PROPERTY}}
        if self.takes_text:
            properties["texts"] = {"text": TEXT_PROPERTY}
        return {"sku": self.sku, "template_id": self.template_id, "properties": properties}


def photo_template(template_id: str, name: str, *, width_mm: int, height_mm: int, dpi: int = 300) -> dict[str, Any]:
    """A photo that covers the print, with a line of text on it."""
    return {
        "schema_version": 1,
        "id": template_id,
        "name": name,
        "recipe": "photo",
        "areas": [
            {
                "id": "front",
                "canvas": {"width_mm": width_mm, "height_mm": height_mm},
                "orientation": "by_picture",
                "dpi": dpi,
                "bleed_mm": 3,
                "layers": [
                    {"type": "photo", "slot": "photo"},
                    {
                        "type": "text",
                        "slot": "text",
                        "box": {
                            "x": width_mm * 0.1,
                            "y": height_mm * 0.8,
                            "width": width_mm * 0.8,
                            "height": height_mm * 0.14,
                        },
                        "size_pt": 24,
                        "colour": "#ffffff",
                        "outline": {"colour": "#202020", "width_pt": 1},
                    },
                ],
            }
        ],
        "outputs": [{"role": "print", "format": "pdf"}],
        # Two ways of scaling a waterfall down differ more than the default allows.
    }


def _kit_area(width_mm: int, height_mm: int) -> dict[str, Any]:
    """A canvas with the recipe's own picture on it, turned with the photo."""
    return {
        "id": "front",
        "canvas": {"width_mm": width_mm, "height_mm": height_mm},
        "orientation": "by_picture",
        "dpi": 300,
        "layers": [{"type": "canvas", "slot": "photo"}],
    }


PHOTO = Product(
    "PW-PHOTO",
    "Photo print",
    "photo-print",
    "photo",
    photo_template("photo-print", "Photo print 15 x 10 cm", width_mm=150, height_mm=100),
    takes_text=True,
)

DIAMOND = Product(
    "PW-DIAMOND",
    "Diamond painting kit",
    "diamond-kit",
    "diamond-painting",
    {
        "schema_version": 1,
        "id": "diamond-kit",
        "name": "Diamond painting 20 x 25 cm",
        "recipe": "diamond-painting",
        "areas": [_kit_area(200, 250)],
        "options": {"colours": 24},
        "outputs": [
            {"role": "print", "format": "pdf"},
            {"role": "pattern", "format": "pdf"},
            {"role": "pattern", "format": "xlsx"},
            {"role": "chart", "format": "pdf"},
        ],
    },
    takes_text=False,
)

NUMBERS = Product(
    "PW-NUMBERS",
    "Paint by numbers kit",
    "numbers-kit",
    "paint-by-numbers",
    {
        "schema_version": 1,
        "id": "numbers-kit",
        "name": "Paint by numbers 20 x 25 cm",
        "recipe": "paint-by-numbers",
        "areas": [_kit_area(200, 250)],
        "options": {"colours": 24},
        "outputs": [
            {"role": "print", "format": "pdf"},
            {"role": "print", "format": "svg"},
            {"role": "legend", "format": "pdf"},
        ],
    },
    takes_text=False,
)

PRODUCTS = (PHOTO, DIAMOND, NUMBERS)
