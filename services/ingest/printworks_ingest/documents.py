"""The GraphQL documents that ingest sends. Each is validated against the official schemas in the tests."""

_LINE_FIELDS = """
fragment LineFields on LineItem {
  id title variantTitle sku quantity currentQuantity isGiftCard
  product { id }
  variant { id }
  customAttributes { key value }
}
"""

_ORDER_FIELDS = """
fragment OrderFields on Order {
  id name createdAt updatedAt cancelledAt displayFinancialStatus test
  customer { displayName }
  lineItems(first: 50) { nodes { ...LineFields } pageInfo { hasNextPage endCursor } }
}
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
    lineItems(first: 50, after: $after) { nodes { ...LineFields } pageInfo { hasNextPage endCursor } }
  }
}
"""
    + _LINE_FIELDS
)

ORDERS_UPDATED = (
    """
query ReadOrdersUpdated($query: String!, $after: String) {
  orders(first: 10, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { ...OrderFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _ORDER_FIELDS
    + _LINE_FIELDS
)

ALL = {"order": ORDER, "order_lines": ORDER_LINES, "orders_updated": ORDERS_UPDATED}
