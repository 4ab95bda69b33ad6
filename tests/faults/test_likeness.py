"""A thumbnail is told by the photograph that it shows, whatever product it is of."""

from datetime import date
from pathlib import Path

import pytest
from printworks_common.templates import read_design, read_template
from printworks_local.pictures import PictureServer
from printworks_local.products import Product
from printworks_local.traffic import put_small_pictures
from printworks_render.engine import OrderFacts, RenderJob, render

from tests.faults.likeness import Photographs
from tests.faults.system import PICTURE_WIDTH, PRODUCTS


def thumbnail(product: Product, photograph: bytes, folder: Path) -> bytes:
    """As a worker makes it."""
    upload, out = folder / "upload", folder / "out"
    upload.write_bytes(photograph)
    out.mkdir()
    texts = {"text": {"text": "No. 9200000000000001"}} if product.takes_text else {}
    design = read_design({"photos": {"photo": {"source": "http://127.0.0.1/a.jpg"}}, "texts": texts})
    facts = OrderFacts("#1001", "1", date(2026, 11, 27))
    report = render(RenderJob(read_template(product.template), design, {"photo:photo": upload}, facts, "test"), out)
    (file,) = (one for one in report.files if one.role == "thumbnail")
    return (out / file.name).read_bytes()


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.sku)
def test_a_thumbnail_is_told_by_its_photograph(product: Product, tmp_path_factory: pytest.TempPathFactory) -> None:
    with PictureServer() as server:
        known = {address: server.served(address) for address in put_small_pictures(server, PICTURE_WIDTH)}
    kinds = Photographs(known)
    shown = {name: kinds.shown(thumbnail(product, known[name], tmp_path_factory.mktemp("job"))) for name in known}
    assert shown == {name: name for name in known}
