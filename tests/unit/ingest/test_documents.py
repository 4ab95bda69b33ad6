"""The GraphQL documents of ingest against the official schemas."""

import pytest
from printworks_ingest import documents
from printworks_local.shopify.documents import validate_document


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
@pytest.mark.parametrize("name", documents.ALL)
def test_every_document_is_valid_by_the_official_schema(name: str, version: str) -> None:
    assert validate_document(documents.ALL[name], version) == []
