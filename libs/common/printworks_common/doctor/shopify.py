"""Shopify, shop by shop: the token, its scopes, webhook subscriptions, metafield definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from printworks_common.doctor.findings import Finding, Findings, good, note, said, wrong
from printworks_common.errors import PrintworksError
from printworks_common.shopify.admin import http_client
from printworks_common.shopify.clients import AdminClients
from printworks_common.shopify.shops import Shop, load_shops

PART = "shopify"
WEBHOOK_PATH = "/webhooks/shopify"

QUERY = """
query Doctor($namespace: String!) {
  currentAppInstallation { accessScopes { handle } }
  webhookSubscriptions(first: 100) { nodes { topic uri } }
  metafieldDefinitions(first: 10, ownerType: ORDER, namespace: $namespace) { nodes { key type { name } } }
}
"""


@dataclass(frozen=True)
class Wanted:
    """What a role needs of a shop. Topics are named as GraphQL does, definitions are key to type."""

    scopes: frozenset[str] = frozenset({"read_orders"})
    topics: Sequence[str] = ()
    namespace: str = "pw_customization"
    definitions: Mapping[str, str] = field(default_factory=dict[str, str])


async def look(shops_file: Path, wanted: Wanted) -> Findings:
    """Findings about every shop of the file."""
    try:
        shops = load_shops(shops_file)
    except PrintworksError as error:
        yield said(PART, error)
        return
    yield good(PART, f"the shops file has {len(shops)} shop{'s' if len(shops) != 1 else ''}")
    async with http_client() as http:
        clients = AdminClients(http)
        for shop in shops.values():
            for finding in await _shop(clients, shop, wanted):
                yield finding


async def _shop(clients: AdminClients, shop: Shop, wanted: Wanted) -> list[Finding]:
    try:
        data = await clients.of(shop).execute(QUERY, {"namespace": wanted.namespace})
    except PrintworksError as error:
        return [wrong(PART, f"{shop.domain}: {error} ({error.code})")]
    return judge(shop.domain, data, wanted)


def judge(domain: str, data: Mapping[str, Any], wanted: Wanted) -> list[Finding]:
    """What Shopify's answer means. Pure."""
    findings: list[Finding] = []
    scopes = {one["handle"] for one in data["currentAppInstallation"]["accessScopes"]}
    # A right to write holds the right to read.
    lacking = sorted(scope for scope in wanted.scopes if not {scope, scope.replace("read_", "write_")} & scopes)
    if lacking:
        findings.append(wrong(PART, f"{domain}: the app lacks the scopes {', '.join(lacking)}"))
    findings += _subscriptions(domain, data["webhookSubscriptions"]["nodes"], wanted.topics)
    types = {one["key"]: one["type"]["name"] for one in data["metafieldDefinitions"]["nodes"]}
    for key, kind in wanted.definitions.items():
        if key in types and types[key] != kind:
            findings.append(wrong(PART, f"{domain}: metafield {wanted.namespace}.{key} is a {types[key]}, not {kind}"))
        elif key not in types:
            findings.append(note(PART, f"{domain}: metafield {wanted.namespace}.{key} is defined at the first write"))
    return findings or [good(PART, f"{domain}: token, scopes, webhooks and metafields are as they must be")]


def _subscriptions(domain: str, listed: Sequence[Mapping[str, Any]], topics: Sequence[str]) -> list[Finding]:
    ours = {one["topic"] for one in listed if urlsplit(one["uri"] or "").path == WEBHOOK_PATH}
    if not topics:
        return []
    if not ours:
        unlisted = "those of the app's configuration are not"
        return [note(PART, f"{domain}: no webhook to {WEBHOOK_PATH} is listed; {unlisted}")]
    missing = sorted(set(topics) - ours)
    return [wrong(PART, f"{domain}: not subscribed: {', '.join(missing)}")] if missing else []
