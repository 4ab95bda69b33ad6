"""One Admin API client per shop: what is known of its token and of its point budget is kept between requests."""

import httpx

from printworks_common.shopify.admin import AdminClient
from printworks_common.shopify.shops import Shop


class AdminClients:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._known: dict[str, AdminClient] = {}

    def of(self, shop: Shop) -> AdminClient:
        """The client of a shop. An entry of the shops file that was changed gets a new one."""
        known = self._known.get(shop.domain)
        if known is None or known.shop != shop:
            known = self._known[shop.domain] = AdminClient(shop, self._http)
        return known
