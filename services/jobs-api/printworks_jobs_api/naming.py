"""What the fields of a name template (`printworks_common.file_names`) stand for in a file of this read model."""

from collections.abc import Mapping
from typing import Any

EXAMPLE: Mapping[str, str] = {
    "order": "1001", "order_id": "5551234567890", "date": "2026-11-25", "line": "13579246801", "sku": "POSTER-A2",
    "product": "Poster", "variant": "42 × 59 cm", "quantity": "1", "template": "poster", "area": "front",
    "role": "print", "version": "1", "name": "1001-13579246801-front-print", "ext": "pdf",
}  # fmt: skip
"""For showing a template before there is a file."""


def name_values(job: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, str]:
    """Values for a file; `job` has columns of `jobs`, `file` of `files`."""
    stem, _, ending = file["name"].rpartition(".")
    return {
        "order": job["order_name"].lstrip("#"),
        "order_id": str(job["order_id"]),
        "date": job["order_date"].isoformat(),
        "line": str(job["line_item_id"]),
        "sku": job["sku"] or "",
        "product": job["product_title"],
        "variant": job["variant_title"] or "",
        "quantity": str(job["quantity"]),
        "template": job["template_id"] or "",
        "area": file["facts"].get("area") or "",
        "role": file["role"],
        "version": str(file["artwork_version"]),
        "name": stem or file["name"],
        "ext": ending or "bin",
    }
