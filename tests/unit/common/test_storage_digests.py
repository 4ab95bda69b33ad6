"""Digests of content, in pieces of any size, and the ETag a store should answer with."""

import hashlib
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.errors import GroundMissingError, PoisonError, PrintworksError, TransientError
from printworks_common.storage.bucket import attachment
from printworks_common.storage.digests import PART_BYTES, etag_contradicts, of_file, of_pieces
from printworks_common.storage.errors import ObjectExistsError, ObjectMissingError, of_code


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_digests_do_not_depend_on_how_the_content_is_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    digest = of_pieces(pieces)
    assert digest == of_file(io.BytesIO(whole))
    assert digest.sha256 == hashlib.sha256(whole).hexdigest()
    assert digest.crc32 == zlib.crc32(whole)
    assert digest.etag == hashlib.md5(whole).hexdigest()
    assert digest.bytes == len(whole)


def test_the_etag_of_an_upload_in_parts_is_that_of_its_parts() -> None:
    content = b"x" * (PART_BYTES + 1)
    parts = hashlib.md5(content[:PART_BYTES]).digest() + hashlib.md5(b"x").digest()
    assert of_pieces([content]).etag == f"{hashlib.md5(parts).hexdigest()}-2"
    assert "-" not in of_pieces([content[:PART_BYTES]]).etag


@pytest.mark.parametrize(
    ("answered", "contradicts"),
    [
        ("a" * 32, False),
        ("b" * 32, True),
        ("b" * 32 + "-2", False),
        ("opaque-tag", False),
        ("", False),
    ],
)
def test_only_an_etag_of_the_same_kind_can_contradict(answered: str, contradicts: bool) -> None:
    assert etag_contradicts("a" * 32, answered) is contradicts


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("NoSuchKey", 404, ObjectMissingError),
        ("", 404, ObjectMissingError),
        ("MethodNotAllowed", 405, ObjectMissingError),
        ("PreconditionFailed", 412, ObjectExistsError),
        ("NoSuchBucket", 404, GroundMissingError),
        ("AccessDenied", 403, GroundMissingError),
        ("RequestTimeTooSkewed", 403, GroundMissingError),
        ("SlowDown", 503, GroundMissingError),
        ("InternalError", 500, GroundMissingError),
        ("", 502, GroundMissingError),
        ("RequestTimeout", 400, GroundMissingError),
        ("TooManyRequests", 429, GroundMissingError),
        ("BadDigest", 400, TransientError),
        ("EntityTooLarge", 400, PoisonError),
        ("SomethingNew", 400, PoisonError),
        ("SomethingNew", 500, GroundMissingError),
    ],
)
def test_each_answer_of_a_store_says_what_to_do(code: str, status: int, error: type[PrintworksError]) -> None:
    assert type(of_code(code, status)) is error


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.pdf", "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"),
        ("bö.pdf", "attachment; filename=\"b_.pdf\"; filename*=UTF-8''b%C3%B6.pdf"),
        ('a"\r\nX: y', "attachment; filename=\"a___X_ y\"; filename*=UTF-8''a___X_%20y"),
        ("../etc/passwd", "attachment; filename=\"_etc_passwd\"; filename*=UTF-8''_etc_passwd"),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_a_download_name_cannot_break_out_of_its_header(name: str, value: str) -> None:
    assert attachment(name) == value
