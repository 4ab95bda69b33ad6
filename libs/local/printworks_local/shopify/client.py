"""A client of the control API, for tests, the demo and measurements."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

PATIENCE = httpx.Timeout(30, pool=None)
"""For answers. How long a request waits for a connection of ours is nobody's fault but ours."""


class ShopControl:
    """What can be done to one shop of a running stand-in. Raises `httpx.HTTPStatusError` when it is refused."""

    def __init__(self, url: str, domain: str) -> None:
        self._base = f"{url}/control/shops/{domain}"
        self._client = httpx.AsyncClient(timeout=PATIENCE)

    async def __aenter__(self) -> "ShopControl":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def _call(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self._client.request(method, self._base + path, json=content)
        answer.raise_for_status()
        return answer.json()

    async def configure(self, **fields: Any) -> dict[str, Any]:
        """Change fields of the shop's `ShopConfig`."""
        return await self._call("PATCH", "", fields)

    async def reset(self, **fields: Any) -> None:
        """Begin anew with an empty shop of this `ShopConfig`."""
        await self._call("DELETE", "")
        await self._call("PUT", "", fields)

    async def faults(self, **fields: Any) -> dict[str, Any]:
        """Replace the shop's `FaultConfig`; no fields: no faults."""
        return await self._call("PUT", "/faults", fields)

    async def scopes(self, client_id: str, scopes: list[str]) -> dict[str, Any]:
        return await self._call("PUT", "/scopes", {"client_id": client_id, "scopes": scopes})

    async def expire_tokens(self) -> int:
        return (await self._call("POST", "/tokens/expire"))["expired"]

    async def stats(self) -> dict[str, Any]:
        return await self._call("GET", "/stats")

    async def put_order(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create or replace an order from a REST webhook body; its state."""
        return await self._call("PUT", "/orders", body)

    async def order(self, order_id: int | str) -> dict[str, Any]:
        """State of an order: tags, metafields with digest, attributes, line items."""
        return await self._call("GET", f"/orders/{order_id}")

    async def orders(self, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """State of every order with an id above `after`, by id."""
        while True:
            page = await self._call("GET", f"/orders?after={after}&limit=250")
            for order in page["orders"]:
                yield order
            if page["next"] is None:
                return
            after = int(page["next"])

    async def body(self, order_id: int | str) -> dict[str, Any]:
        """The REST body that a webhook would carry now."""
        return await self._call("GET", f"/orders/{order_id}/body")

    async def edit(self, order_id: int | str, **change: Any) -> dict[str, Any]:
        """`set`, `lines`, `add_lines` as in `changes.edit`; the REST body after it."""
        return await self._call("POST", f"/orders/{order_id}/edit", change)

    async def cancel(self, order_id: int | str, **options: Any) -> dict[str, Any]:
        return await self._call("POST", f"/orders/{order_id}/cancel", options)

    async def refund(
        self, order_id: int | str, line_items: list[dict[str, Any]], financial_status: str | None = None
    ) -> dict[str, Any]:
        """The body of the `refunds/create` webhook."""
        content = {"line_items": line_items, "financial_status": financial_status}
        return await self._call("POST", f"/orders/{order_id}/refund", content)

    async def tags(self, order_id: int | str, add: list[str] | None = None, remove: list[str] | None = None) -> None:
        """Another app's change of tags."""
        await self._call("POST", f"/orders/{order_id}/tags", {"add": add or [], "remove": remove or []})

    async def metafields(
        self, order_id: int | str, write: list[dict[str, str]], delete: list[dict[str, str]] | None = None
    ) -> None:
        """Another app's change of metafields."""
        await self._call("POST", f"/orders/{order_id}/metafields", {"set": write, "delete": delete or []})

    async def fulfillment(self, order_id: int | str, **change: Any) -> list[dict[str, Any]]:
        """Fulfilment orders with their holds, after a change as in `fulfillment.change` where one is given."""
        answer = await self._call("POST", f"/orders/{order_id}/fulfillment", change)
        return answer["fulfillment_orders"]

    async def delete(self, order_id: int | str) -> None:
        await self._call("DELETE", f"/orders/{order_id}")

    async def definitions(self) -> list[dict[str, Any]]:
        """The shop's metafield definitions."""
        return (await self._call("GET", "/definitions"))["definitions"]

    async def journal(self, order_id: int | str | None = None, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Every entry of the journal after a sequence number."""
        only = f"&order_id={order_id}" if order_id is not None else ""
        while True:
            page = await self._call("GET", f"/journal?after={after}&limit=1000{only}")
            for entry in page["entries"]:
                yield entry
            after = page["next"]
            if not page["more"]:
                return
