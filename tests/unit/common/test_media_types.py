"""The type of content by its first bytes, whatever a server says."""

import pytest
from printworks_common.fetching.media_types import FONTS, IMAGES, media_type_of


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00", "image/avif"),
        (b"\x00\x00\x00\x20ftypmif1\x00\x00\x00\x00avifmif1", "image/avif"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "image/heic"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"BM", "image/bmp"),
        (b"OTTO", "font/otf"),
        (b"\x00\x01\x00\x00", "font/ttf"),
        (b"wOF2", "font/woff2"),
        (b"%PDF-1.7", "application/pdf"),
    ],
)
def test_known_content_is_recognised_against_what_the_server_says(head: bytes, media_type: str) -> None:
    assert media_type_of(head, "text/html") == media_type


@pytest.mark.parametrize(
    ("said", "media_type"),
    [
        ("application/json; charset=utf-8", "application/json"),
        ("TEXT/HTML", "text/html"),
        (None, "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("text/ä", "application/octet-stream"),
    ],
)
def test_unknown_content_has_the_type_that_was_said_if_it_is_one(said: str | None, media_type: str) -> None:
    assert media_type_of(b"{}", said) == media_type


def test_a_film_is_no_picture() -> None:
    assert media_type_of(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "video/mp4") not in IMAGES | FONTS
