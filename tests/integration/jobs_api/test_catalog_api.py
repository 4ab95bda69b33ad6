"""Templates and mappings: checked, versioned, published."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from printworks_common.events.control import CatalogEntry
from printworks_jobs_api.keys import Scope

from tests.integration.jobs_api.parts import OTHER_SHOP, SHOP, Api

PHOTO: dict[str, Any] = {
    "schema_version": 1,
    "id": "poster",
    "name": "Poster 30 × 40",
    "recipe": "photo",
    "areas": [
        {
            "canvas": {"width_mm": 300, "height_mm": 400},
            "layers": [
                {"type": "photo", "slot": "front", "box": {"x": 0, "y": 0, "width": 300, "height": 400}},
            ],
        }
    ],
    "outputs": [{"role": "print", "format": "pdf"}],
}
MAPPING = {"sku": "PW-PHOTO", "template_id": "poster", "properties": {"photos": {"front": "Photo"}}}


async def published(api: Api) -> list[CatalogEntry]:
    rows = await api.pool.fetch("SELECT topic, value FROM outbox ORDER BY id")
    assert {row["topic"] for row in rows} <= {"printworks.catalog.v1"}
    return [CatalogEntry.model_validate_json(row["value"]) for row in rows]


async def test_a_template_is_created_changed_and_deleted_with_growing_versions(api: Api) -> None:
    async with await api.client() as client:
        created = await client.put("/v1/templates/poster", json=PHOTO)
        assert (created.status_code, created.headers["etag"]) == (201, '"1"'), created.text
        same = await client.put("/v1/templates/poster", json=PHOTO)
        assert (same.status_code, same.json()["version"]) == (200, 1)
        blind = await client.put("/v1/templates/poster", json=PHOTO | {"name": "Poster"})
        assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
        knowing = {"If-Match": created.headers["etag"]}
        changed = await client.put("/v1/templates/poster", json=PHOTO | {"name": "Poster"}, headers=knowing)
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        read = await client.get("/v1/templates/poster")
        assert read.json()["body"]["name"] == "Poster"
        cached = await client.get("/v1/templates/poster", headers={"If-None-Match": read.headers["etag"]})
        assert cached.status_code == 304
        assert (await client.delete("/v1/templates/poster")).status_code == 204
        assert (await client.get("/v1/templates/poster")).status_code == 404
        assert (await client.delete("/v1/templates/poster")).status_code == 404
        again = await client.put("/v1/templates/poster", json=PHOTO)
        assert (again.status_code, again.json()["version"]) == (201, 4)
    entries = await published(api)
    assert [(one.version, one.deleted) for one in entries] == [(1, False), (2, False), (3, True), (4, False)]
    assert {one.key() for one in entries} == {f"{SHOP}/template/poster"}


async def test_a_change_of_an_old_version_is_refused(api: Api) -> None:
    async with await api.client() as client:
        await client.put("/v1/templates/poster", json=PHOTO)
        late = await client.put("/v1/templates/poster", json=PHOTO | {"name": "x"}, headers={"If-Match": '"7"'})
        assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
        odd = await client.put("/v1/templates/poster", json=PHOTO, headers={"If-Match": "abc"})
        assert (odd.status_code, odd.json()["code"]) == (400, "invalid_if_match")
        right = await client.put("/v1/templates/poster", json=PHOTO | {"name": "x"}, headers={"If-Match": '"1"'})
        assert right.status_code == 200
        whatever = await client.put("/v1/templates/poster", json=PHOTO, headers={"If-Match": "*"})
        assert whatever.json()["version"] == 3
        nothing = await client.put("/v1/mappings/none", json=MAPPING, headers={"If-Match": "*"})
        assert (nothing.status_code, nothing.json()["code"]) == (412, "version_conflict")


async def test_a_mapping_names_a_template_that_then_cannot_be_deleted(api: Api) -> None:
    async with await api.client() as client:
        await client.put("/v1/templates/poster", json=PHOTO)
        assert (await client.put("/v1/mappings/photo", json=MAPPING)).status_code == 201
        refused = await client.delete("/v1/templates/poster")
        assert (refused.status_code, refused.json()["code"]) == (409, "template_in_use")
        assert refused.json()["mappings"] == ["photo"]
        assert (await client.delete("/v1/mappings/photo")).status_code == 204
        assert (await client.delete("/v1/templates/poster")).status_code == 204


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/v1/templates/poster", b"{", 400, "invalid_json"),
        ("/v1/templates/poster", b"[]", 400, "invalid_json"),
        ("/v1/templates/poster", b'{"a": NaN}', 400, "invalid_json"),
        ("/v1/templates/poster", b'{"name": "\\u0000"}', 400, "invalid_json"),
        ("/v1/templates/poster", b"[" * 100_000, 400, "invalid_json"),
        ("/v1/templates/poster", b'{"a": "' + b"x" * 300_000 + b'"}', 413, "too_large"),
        ("/v1/templates/poster", b"\xff\xfe", 400, "invalid_json"),
        ("/v1/templates/poster", b"{}", 422, "template_invalid"),
        ("/v1/mappings/one", b'{"template_id": "a"}', 422, "mapping_invalid"),
        ("/v1/mappings/one", b'{"sku": "a", "product_id": "1", "template_id": "a"}', 422, "mapping_invalid"),
        ("/v1/mappings/one", b'{"sku": "a", "template_id": "a", "more": 1}', 422, "mapping_invalid"),
    ],
)
async def test_a_document_with_errors_is_refused_and_nothing_is_published(
    api: Api, path: str, content: bytes, status: int, code: str
) -> None:
    async with await api.client() as client:
        answer = await client.put(path, content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await published(api) == []


async def test_a_template_under_another_address_than_its_id_is_refused(api: Api) -> None:
    async with await api.client() as client:
        answer = await client.put("/v1/templates/other", json=PHOTO)
    assert (answer.status_code, answer.json()["code"]) == (422, "template_invalid")


async def test_entries_are_listed_page_by_page(api: Api) -> None:
    async with await api.client() as client:
        for name in ("a", "b", "c"):
            await client.put(f"/v1/mappings/{name}", json=MAPPING)
        first = (await client.get("/v1/mappings?limit=2")).json()
        assert ([one["id"] for one in first["items"]], first["next_after"]) == (["a", "b"], "b")
        second = (await client.get("/v1/mappings?limit=2&after=b")).json()
        assert ([one["id"] for one in second["items"]], second["next_after"]) == (["c"], None)


async def test_a_shop_has_its_own_catalog_and_reading_needs_no_right_to_write(api: Api) -> None:
    async with await api.client() as mine, await api.client(OTHER_SHOP) as theirs:
        await mine.put("/v1/templates/poster", json=PHOTO)
        assert (await theirs.get("/v1/templates/poster")).status_code == 404
        assert (await theirs.get("/v1/templates")).json()["items"] == []
        assert (await theirs.delete("/v1/templates/poster")).status_code == 404
    async with await api.client(SHOP, Scope.JOBS_READ) as reader:
        assert (await reader.get("/v1/templates/poster")).status_code == 200


async def test_json_schemas_describe_what_can_be_saved(api: Api) -> None:
    async with await api.client() as client:
        names = (await client.get("/v1/schemas")).json()["items"]
        assert {"template", "mapping", "design"} <= set(names)
        for name in names:
            answer = await client.get(f"/v1/schemas/{name}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
            Draft202012Validator.check_schema(answer.json())
            cached = await client.get(f"/v1/schemas/{name}", headers={"If-None-Match": answer.headers["etag"]})
            assert cached.status_code == 304
        assert (await client.get("/v1/schemas/none")).status_code == 404
