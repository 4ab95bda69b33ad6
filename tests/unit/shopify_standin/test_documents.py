"""Documents are held against the official schema of both versions."""

import pytest
from printworks_local.shopify.documents import validate_document
from printworks_local.shopify.schemas import VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_document_of_the_official_schema_is_valid(version: str) -> None:
    text = 'query($id: ID!) { order(id: $id) { id tags metafield(namespace: "a", key: "b") { compareDigest } } }'
    assert validate_document(text, version) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_field_is_named_in_shopifys_words(version: str) -> None:
    assert validate_document("{ shop { colour } }", version) == ["Field 'colour' doesn't exist on type 'Shop'"]


def test_a_syntax_error_is_told() -> None:
    assert validate_document("query {", "2026-10")[0].startswith("Syntax Error")


def test_a_wrong_variable_type_is_told() -> None:
    assert validate_document("query($id: String!) { order(id: $id) { id } }", "2026-10")


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(LookupError, match="2020-01"):
        validate_document("{ shop { name } }", "2020-01")
