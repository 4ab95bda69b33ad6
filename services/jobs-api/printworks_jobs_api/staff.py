"""Who comes from the Shopify admin with a session token, and what a member of staff may do."""

from printworks_common.clock import Clock
from printworks_common.shopify import session_tokens
from printworks_common.shopify.shops import Shops

from printworks_jobs_api.keys import Principal, Scope

STAFF_SCOPES = frozenset({Scope.JOBS_READ.value, Scope.FILES_READ.value, Scope.JOBS_WRITE.value})
"""Reading and retrying: whoever may see the order in the admin. Settings stay with API keys."""

RETRY_HEADERS = {"X-Shopify-Retry-Invalid-Session-Request": "1"}
"""Lets Shopify's own fetch ask once more with a new token, when one was out of time."""


class Staff:
    """`shops` None: this installation lets nobody in from the admin."""

    def __init__(self, shops: Shops | None, clock: Clock) -> None:
        self._shops = shops
        self._clock = clock

    def authenticate(self, text: str) -> Principal | None:
        """Who a session token speaks for; None when it is none, or not good."""
        if self._shops is None or not session_tokens.looks_like_one(text):
            return None
        member = session_tokens.read(text, self._shops.get, self._clock.now())
        return None if member is None else Principal(member.shop, member.user_id, STAFF_SCOPES, kind="staff")

    def resume(self, shop: str, user_id: str) -> Principal | None:
        """The member of staff that a session of the pages names; None when the shop is no longer served."""
        if self._shops is None or self._shops.get(shop) is None:
            return None
        return Principal(shop, user_id, STAFF_SCOPES, kind="staff")
