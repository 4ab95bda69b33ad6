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


def _photo_print() -> dict[str, Any]:
    """A 15 x 10 cm print with a line of text on it."""
    return {
        "schema_version": 1,
        "id": "photo-print",
        "name": "Photo print 15 x 10 cm",
        "recipe": "photo",
        "areas": [
            {
                "id": "front",
                "canvas": {"width_mm": 150, "height_mm": 100},
                "orientation": "by_picture",
                "dpi": 300,
                "bleed_mm": 3,
                "layers": [
                    {"type": "photo", "slot": "photo"},
                    {
                        "type": "text",
                        "slot": "text",
                        "box": {"x": 10, "y": 80, "width": 130, "height": 14},
                        "size_pt": 24,
                        "colour": "#ffffff",
                        "outline": {"colour": "#202020", "width_pt": 1.2},
                    },
                ],
            }
        ],
        "outputs": [{"role": "print", "format": "pdf"}],
        # Demo pictures are small: what matters here is the way, not the sharpness.
        "preflight": {"fail_dpi": 36, "warn_dpi": 150},
    }


PHOTO = Product("PW-PHOTO", "Photo print", "photo-print", "photo", _photo_print(), takes_text=True)

PRODUCTS = (PHOTO,)
