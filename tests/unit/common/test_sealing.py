"""Sealed secrets: opened by the same key and for the same owner, and by nobody else."""

import base64
import os
import secrets
from collections.abc import Callable

import pytest
from printworks_common.errors import PoisonError
from printworks_common.sealing import Sealed, Sealer
from printworks_common.settings import SealingSettings
from pydantic import ValidationError

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
SHOP = "storage/example.myshopify.com"


def test_what_was_sealed_is_opened_and_cannot_be_read_without_the_key() -> None:
    sealer = Sealer({"a": OLD}, current="a")
    sealed = sealer.seal("hunter2", SHOP)
    assert sealer.open(sealed, SHOP) == "hunter2"
    assert sealed.key_id == "a"
    assert "hunter2" not in sealed.model_dump_json()
    assert b"hunter2" not in base64.b64decode(sealed.ciphertext)


def test_the_same_secret_is_never_sealed_the_same_way_twice() -> None:
    sealer = Sealer({"a": OLD}, current="a")
    assert sealer.seal("hunter2", SHOP).ciphertext != sealer.seal("hunter2", SHOP).ciphertext


def test_keys_rotate_the_first_seals_and_all_open() -> None:
    before = Sealer({"a": OLD}, current="a").seal("hunter2", SHOP)
    rotated = Sealer({"b": NEW, "a": OLD}, current="b")
    assert rotated.open(before, SHOP) == "hunter2"
    assert not rotated.is_current(before)
    again = rotated.seal(rotated.open(before, SHOP), SHOP)
    assert rotated.is_current(again)
    assert Sealer({"b": NEW}, current="b").open(again, SHOP) == "hunter2"


def flipped(sealed: Sealed) -> Sealed:
    raw = bytearray(base64.b64decode(sealed.ciphertext))
    raw[0] ^= 1
    return sealed.model_copy(update={"ciphertext": base64.b64encode(raw).decode()})


@pytest.mark.parametrize(
    ("change", "owner"),
    [
        (lambda sealed: sealed, "storage/other.myshopify.com"),
        (flipped, SHOP),
        (lambda sealed: sealed.model_copy(update={"key_id": "b"}), SHOP),
        (lambda sealed: sealed.model_copy(update={"key_id": "gone"}), SHOP),
        (lambda sealed: sealed.model_copy(update={"nonce": ""}), SHOP),
        (lambda sealed: sealed.model_copy(update={"ciphertext": "no base64!"}), SHOP),
    ],
    ids=["another shop", "changed", "another key", "key is gone", "no nonce", "no base64"],
)
def test_a_secret_that_is_somebody_elses_or_changed_is_not_opened(
    change: Callable[[Sealed], Sealed], owner: str
) -> None:
    sealer = Sealer({"a": OLD, "b": NEW}, current="a")
    with pytest.raises(PoisonError) as caught:
        sealer.open(change(sealer.seal("hunter2", SHOP)), owner)
    assert caught.value.code == "seal_unreadable"
    assert "hunter2" not in str(caught.value)


def test_the_keys_come_from_the_environment_and_the_first_one_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PRINTWORKS_SEALING_KEYS", f"b:{base64.b64encode(NEW).decode()},a:{base64.b64encode(OLD).decode()}"
    )
    sealer = SealingSettings().sealer()
    assert sealer is not None
    assert sealer.seal("x", SHOP).key_id == "b"
    assert sealer.open(Sealer({"a": OLD}, current="a").seal("x", SHOP), SHOP) == "x"


@pytest.mark.parametrize("bytes_", [16, 31, 33, 64])
def test_a_key_of_another_length_than_32_bytes_is_refused(bytes_: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRINTWORKS_SEALING_KEYS", f"a:{base64.b64encode(os.urandom(bytes_)).decode()}")
    with pytest.raises(ValidationError, match="32 bytes"):
        SealingSettings()
