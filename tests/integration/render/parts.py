"""What render processes are asked for."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from printworks_common.events.rendering import RenderRequested


def photo_request(*, dpi: int = 300, allow_blank: bool = False, **canvas: Any) -> RenderRequested:
    """A small photo print as TIFF; `canvas` changes its canvas, `allow_blank` takes pictures of one colour too."""
    area = {
        "canvas": {"width_mm": 60, "height_mm": 40} | canvas,
        "dpi": dpi,
        "layers": [{"type": "photo", "slot": "front"}],
    }
    template: dict[str, Any] = {
        "schema_version": 1,
        "id": "t",
        "name": "T",
        "recipe": "photo",
        "areas": [area],
        "outputs": [{"role": "print", "format": "tiff"}],
        "preflight": {"fail_dpi": 0, "warn_dpi": 0, "allow_blank": allow_blank},
    }
    return RenderRequested(
        shop="example.myshopify.com",
        order_id="1",
        job_id=UUID(int=1),
        line_item_id="2",
        artwork_version=1,
        attempt=1,
        order_name="#1001",
        quantity=1,
        template=template,
        template_version=1,
        design={"photos": {"front": {"source": "https://example.com/p.jpg"}}},
        document_time=datetime(2026, 1, 2, tzinfo=UTC),
        output_prefix="orders/",
    )
