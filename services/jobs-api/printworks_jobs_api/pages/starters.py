"""What a new template and a new product mapping begin as: small, whole and good, so that a person only changes it."""

from typing import Any

TEMPLATE: dict[str, Any] = {
    "schema_version": 1,
    "id": "photo-a3",
    "name": "Photo print A3",
    "recipe": "photo",
    "areas": [
        {
            "id": "front",
            "canvas": {"width_mm": 420, "height_mm": 297},
            "orientation": "by_picture",
            "dpi": 300,
            "bleed_mm": 3,
            "layers": [{"type": "photo", "slot": "photo"}],
        }
    ],
    "outputs": [{"role": "print", "format": "pdf"}],
}

MAPPING: dict[str, Any] = {
    "sku": "PHOTO-A3",
    "template_id": "photo-a3",
    "properties": {"photos": {"photo": "Photo"}},
}
