"""The storage setting of a shop: it remembers the buckets in which files lie, and never a secret in the clear."""

import secrets

from printworks_common.catalog import EARLIER_PLACES, OwnStorage, storage_seal
from printworks_common.sealing import Sealer

SHOP = "example.myshopify.com"
SEALER = Sealer({"a": secrets.token_bytes(32)}, current="a")


def setting(bucket: str, *, secret: str = "hunter2", endpoint: str = "https://s3.example.com") -> OwnStorage:
    return OwnStorage(
        endpoint=endpoint,
        region="eu-central-1",
        bucket=bucket,
        addressing="path",
        access_key="AKIA1",
        secret_key=SEALER.seal(secret, storage_seal(SHOP)),
        path_template="{order}/{sku}-{line}-{role}-{version}.{ext}",
    )


def secret_of(saved: OwnStorage, bucket: str, endpoint: str = "https://s3.example.com") -> str | None:
    place = saved.place(endpoint, bucket)
    return None if place is None else SEALER.open(place.secret_key, storage_seal(SHOP))


def test_a_change_of_buckets_keeps_what_opens_the_earlier_one() -> None:
    saved = setting("new", secret="new secret").following(setting("old").following(None))
    assert secret_of(saved, "new") == "new secret"
    assert secret_of(saved, "old") == "hunter2"
    assert secret_of(saved, "never") is None
    assert secret_of(saved, "old", "https://other.example.com") is None


def test_new_credentials_of_the_same_bucket_replace_the_old_ones() -> None:
    saved = setting("one", secret="new secret").following(setting("one"))
    assert saved.earlier == ()
    assert secret_of(saved, "one") == "new secret"


def test_going_back_to_a_bucket_makes_it_the_present_one_again() -> None:
    saved = setting("a", secret="second").following(setting("b").following(setting("a")))
    assert [one.bucket for one in saved.earlier] == ["b"]
    assert secret_of(saved, "a") == "second"


def test_a_limited_number_of_earlier_buckets_is_remembered_the_newest_first() -> None:
    saved = setting("bucket-0")
    for number in range(1, EARLIER_PLACES + 3):
        saved = setting(f"bucket-{number}").following(saved)
    assert [one.bucket for one in saved.earlier] == [f"bucket-{number}" for number in range(EARLIER_PLACES + 1, 1, -1)]


def test_no_secret_stands_in_the_entry_and_it_comes_back_as_it_was() -> None:
    saved = setting("new").following(setting("old"))
    text = saved.model_dump_json()
    assert "hunter2" not in text
    assert OwnStorage.model_validate_json(text) == saved
