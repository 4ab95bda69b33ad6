"""The archive as any reader of ZIP files sees it, and where ZIP64 begins."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_jobs_api.zipping import ZipEntry, central_header, end_records, local_header

GIB = 1024**3


def archive(contents: dict[str, bytes]) -> bytes:
    body, directory = bytearray(), bytearray()
    for name, content in contents.items():
        entry = ZipEntry(name, len(content), zlib.crc32(content))
        directory += central_header(entry, len(body))
        body += local_header(entry) + content
    return bytes(body + directory + end_records(len(contents), len(directory), len(body)))


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00/\\", exclude_categories=("C",)), min_size=1)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=6))
def test_every_reader_finds_what_was_put_in(contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(archive(contents))) as opened:
        assert opened.testzip() is None
        assert {one.filename: opened.read(one) for one in opened.infolist()} == contents
        assert all(one.compress_type == zipfile.ZIP_STORED for one in opened.infolist())


def test_the_same_files_give_the_same_bytes_with_a_fixed_date() -> None:
    contents = {"1001/Ä.pdf": b"pdf", "empty.txt": b""}
    assert archive(contents) == archive(contents)
    with zipfile.ZipFile(io.BytesIO(archive(contents))) as opened:
        assert {one.date_time for one in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


class Sparse(io.RawIOBase):
    """A file of which only some places were written; zeros elsewhere."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self._size, self._pieces, self._at = size, pieces, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = {0: 0, 1: self._at, 2: self._size}[whence] + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._at + size)
        found = bytearray(end - self._at)
        for begin, piece in self._pieces.items():
            low, high = max(begin, self._at), min(begin + len(piece), end)
            if low < high:
                found[low - self._at : high - self._at] = piece[low - begin : high - begin]
        self._at = end
        return bytes(found)


def test_files_and_archives_above_4_gib_are_zip64() -> None:
    entries = [ZipEntry("large.tif", 5 * GIB, 1), ZipEntry("after.txt", 3, zlib.crc32(b"end"))]
    pieces: dict[int, bytes] = {}
    at, directory = 0, b""
    for entry in entries:
        directory += central_header(entry, at)
        pieces[at] = local_header(entry)
        at += len(pieces[at]) + entry.bytes
    pieces[at - 3] = b"end"
    pieces[at] = directory + end_records(2, len(directory), at)
    with zipfile.ZipFile(Sparse(at + len(pieces[at]), pieces)) as opened:  # pyright: ignore[reportArgumentType]
        assert [one.file_size for one in opened.infolist()] == [5 * GIB, 3]
        assert opened.read("after.txt") == b"end"


@pytest.mark.parametrize(("files", "expected"), [(65_534, b"PK\x05\x06"), (65_535, b"PK\x06\x06")])
def test_more_files_than_16_bits_can_count_are_zip64(files: int, expected: bytes) -> None:
    ending = end_records(files, 1, 1)
    assert ending[:4] == expected
    if expected == b"PK\x06\x06":
        assert struct.unpack_from("<Q", ending, 24) == (files,)
