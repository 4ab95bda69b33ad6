"""What a file is, by its first bytes and never by its name."""

from enum import Enum

from printworks_common.failures import Reason

from printworks_render.engine.job import RenderError


class Format(Enum):
    """Formats that are printed."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    AVIF = "AVIF"
    HEIC = "HEIC"
    TIFF = "TIFF"
    GIF = "GIF"
    BMP = "BMP"

    @property
    def label(self) -> str:
        return self.value


_MAGIC = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\0", Format.TIFF),
    (b"MM\0*", Format.TIFF),
    (b"II+\0", Format.TIFF),
    (b"MM\0+", Format.TIFF),
)
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}

# Formats that people do send, so that the failure can name them.
_KNOWN_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript (EPS) file"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) file"),
    (b"8BPS", "a Photoshop file"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML or SVG file"),
    (b"\x1f\x8b", "a compressed file"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"<!DOC", "a web page"),
    (b"<html", "a web page"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\0\0\1\0", "an icon"),
)


def sniff(head: bytes) -> Format:
    """The format of a file from its first bytes. Raises `RenderError(upload_unsupported)` naming what it is."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        if brands & _AVIF_BRANDS:
            return Format.AVIF
        if brands & _HEIC_BRANDS:
            return Format.HEIC
        raise RenderError(Reason.UPLOAD_UNSUPPORTED, "The file is a video or another media file, not a picture.")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, what in _KNOWN_OTHERS:
        if head.startswith(magic) or text.lower().startswith(magic.lower()):
            raise RenderError(Reason.UPLOAD_UNSUPPORTED, f"The file is {what}, not a picture that can be printed.")
    raise RenderError(Reason.UPLOAD_UNSUPPORTED, "The file is not a picture in a format that can be printed.")


def _brands(head: bytes) -> set[bytes]:
    """Major and compatible brands of an ISO media file."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}


def declared_size(head: bytes, kind: Format) -> tuple[int, int] | None:
    """Width and height by the header, for formats whose decoder sets memory aside before it can be asked."""
    if kind is not Format.WEBP:
        return None
    chunk = head[12:16]
    if chunk == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if chunk == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if chunk == b"VP8 " and len(head) >= 30:
        width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        return width & 0x3FFF, height & 0x3FFF
    return None
