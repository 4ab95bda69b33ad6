"""What the doctor makes of what it sees: pure judgements, and that it never shows a value."""

import pytest
from printworks_common.doctor import postgres, settings, shopify, store
from printworks_common.doctor.findings import Finding, Verdict
from printworks_common.doctor.shopify import Wanted
from printworks_common.settings import KafkaSettings
from printworks_common.storage.probe import Capabilities

FILES = ["20260101000000_pre_a.sql", "20260201000000_pre_b.sql", "20260301000000_post_c.sql"]


def words(findings: list[Finding]) -> list[tuple[Verdict, str]]:
    return [(one.verdict, one.sentence) for one in findings]


def test_a_missing_setting_is_named_and_a_misspelt_one_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRINTWORKS_KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setenv("PRINTWORKS_KAFKA_BOOTSTRAPS", "secret.example:9092")
    read, findings = settings.look(KafkaSettings)
    assert read is None
    (missing, *_, misspelt) = words(findings)
    assert missing[0] is Verdict.WRONG
    assert "PRINTWORKS_KAFKA_BOOTSTRAP is not set" in missing[1]
    assert misspelt == (
        Verdict.NOTE,
        "PRINTWORKS_KAFKA_BOOTSTRAPS is set, but this role does not read it; misspelt?",
    )
    assert "secret.example" not in str(findings)


@pytest.mark.parametrize(
    ("applied", "verdict", "said"),
    [
        ({"20260101000000", "20260201000000", "20260301000000"}, Verdict.GOOD, "is that of this code (3 migrations)"),
        ({"20260101000000"}, Verdict.WRONG, "lacks 20260201000000_pre_b.sql; run `migrate --phase pre`"),
        ({"20260101000000", "20260201000000"}, Verdict.NOTE, "20260301000000_post_c.sql may follow"),
        (
            {"20260101000000", "20260201000000", "20260301000000", "20270101000000"},
            Verdict.NOTE,
            "newer than this code by 20270101000000: a rollback?",
        ),
    ],
)
def test_migrations_are_compared_with_those_of_the_code(applied: set[str], verdict: Verdict, said: str) -> None:
    first = postgres.migration_findings("render", applied, FILES)[0]
    assert first.verdict is verdict
    assert said in first.sentence


def test_what_a_store_does_not_honour_is_a_note_with_what_follows() -> None:
    assert words(store.features(Capabilities(conditional_puts=True, checksums=True, versioning="off"))) == [
        (Verdict.GOOD, "conditions and checksums are honoured")
    ]
    lacking = store.features(Capabilities(versioning="on"))
    assert [one.verdict for one in lacking] == [Verdict.NOTE] * 3


def answer(**changes: object) -> dict[str, object]:
    return {
        "currentAppInstallation": {"accessScopes": [{"handle": "write_orders"}]},
        "webhookSubscriptions": {"nodes": [{"topic": "ORDERS_PAID", "uri": "https://x.example/webhooks/shopify"}]},
        "metafieldDefinitions": {"nodes": [{"key": "artwork_status", "type": {"name": "single_line_text_field"}}]},
        **changes,
    }


WANTED = Wanted(topics=["ORDERS_PAID"], definitions={"artwork_status": "single_line_text_field"})


def test_a_shop_that_is_as_it_must_be_gets_one_sentence() -> None:
    (finding,) = shopify.judge("x.myshopify.com", answer(), WANTED)
    assert finding.verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        ({"currentAppInstallation": {"accessScopes": []}}, Verdict.WRONG, "lacks the scopes read_orders"),
        (
            {
                "webhookSubscriptions": {
                    "nodes": [{"topic": "ORDERS_CREATE", "uri": "https://x.example/webhooks/shopify"}]
                }
            },
            Verdict.WRONG,
            "not subscribed: ORDERS_PAID",
        ),
        ({"webhookSubscriptions": {"nodes": []}}, Verdict.NOTE, "no webhook to /webhooks/shopify is listed"),
        (
            {"metafieldDefinitions": {"nodes": [{"key": "artwork_status", "type": {"name": "json"}}]}},
            Verdict.WRONG,
            "pw_customization.artwork_status is a json, not single_line_text_field",
        ),
        ({"metafieldDefinitions": {"nodes": []}}, Verdict.NOTE, "is defined at the first write"),
    ],
)
def test_what_a_shop_lacks_is_said(change: dict[str, object], verdict: Verdict, said: str) -> None:
    (finding,) = shopify.judge("x.myshopify.com", answer(**change), WANTED)
    assert finding.verdict is verdict
    assert said in finding.sentence
