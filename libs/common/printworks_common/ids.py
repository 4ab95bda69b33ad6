"""Names of things that must come out the same wherever they are computed.

Ids are deterministic, so that a repeated event, a second attempt or a replay is recognised as what it is.
"""

from uuid import UUID, uuid5

NAMESPACE = UUID("6f0f4b34-7d0c-5a3e-9a55-0d6a3f1c2b70")
"""Fixed for ever: every job id and file id hangs on it."""


def order_key(shop: str, order_id: str) -> str:
    """Kafka key of everything about one order, `shop/order`."""
    return f"{shop}/{order_id}"


def job_id(shop: str, order_id: str, line_item_id: str) -> UUID:
    """The print job of a line item: a line item has one job for its whole life."""
    return uuid5(NAMESPACE, f"job/{shop}/{order_id}/{line_item_id}")


def file_id(job: UUID, artwork_version: int, name: str, sha256: str) -> UUID:
    """One file of one artwork version; another content under the same name is another file."""
    return uuid5(NAMESPACE, f"file/{job}/{artwork_version}/{name}/{sha256}")


def event_id(*parts: object) -> str:
    """Deterministic CloudEvents id from what makes the event what it is."""
    return str(uuid5(NAMESPACE, "event/" + "/".join(str(part) for part in parts)))


def gid(kind: str, number: str) -> str:
    """Shopify's global id, `gid://shopify/Order/123`."""
    return f"gid://shopify/{kind}/{number}"
