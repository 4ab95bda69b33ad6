"""The GraphQL documents that ingest sends. Each is validated against the official schemas in the tests.

Sizes of pages: a connection costs `2 + floor(2 ln size)` times its item, so that large pages are cheap by the order:
100 orders cost about 420 points, 10 cost 230. Scalars cost nothing, so that 250 orders of a count cost 26.
"""

LINES_OF_A_PAGE = 20
"""Line items read together with their order; the few orders that have more are read on."""

_LINE_FIELDS = """
fragment LineFields on LineItem {
  id title variantTitle sku quantity currentQuantity isGiftCard
  product { id }
  variant { id }
  customAttributes { key value }
}
"""

# First and last name, as webhooks have them: `displayName` is the e-mail address of a customer without a name.
_ORDER_FIELDS = f"""
fragment OrderFields on Order {{
  id name createdAt updatedAt cancelledAt displayFinancialStatus test
  customer {{ firstName lastName }}
  lineItems(first: {LINES_OF_A_PAGE}) {{ nodes {{ ...LineFields }} pageInfo {{ hasNextPage endCursor }} }}
}}
"""

ORDER = (
    """
query ReadOrder($id: ID!) {
  order(id: $id) { ...OrderFields }
}
"""
    + _ORDER_FIELDS
    + _LINE_FIELDS
)

ORDER_LINES = (
    """
query ReadOrderLines($id: ID!, $after: String!) {
  order(id: $id) {
    updatedAt
    lineItems(first: 250, after: $after) { nodes { ...LineFields } pageInfo { hasNextPage endCursor } }
  }
}
"""
    + _LINE_FIELDS
)

ORDERS_UPDATED = (
    """
query ReadOrdersUpdated($query: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { ...OrderFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _ORDER_FIELDS
    + _LINE_FIELDS
)

ORDERS_CREATED = """
query CountOrders($query: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, sortKey: CREATED_AT, query: $query) {
    nodes { id createdAt cancelledAt displayFinancialStatus }
    pageInfo { hasNextPage endCursor }
  }
}
"""

SUBSCRIPTIONS = """
query ReadSubscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    nodes { id topic uri format filter includeFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""

SUBSCRIBE = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""

UNSUBSCRIBE = """
mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}
"""

ALL = {
    "order": ORDER,
    "order_lines": ORDER_LINES,
    "orders_updated": ORDERS_UPDATED,
    "orders_created": ORDERS_CREATED,
    "subscriptions": SUBSCRIPTIONS,
    "subscribe": SUBSCRIBE,
    "unsubscribe": UNSUBSCRIBE,
}

SHOP = """
query ReadShop {
  shop { ianaTimezone }
}
"""
