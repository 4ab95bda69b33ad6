"""The GraphQL documents that the writer sends. Each is validated against the official schemas in the tests.

The parts of a write go in one request: Shopify runs several mutations one after another, metafields before tags.
"""

from printworks_shopify_writer.target import FILES_KEY, STATUS_KEY, Plan

_STATE = f"""
fragment OrderState on Order {{
  id
  tags
  status: metafield(namespace: $namespace, key: "{STATUS_KEY}") {{ value compareDigest }}
  files: metafield(namespace: $namespace, key: "{FILES_KEY}") {{ value compareDigest }}
}}
"""

ORDER_STATE = "query OrderState($id: ID!, $namespace: String!) {\n  order(id: $id) { ...OrderState }\n}\n" + _STATE

_SET = "  set: metafieldsSet(metafields: $metafields) { userErrors { code field message } }\n"
_DELETE = "  delete: metafieldsDelete(metafields: $deletes) { userErrors { field message } }\n"
_REMOVE = "  remove: tagsRemove(id: $id, tags: $remove) { node { ...OrderState } userErrors { field message } }\n"
_ADD = "  add: tagsAdd(id: $id, tags: $add) { node { ...OrderState } userErrors { field message } }\n"


def write(plan: Plan) -> str:
    """The one request that carries out a plan, in the order: metafields, new tag, old tags."""
    head: list[str] = []
    body: list[str] = []
    if plan.set_metafields:
        head.append("$metafields: [MetafieldsSetInput!]!")
        body.append(_SET)
    if plan.delete_keys:
        head.append("$deletes: [MetafieldIdentifierInput!]!")
        body.append(_DELETE)
    if plan.add_tags:
        head.append("$add: [String!]!")
        body.append(_ADD)
    if plan.remove_tags:
        head.append("$remove: [String!]!")
        body.append(_REMOVE)
    if plan.add_tags or plan.remove_tags:
        # The last mutation of tags gives the order back as it is then: writing and reading back are one request.
        head += ["$id: ID!", "$namespace: String!"]
        return f"mutation Write({', '.join(head)}) {{\n{''.join(body)}}}\n{_STATE}"
    return f"mutation Write({', '.join(head)}) {{\n{''.join(body)}}}\n"


METAFIELD_DEFINITION = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { createdDefinition { id } userErrors { code field message } }
}
"""
