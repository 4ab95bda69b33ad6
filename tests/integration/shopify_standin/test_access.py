"""Who may ask, how much, and what goes wrong on purpose."""

import asyncio

import httpx
import pytest

from tests.integration.shopify_standin.conftest import Store, gid

NAME = "{ shop { name ianaTimezone myshopifyDomain plan { shopifyPlus } } }"
ORDERS = "{ orders(first: 1) { nodes { id } } }"
ADD = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["x"]) { userErrors { message } } }'


async def test_client_credentials_give_a_token_that_can_expire(store: Store) -> None:
    granted = (await store.token()).json()
    assert granted["expires_in"] == 86399
    assert "read_orders" in granted["scope"].split(",")
    assert (await store.post(NAME, token=granted["access_token"])).status_code == 200
    assert await store.control.expire_tokens() == 1
    assert (await store.post(NAME, token=granted["access_token"])).status_code == 401
    assert (await store.post(NAME)).status_code == 200, "a static token does not expire"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "application_cannot_be_found"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_wrong_credentials_get_no_token(store: Store, fields: dict[str, str], code: str) -> None:
    answer = await store.token(**fields)
    assert (answer.status_code, answer.json()["error"]) == (400, code)


async def test_an_unknown_token_is_401(store: Store) -> None:
    answer = await store.post(NAME, token="shpat_unknown")
    assert answer.status_code == 401
    assert "Invalid API key or access token" in answer.json()["errors"]


async def test_a_missing_scope_is_access_denied(store: Store) -> None:
    order_id = await store.new_order()
    await store.control.scopes("printworks", ["read_orders"])
    denied = await store.ask(ADD, {"id": gid(order_id)})
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert (await store.control.order(order_id))["tags"] == []
    customer = await store.ask("query($id: ID!) { order(id: $id) { id customer { id } } }", {"id": gid(order_id)})
    assert customer["data"]["order"] == {"id": gid(order_id), "customer": None}
    assert customer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_the_installation_lists_its_scopes(store: Store) -> None:
    data = await store.data("{ currentAppInstallation { accessScopes { handle } app { apiKey } } }")
    assert {"handle": "write_orders"} in data["currentAppInstallation"]["accessScopes"]


async def test_an_unknown_field_is_refused_with_200_and_no_cost(store: Store) -> None:
    answer = await store.ask("{ shop { colour } }")
    assert answer["errors"][0]["extensions"]["code"] == "undefinedField"
    assert "extensions" not in answer
    assert "data" not in answer


async def test_what_the_schema_has_and_the_stand_in_has_not_is_told(store: Store) -> None:
    answer = await store.ask("{ products(first: 1) { nodes { id } } }")
    assert answer["errors"][0]["message"] == "The stand-in has no resolver for QueryRoot.products."


async def test_a_variable_that_does_not_fit_is_refused(store: Store) -> None:
    answer = await store.ask("query($n: Int!) { orders(first: $n) { nodes { id } } }", {"n": "many"})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


async def test_an_unknown_shop_or_version_is_404(store: Store) -> None:
    other = store.admin_api_url.rsplit("/", 1)[0] + "/none.myshopify.com/admin/api/2026-10/graphql.json"
    assert (await store.http.post(other, json={"query": NAME})).status_code == 404
    old = f"{store.admin_api_url}/admin/api/2020-01/graphql.json"
    headers = {"X-Shopify-Access-Token": "shpat_static"}
    assert (await store.http.post(old, json={"query": NAME}, headers=headers)).status_code == 404


@pytest.mark.parametrize(("state", "status"), [("frozen", 402), ("locked", 423), ("closed", 404)])
async def test_a_shop_that_is_not_open_answers_so(store: Store, state: str, status: int) -> None:
    await store.control.configure(state=state)
    assert (await store.post(NAME)).status_code == status


