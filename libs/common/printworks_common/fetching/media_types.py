"""The media type of content by its first bytes; what a server says is believed only where they say nothing."""

IMAGES = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/tiff", "image/bmp",
    }
)  # fmt: skip
FONTS = frozenset({"font/ttf", "font/otf", "font/woff2", "font/woff"})

SNIFFED_BYTES = 32
"""As many bytes are enough to tell."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"OTTO", "font/otf"),
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"true", "font/ttf"),
    (b"wOF2", "font/woff2"),
    (b"wOFF", "font/woff"),
)

_BRANDS: dict[bytes, str] = {
    b"avif": "image/avif", b"avis": "image/avif",
    b"heic": "image/heic", b"heix": "image/heic", b"hevc": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"mif1": "image/heic", b"msf1": "image/heic",
}  # fmt: skip
"""Brands of ISO base media files (ISO/IEC 14496-12, 23008-12). `mif1` may hold AV1; then `avif` stands beside it."""


def media_type_of(head: bytes, said: str | None) -> str:
    """The type told by the first bytes, else the type that the server said, else `application/octet-stream`."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, len(head) - 3, 4))]
        known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        if known:
            return "image/avif" if "image/avif" in known else known[0]
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    plain = (said or "").partition(";")[0].strip().lower()
    return plain if "/" in plain and plain.isascii() and plain.isprintable() else "application/octet-stream"
