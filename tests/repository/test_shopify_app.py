"""`deploy/shopify-app/shopify.app.toml` tells Shopify what the services expect."""

import tomllib
from pathlib import Path

from printworks_common.shopify.admin import API_VERSION
from printworks_ingest.door import PATH
from printworks_ingest.subscriptions import SUBSCRIBED

APP = Path(__file__).parents[2] / "deploy" / "shopify-app"
COMPLIANCE = {"customers/data_request", "customers/redact", "shop/redact"}

app = tomllib.loads((APP / "shopify.app.toml").read_text())
block = tomllib.loads((APP / "extensions" / "artwork-block" / "shopify.extension.toml").read_text())


def test_every_topic_that_the_receiver_knows_is_subscribed() -> None:
    orders, compliance = app["webhooks"]["subscriptions"]
    assert set(orders["topics"]) == set(SUBSCRIBED)
    assert set(compliance["compliance_topics"]) == COMPLIANCE
    assert {one["uri"].removeprefix("https://in.printworks.example.com") for one in (orders, compliance)} == {PATH}
    assert app["webhooks"]["api_version"] == API_VERSION


def test_no_scope_is_asked_for_that_only_a_switched_off_feature_needs() -> None:
    scopes = set(app["access_scopes"]["scopes"].split(","))
    assert scopes == {"read_orders", "write_orders", "read_products", "read_customers"}


def test_the_block_stands_on_the_order_page() -> None:
    [extension] = block["extensions"]
    [target] = extension["targeting"]
    assert target["target"] == "admin.order-details.block.render"
    assert (APP / "extensions" / "artwork-block" / target["module"]).is_file()
