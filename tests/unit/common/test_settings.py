"""Settings: each variable is named, explained and checked; secrets are never shown."""

import base64

import pytest
from printworks_common.settings import (
    EgressSettings,
    FileLinkSettings,
    KafkaSettings,
    PostgresSettings,
    ServiceSettings,
    Settings,
    ShopsSettings,
    StorageSettings,
    load,
)

KEY = base64.b64encode(b"k" * 32).decode()
OTHER = base64.b64encode(b"o" * 32).decode()


class Everything(
    KafkaSettings, PostgresSettings, StorageSettings, FileLinkSettings, ShopsSettings, EgressSettings, ServiceSettings
):
    """A service that needs all there is."""


COMPLETE = {
    "KAFKA_BOOTSTRAP": "a:9092, b:9092",
    "POSTGRES_DSN": "postgresql://render:hunter2@db:5432/printworks",
    "S3_ENDPOINT": "https://s3.example",
    "S3_ACCESS_KEY": "access",
    "S3_SECRET_KEY": "hunter2",
    "BUCKET": "printworks",
    "PUBLIC_URL": "https://jobs.example",
    "FILE_LINK_KEYS": f"new:{KEY},old:{OTHER}",
    "SHOPS_FILE": "/etc/shops.yaml",
}


def with_environment(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> None:
    for name, value in (COMPLETE | changes).items():
        if value is not None:
            monkeypatch.setenv(f"PRINTWORKS_{name}", value)


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **changes: str | None) -> list[str]:
    """What is said about an environment, line by line."""
    with_environment(monkeypatch, **changes)
    with pytest.raises(SystemExit) as caught:
        load(Everything)
    assert caught.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    return output.err.splitlines()


def test_a_complete_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with_environment(monkeypatch)
    settings = load(Everything)
    assert settings.kafka_bootstrap == "a:9092,b:9092"
    assert settings.http_port == 8080
    assert settings.allow_private_addresses is False


def test_a_missing_variable_is_named_with_what_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = refused(monkeypatch, capsys, KAFKA_BOOTSTRAP=None)
    assert lines == ["PRINTWORKS_KAFKA_BOOTSTRAP is not set: host:port list of the Kafka brokers"]


def test_every_missing_variable_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = refused(monkeypatch, capsys, KAFKA_BOOTSTRAP=None, BUCKET=None)
    assert [line.split(" ")[0] for line in lines] == ["PRINTWORKS_BUCKET", "PRINTWORKS_KAFKA_BOOTSTRAP"]


def test_an_empty_variable_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is not set" in refused(monkeypatch, capsys, S3_ENDPOINT="")[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BOOTSTRAP", "zebra"),
        ("KAFKA_BOOTSTRAP", "host:zebra"),
        ("KAFKA_SECURITY_PROTOCOL", "zebra"),
        ("POSTGRES_DSN", "mysql://zebra"),
        ("POSTGRES_POOL_SIZE", "zebra"),
        ("S3_ENDPOINT", "zebra:9000"),
        ("S3_ENDPOINT", "https://zebra/path"),
        ("PUBLIC_URL", "zebra"),
        ("FILE_LINK_KEYS", "zebra"),
        ("FILE_LINK_KEYS", "kid:zebra!"),
        ("FILE_LINK_KEYS", f"a:{KEY},a:{OTHER}"),
        ("FILE_LINK_KEYS", "kid:" + base64.b64encode(b"short").decode()),
        ("DRAIN_SECONDS", "-1"),
        ("LOG_LEVEL", "zebra"),
        ("ALLOW_PRIVATE_ADDRESSES", "zebra"),
        ("OTLP_ENDPOINT", "zebra"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    lines = refused(monkeypatch, capsys, **{name: value})
    assert len(lines) == 1
    assert lines[0].startswith(f"PRINTWORKS_{name} is wrong (")
    assert "zebra" not in lines[0]


def test_sasl_without_credentials_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = refused(monkeypatch, capsys, KAFKA_SECURITY_PROTOCOL="SASL_SSL")
    assert lines == ["PRINTWORKS_KAFKA_SASL_USERNAME is not set, but the security protocol asks for SASL"]


def test_secrets_are_not_in_any_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with_environment(monkeypatch)
    settings = load(Everything)
    for text in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hunter2" not in text
        assert KEY not in text


def test_variables_of_others_and_unknown_ones_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with_environment(monkeypatch, SOMETHING_NEW="1", KAFKA_BOOTSTRAP_OLD="x")
    monkeypatch.setenv("BUCKET", "somebody-elses")
    assert load(Everything).bucket == "printworks"


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    with_environment(monkeypatch)
    settings = load(Everything)
    with pytest.raises(ValueError, match="frozen"):
        settings.bucket = "other"  # pyright: ignore[reportAttributeAccessIssue]  # that it is refused is the point


def test_the_first_key_signs_links_and_older_keys_still_open_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with_environment(monkeypatch)
    signer = load(Everything).link_signer()
    assert signer.current == "new"
    assert dict(signer.keys) == {"new": b"k" * 32, "old": b"o" * 32}


def test_every_setting_says_what_it_is() -> None:
    for cls in (Everything, *Settings.__subclasses__()):
        assert all(field.description for field in cls.model_fields.values()), cls
