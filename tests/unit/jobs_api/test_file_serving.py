"""Ranges, names and types of served files; what is taken as a picture."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printworks_common.filelinks import LinkSigner
from printworks_jobs_api.api.conditional import matches
from printworks_jobs_api.files import content_disposition, safe_name
from printworks_jobs_api.print_links import links_of
from printworks_jobs_api.ranges import ByteRange, UnsatisfiableRangeError, parse_range
from printworks_jobs_api.reading import Job
from printworks_jobs_api.receiving import picture_type


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=10-", ByteRange(10, 99)),
        ("bytes=10-1000", ByteRange(10, 99)),
        ("bytes=-5", ByteRange(95, 99)),
        ("bytes=-500", ByteRange(0, 99)),
        ("bytes=5-2", None),
        ("bytes=0-1,5-6", None),
        ("pages=1-2", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
    ],
)
def test_one_range_is_served_other_forms_give_the_whole_file(header: str | None, part: ByteRange | None) -> None:
    assert parse_range(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, 100)


@given(st.text(max_size=30), st.integers(min_value=0, max_value=10**12))
def test_any_range_header_gives_a_part_inside_the_file_or_is_refused(header: str, size: int) -> None:
    try:
        part = parse_range(f"bytes={header}", size)
    except UnsatisfiableRangeError:
        return
    assert part is None or 0 <= part.start <= part.end < size


@given(st.text(max_size=200))
def test_a_disposition_is_one_ascii_header_line(name: str) -> None:
    line = content_disposition(name, inline=False, media_type="application/pdf")
    line.encode("ascii")
    assert "\r" not in line
    assert "\n" not in line
    assert line.count('"') == 2


def test_names_keep_their_letters_and_lose_what_means_something() -> None:
    assert safe_name("../../etc/pässwd\r\n.pdf") == "_.._etc_pässwd__.pdf"
    assert safe_name("...") == "file"


@pytest.mark.parametrize(
    ("media_type", "shown"), [("image/png", "inline"), ("image/svg+xml", "attachment"), ("text/html", "attachment")]
)
def test_what_could_run_in_a_browser_is_only_downloaded(media_type: str, shown: str) -> None:
    assert content_disposition("a", inline=True, media_type=media_type).startswith(shown)


@pytest.mark.parametrize(
    ("header", "hit"), [(None, False), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False)]
)
def test_if_none_match(header: str | None, hit: bool) -> None:
    assert matches(header, '"a"') is hit


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1", "image/avif"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isom", None),
        (b"<svg xmlns=", None),
        (b"%PDF-1.7", None),
        (b"MZ", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(head: bytes, media_type: str | None) -> None:
    assert picture_type(head) == media_type


def test_of_a_cleared_print_job_the_links_into_the_shops_own_storage_are_left() -> None:
    def file(number: int, role: str, state: str, **facts: object) -> dict[str, object]:
        return {
            "file_id": UUID(int=number), "role": role, "current": state == "live", "state": state, "name": "a.pdf",
            "facts": facts,
        }  # fmt: skip

    public = "https://cdn.example.com/k"
    delivered = {"endpoint": "https://s3.example.com", "bucket": "b", "key": "k", "public_url": public}
    files = [file(1, "thumbnail", "cleared"), file(2, "print", "live", delivered=delivered)]
    signer = LinkSigner(keys={"a": b"k" * 32}, current="a")
    job = Job({"status": "cleared"}, files)
    assert list(links_of([job], signer, "https://files.example.com", "a.myshopify.com")) == [public]