async def test_points_are_counted_and_run_out(store: Store) -> None:
    await store.control.configure(plan="standard")
    order_id = await store.new_order()
    answer = await store.ask(ADD, {"id": gid(order_id)})
    assert answer["extensions"]["cost"]["requestedQueryCost"] == 10
    assert answer["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 2000
    assert answer["extensions"]["cost"]["throttleStatus"]["restoreRate"] == 100
    many = " ".join(f'm{n}: tagsAdd(id: $id, tags: ["x"]) {{ userErrors {{ message }} }}' for n in range(90))
    dear = f"mutation($id: ID!) {{ {many} }}"
    first, second, third = [await store.ask(dear, {"id": gid(order_id)}) for _ in range(3)]
    assert "errors" not in first
    assert "errors" not in second
    assert third["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = third["extensions"]["cost"]
    missing = cost["requestedQueryCost"] - cost["throttleStatus"]["currentlyAvailable"]
    assert 0 < missing <= 900


async def test_a_request_above_1000_points_is_refused_whatever_the_plan(store: Store) -> None:
    answer = await store.ask(
        "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { product { id } variant { id }"
        " customAttributes { key } originalUnitPriceSet { shopMoney { amount } } } } } } }"
    )
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


async def test_throttling_comes_in_both_shapes(store: Store) -> None:
    await store.control.faults(throttled=1, throttle_shape="graphql")
    assert (await store.ask(NAME))["errors"][0]["extensions"]["code"] == "THROTTLED"
    await store.control.faults(throttled=1, throttle_shape="http")
    answer = await store.post(NAME)
    assert answer.status_code == 429
    assert float(answer.headers["retry-after"]) > 0


async def test_server_errors_on_purpose(store: Store) -> None:
    await store.control.faults(server_error=1)
    assert (await store.post(NAME)).status_code in (500, 502, 503)
    await store.control.faults()
    assert (await store.post(NAME)).status_code == 200


async def test_a_lost_answer_was_applied(store: Store) -> None:
    order_id = await store.new_order()
    await store.control.faults(applied_then_lost=1)
    with pytest.raises(httpx.TransportError):
        await store.post(ADD, {"id": gid(order_id)})
    assert (await store.control.order(order_id))["tags"] == ["x"]


async def test_a_share_of_faults_is_repeatable_by_its_seed(store: Store) -> None:
    async def outcomes() -> list[int]:
        await store.control.faults()
        await store.control.faults(server_error=0.5, seed=7)
        return [(await store.post(NAME)).status_code for _ in range(20)]

    first = await outcomes()
    assert first == await outcomes()
    assert 200 in first
    assert set(first) - {200}


async def test_latency_delays_the_answer(store: Store) -> None:
    await store.control.faults(latency_ms=[200, 250])
    started = asyncio.get_running_loop().time()
    await store.post(NAME)
    assert asyncio.get_running_loop().time() - started >= 0.2


async def test_webhook_subscriptions_are_created_once_listed_and_deleted(store: Store) -> None:
    create = """mutation($uri: String!) {
      webhookSubscriptionCreate(topic: ORDERS_PAID, webhookSubscription: {uri: $uri}) {
        webhookSubscription { id topic uri } userErrors { field message } } }"""
    made = (await store.data(create, {"uri": "https://example.com/hook"}))["webhookSubscriptionCreate"]
    again = (await store.data(create, {"uri": "https://example.com/hook"}))["webhookSubscriptionCreate"]
    assert again["userErrors"][0]["message"] == "Address for this topic has already been taken"
    listed = await store.data("{ webhookSubscriptions(first: 10, topics: [ORDERS_PAID]) { nodes { id topic uri } } }")
    assert listed["webhookSubscriptions"]["nodes"] == [made["webhookSubscription"]]
    delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { message } } }"
    gone = await store.data(delete, {"id": made["webhookSubscription"]["id"]})
    assert gone["webhookSubscriptionDelete"]["userErrors"] == []
