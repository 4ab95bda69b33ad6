"""Odd and hostile pictures, made in code: a small colour chart in every form in which customers send pictures."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from printworks_render.engine import structure
from printworks_render.engine.profiles import SRGB, default_cmyk

from tests.unit.engine import heif

Pixels = NDArray[np.uint8]

DATA = Path(__file__).parents[2] / "data" / "pictures"
ORIENTATION = 0x0112
WIDTH, HEIGHT = 96, 64

_TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
"""From the upright chart to how a camera stores it with this EXIF orientation."""


def chart() -> Pixels:
    """Patches and ramps within the gamut of usual inks, different in every corner."""
    picture = np.empty((HEIGHT, WIDTH, 3), dtype=np.uint8)
    ramp = np.linspace(60, 200, WIDTH).astype(np.uint8)
    picture[:32] = np.stack([ramp, ramp[::-1], np.full(WIDTH, 128, np.uint8)], axis=-1)
    for index, colour in enumerate([(180, 90, 80), (90, 150, 100), (80, 100, 170), (190, 170, 90)]):
        picture[32:, index * 24 : (index + 1) * 24] = colour
    picture[:16, :16] = 40
    return picture


def grey_chart() -> Pixels:
    return np.asarray(Image.fromarray(chart()).convert("L").convert("RGB"), dtype=np.uint8)


def image() -> Image.Image:
    return Image.fromarray(chart())


def encoded(picture: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)  # pyright: ignore[reportArgumentType]  # options of any encoder
    return buffer.getvalue()


def jpeg(picture: Image.Image | None = None, **options: object) -> bytes:
    return encoded(picture or image(), "JPEG", **({"quality": 97, "subsampling": 0} | options))


def stored(orientation: int) -> Image.Image:
    """The chart as a camera stores it that says this orientation."""
    return Image.fromarray(np.ascontiguousarray(_TURNED.get(orientation, _TURNED[1])(chart())))


def oriented(orientation: int) -> bytes:
    return jpeg(stored(orientation), exif=exif(orientation).tobytes())


def exif(orientation: int) -> Image.Exif:
    said = Image.Exif()
    said[ORIENTATION] = orientation
    return said


def turned() -> dict[str, bytes]:
    """Orientations where formats other than JPEG keep them: some decoders turn the picture themselves, some do not."""
    files: dict[str, bytes] = {}
    for orientation in (2, 5, 6, 8):
        picture, said = stored(orientation), exif(orientation)
        files |= {
            f"orientation-{orientation}.png": encoded(picture, "PNG", exif=said),
            f"orientation-{orientation}.webp": encoded(picture, "WEBP", exif=said, lossless=True),
            f"orientation-{orientation}.avif": encoded(picture, "AVIF", exif=said, quality=98, subsampling="4:4:4"),
            f"orientation-{orientation}.tif": encoded(picture, "TIFF", tiffinfo={ORIENTATION: orientation}),
            f"orientation-{orientation}-lzw.tif": encoded(
                picture, "TIFF", tiffinfo={ORIENTATION: orientation}, compression="tiff_lzw"
            ),
        }
    return files


def in_space(profile: bytes, mode: str = "RGB") -> Image.Image:
    """The chart's colours as numbers of another profile."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(SRGB))
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.profileToProfile(image(), source, target, ImageCms.Intent.RELATIVE_COLORIMETRIC, mode) or image()


def profile(name: str) -> bytes:
    return (DATA / name).read_bytes()


def with_alpha(alpha: Pixels) -> Image.Image:
    picture = image().convert("RGBA")
    picture.putalpha(Image.fromarray(alpha))
    return picture


def opaque() -> Pixels:
    return np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)


def sixteen_bit(suffix: str, *, grey: bool = False, alpha: bool = False) -> bytes:
    values = (grey_chart()[..., 0] if grey else chart()[..., ::-1]).astype(np.uint16) * 257
    if alpha:
        values = np.dstack([values, np.full((HEIGHT, WIDTH), 65535, np.uint16)])
    return cv2.imencode(suffix, values)[1].tobytes()


def deep_avif(bits: int, pixels: Pixels, *, quality: int = 98, speed: int = 8) -> bytes:
    """An AVIF of 10 or 12 bits, from sRGB, or from blue, green, red, alpha. With quality 100 its chroma is full."""
    values = pixels if pixels.shape[2] == 4 else pixels[..., ::-1]
    scale = np.rint(np.arange(256) * ((1 << bits) - 1) / 255).astype(np.uint16)
    options = [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, speed]
    return cv2.imencode(".avif", scale[values], options)[1].tobytes()


def grey_bmp(width: int, height: int, data: bytes, *, bits: int = 8, compression: int = 1) -> bytes:
    """A BMP whose palette is a ramp of greys, by default with runs (RLE8)."""
    colours = 1 << bits
    palette = b"".join(bytes((grey, grey, grey, 0)) for grey in range(0, 256, 255 // (colours - 1)))
    begin = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", begin + len(data), 0, 0, begin) + head + palette + data


def runs(values: Pixels) -> bytes:
    """RLE8: a run per group of equal values, lines from below."""
    data = b""
    for row in values[::-1]:
        for piece in np.split(row, np.flatnonzero(np.diff(row)) + 1):
            data += bytes((len(piece), int(piece[0])))
        data += b"\0\0"
    return data + b"\0\1"


def commented(picture: bytes, comment: bytes) -> bytes:
    """A JPEG that begins with a comment."""
    return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + picture[2:]


def changed_profile(place: slice, content: bytes) -> bytes:
    """The profile of Display P3 with other bytes at a place of its head."""
    data = bytearray(profile("display-p3.icc"))
    data[place] = content
    return bytes(data)


def tiff_with(picture: bytes, **values: int) -> bytes:
    """A TIFF of Pillow's with other values: `width`, `height`, or `next`, the place of the next directory."""
    data = bytearray(picture)
    (begin,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, begin)
    for at in range(begin + 2, begin + 2 + 12 * entries, 12):
        tag, kind = struct.unpack_from("<HH", data, at)
        name = {256: "width", 257: "height"}.get(tag)
        if name in values:
            struct.pack_into("<H" if kind == 3 else "<I", data, at + 8, values[name])
    if "next" in values:
        struct.pack_into("<I", data, begin + 2 + 12 * entries, values["next"])
    return bytes(data)


def frames(count: int = 3) -> list[Image.Image]:
    """The chart, then other pictures."""
    return [image(), *(Image.new("RGB", (WIDTH, HEIGHT), (255, 0, 40 * number)) for number in range(1, count))]


def animated(file_format: str, **options: object) -> bytes:
    first, *rest = frames()
    return encoded(first, file_format, save_all=True, append_images=rest, duration=100, **options)


def good() -> dict[str, tuple[bytes, Pixels]]:
    """Files that must render, with the upright picture that they show."""
    colour, grey = chart(), grey_chart()
    garbage = b"not a profile" * 40
    files: dict[str, tuple[bytes, Pixels]] = {
        "plain.jpg": (jpeg(), colour),
        "progressive.jpg": (jpeg(progressive=True), colour),
        "subsampled.jpg": (jpeg(subsampling=2), colour),
        "grey.jpg": (jpeg(image().convert("L")), grey),
        "broken-exif.jpg": (jpeg(exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), colour),
        "orientation-text.jpg": (jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0x\0\0\0"), colour),
        "display-p3.jpg": (jpeg(in_space(profile("display-p3.icc")), icc_profile=profile("display-p3.icc")), colour),
        "prophoto.jpg": (jpeg(in_space(profile("prophoto.icc")), icc_profile=profile("prophoto.icc")), colour),
        "srgb.jpg": (jpeg(icc_profile=SRGB), colour),
        "tiny-profile.jpg": (jpeg(icc_profile=b"\0\1\2\3\4\5\6"), colour),
        "garbage-profile.jpg": (jpeg(icc_profile=garbage), colour),
        "cmyk-profile-on-rgb.jpg": (jpeg(icc_profile=default_cmyk().data), colour),
        "grey-profile.png": (encoded(image().convert("L"), "PNG", icc_profile=profile("grey-srgb.icc")), grey),
        "cmyk.jpg": (jpeg(in_space(default_cmyk().data, "CMYK"), icc_profile=default_cmyk().data), colour),
        "cmyk-untagged.jpg": (jpeg(in_space(default_cmyk().data, "CMYK")), colour),
        "cmyk.tif": (encoded(in_space(default_cmyk().data, "CMYK"), "TIFF", icc_profile=default_cmyk().data), colour),
        "plain.png": (encoded(image(), "PNG"), colour),
        "palette.png": (encoded(image().quantize(256), "PNG"), np.asarray(image().quantize(256).convert("RGB"))),
        "one-bit.png": (
            encoded(image().convert("1"), "PNG"),
            np.asarray(image().convert("1").convert("RGB"), dtype=np.uint8),
        ),
        "grey-alpha.png": (encoded(with_alpha(opaque()).convert("LA"), "PNG"), grey),
        "alpha.png": (encoded(with_alpha(opaque()), "PNG"), colour),
        "sixteen.png": (sixteen_bit(".png"), colour),
        "sixteen-grey.png": (sixteen_bit(".png", grey=True), grey),
        "sixteen-grey.tif": (sixteen_bit(".tif", grey=True), grey),
        "animated.png": (animated("PNG"), colour),
        "animated.webp": (animated("WEBP", lossless=True), colour),
        "plain.webp": (encoded(image(), "WEBP", quality=98), colour),
        "alpha.webp": (encoded(with_alpha(opaque()), "WEBP", lossless=True), colour),
        "plain.gif": (encoded(image().quantize(256), "GIF"), np.asarray(image().quantize(256).convert("RGB"))),
        "plain.bmp": (encoded(image(), "BMP"), colour),
        "lzw.tif": (encoded(image(), "TIFF", compression="tiff_lzw"), colour),
        "pages.tif": (animated("TIFF"), colour),
        "plain.avif": (encoded(image(), "AVIF", quality=98, subsampling="4:4:4"), colour),
        "wrong-extension.png": (jpeg(), colour),
        "no-extension": (encoded(image(), "PNG"), colour),
        "zip-at-the-end.jpg": (jpeg() + b"PK\x05\x06" + bytes(18), colour),
        "one-pixel.png": (encoded(Image.new("RGB", (1, 1), (10, 20, 30)), "PNG"), np.array([[[10, 20, 30]]], np.uint8)),
        "plain.heic": (
            (DATA / "rgb-128.heic").read_bytes(),
            np.asarray(Image.open(DATA / "rgb-128-reference.png").convert("RGB"), dtype=np.uint8),
        ),
    }
    for orientation in (*range(1, 9), 0, 9, 300):
        files[f"orientation-{orientation}.jpg"] = (oriented(orientation), colour)
    files |= {name: (content, colour) for name, content in turned().items()}
    return files | _more_kinds() | _polyglots() | _odd_profiles() | _one_pixel()


def _more_kinds() -> dict[str, tuple[bytes, Pixels]]:
    """Depths, palettes, compressions and frames beyond the usual ones."""
    colour, grey = chart(), grey_chart()
    lab = ImageCms.profileToProfile(
        image(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    tiff = encoded(image(), "TIFF")
    bmp = encoded(image(), "BMP")
    gif = encoded(image().quantize(256), "GIF")
    black_and_white = np.asarray(image().convert("1").convert("RGB"), dtype=np.uint8)
    two_greys = np.full((512, 512, 3), 117, np.uint8)
    two_greys[256:] = 35
    indexed = np.asarray(image().quantize(200).convert("RGB"))
    tile = np.asarray(Image.open(DATA / "rgb-128-reference.png").convert("RGB"), dtype=np.uint8)
    files: dict[str, tuple[bytes, Pixels]] = {
        "lab.tif": (encoded(lab, "TIFF"), colour),
        "sixteen.tif": (sixteen_bit(".tif"), colour),
        "sixteen-alpha.png": (sixteen_bit(".png", alpha=True), colour),
        "ten.avif": (deep_avif(10, colour), colour),
        "twelve.avif": (deep_avif(12, colour), colour),
        "ten.heic": ((DATA / "tile-512-deep.heic").read_bytes(), two_greys),
        "float.tif": (encoded(Image.fromarray(grey[..., 0].astype(np.float32) / 255), "TIFF"), grey),
        "jpeg.tif": (encoded(image(), "TIFF", compression="jpeg", quality=97), colour),
        "deflate.tif": (encoded(image(), "TIFF", compression="tiff_adobe_deflate"), colour),
        "fax.tif": (encoded(image().convert("1"), "TIFF", compression="group4"), black_and_white),
        "big.tif": (encoded(image(), "TIFF", big_tiff=True), colour),
        "ring.tif": (tiff_with(tiff, next=struct.unpack_from("<I", tiff, 4)[0]), colour),
        "palette.tif": (encoded(image().quantize(200), "TIFF"), indexed),
        "palette-alpha.png": (encoded(image().quantize(200), "PNG", transparency=b"\xff" * 200), indexed),
        "runs.bmp": (grey_bmp(WIDTH, HEIGHT, runs(grey[..., 0])), grey),
        "from-above.bmp": (bmp[:22] + struct.pack("<i", -HEIGHT) + bmp[26:], colour[::-1]),
        "no-canvas.gif": (gif[:6] + bytes(4) + gif[10:], np.asarray(image().quantize(256).convert("RGB"))),
        "animated.gif": (animated("GIF"), colour),
        "animated.avif": (animated("AVIF", quality=98, subsampling="4:4:4"), colour),
        "tiles.heic": (heif.tiled(_coded(), 3, 2, (384, 256)), np.tile(tile, (2, 3, 1))),
        "turned.heic": (heif.tiled(_coded(), 1, 1, (128, 128), turned=b"\0\0\0\x09irot\1"), np.rot90(tile)),
        "overlays.heic": (heif.nested_overlays(_coded(), 3, 2), tile),
        "telephone.heic": (heif.telephone(_coded(), (512, 384), 40_000), np.tile(tile, (3, 4, 1))),
        "second-of-two.heic": (heif.collected(_coded(), 2, 1), tile),
    }
    for bits in (1, 2, 4):
        few = image().quantize(1 << bits)
        files[f"palette-{bits}.png"] = (encoded(few, "PNG", bits=bits), np.asarray(few.convert("RGB")))
    return files


def _coded(name: str = "rgb-128.heic") -> heif.Coded:
    return heif.Coded.of(DATA / name)


def _polyglots() -> dict[str, tuple[bytes, Pixels]]:
    """Pictures that another program would take for something else. They are what their first bytes say."""
    colour = chart()
    gif = encoded(image().quantize(256), "GIF")
    return {
        "page-inside.jpg": (commented(jpeg(), b"<html><script>alert(1)</script></html>"), colour),
        "script-inside.jpg": (commented(jpeg(), b"<?php system($_GET[0]); __halt_compiler();"), colour),
        "document-inside.jpg": (commented(jpeg(), b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj"), colour),
        "script-after.gif": (
            gif[:-1] + b"!\xfe\x0f*/=1;alert(1)//\0;",
            np.asarray(image().quantize(256).convert("RGB")),
        ),
        "archive-after.png": (encoded(image(), "PNG") + b"PK\x03\x04" + bytes(60), colour),
        "picture-after.jpg": (jpeg() + encoded(Image.new("RGB", (9, 9)), "PNG"), colour),
        "picture-after.png": (encoded(image(), "PNG") + jpeg(Image.new("RGB", (9, 9))), colour),
    }


def _odd_profiles() -> dict[str, tuple[bytes, Pixels]]:
    """Profiles that say nothing of these pixels and are ignored."""
    profiles: dict[str, bytes] = {
        "long": SRGB + bytes(3 << 20),
        "lab": ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        "xyz": ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes(),
        "device-link": changed_profile(slice(12, 16), b"link"),
        "countless-tags": changed_profile(slice(128, 132), b"\xff\xff\xff\xff"),
        "odd-intent": SRGB[:64] + b"\0\0\0\x63" + SRGB[68:],
        "cut": profile("display-p3.icc")[:200],
    }
    return {f"{name}-profile.jpg": (jpeg(icc_profile=data), chart()) for name, data in profiles.items()}


def _one_pixel() -> dict[str, tuple[bytes, Pixels]]:
    dot = Image.new("RGB", (1, 1), (10, 20, 30))
    shown = np.array([[[10, 20, 30]]], np.uint8)
    files = {
        "one-pixel.jpg": jpeg(dot),
        "one-pixel.webp": encoded(dot, "WEBP", lossless=True),
        "one-pixel.gif": encoded(dot.quantize(), "GIF"),
        "one-pixel.bmp": encoded(dot, "BMP"),
        "one-pixel.tif": encoded(dot, "TIFF"),
        "one-pixel.avif": encoded(dot, "AVIF", quality=98, subsampling="4:4:4"),
    }
    return {name: (content, shown) for name, content in files.items()}


def truncatable() -> dict[str, bytes]:
    """One good file per format, to be cut."""
    noisy = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    picture = Image.fromarray(noisy)
    return {
        "jpg": jpeg(picture),
        "progressive.jpg": jpeg(picture, progressive=True),
        "png": encoded(picture, "PNG"),
        "webp": encoded(picture, "WEBP"),
        "gif": encoded(picture.quantize(256), "GIF"),
        "bmp": encoded(picture, "BMP"),
        "runs.bmp": grey_bmp(WIDTH, HEIGHT, runs(noisy[..., 0])),
        "tif": encoded(picture, "TIFF"),
        "lzw.tif": encoded(picture, "TIFF", compression="tiff_lzw"),
        "avif": encoded(picture, "AVIF"),
        "heic": (DATA / "rgb-128.heic").read_bytes(),
        "tiles.heic": heif.tiled(_coded(), 3, 2, (384, 256)),
    }


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, *extra: bytes, bits: int = 8, colour: int = 2) -> bytes:
    head = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    body = _png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + body + _png_chunk(b"IEND", b"")


def _bomb(size: int = 66 << 20) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def _tiff(entries: bytes, count: int) -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4)


def first_frame(gif: bytes) -> int:
    """Where the blocks of a GIF with a table of colours begin."""
    return 13 + (3 << ((gif[10] & 7) + 1))


def of_too_many_parts() -> dict[str, bytes]:
    """Small files with few pixels that would keep a decoder busy for long: one part more than is read."""
    still = jpeg()
    waves = jpeg(progressive=True)
    scan = waves[waves.rindex(b"\xff\xc4", 0, waves.rindex(b"\xff\xda")) : -2]
    png = encoded(image(), "PNG")
    gif = encoded(image().quantize(256), "GIF")
    start = first_frame(gif)
    strips = struct.pack("<HHII", 273, 4, structure.MAX_TIFF_VALUES + 1, 8)
    return {
        "scans.jpg": waves[:-2] + scan * structure.MAX_JPEG_SCANS + waves[-2:],
        "segments.jpg": still[:2] + b"\xff\xe5\0\2" * (structure.MAX_JPEG_SEGMENTS + 1) + still[2:],
        "padding.jpg": still[:2] + b"\xff" * (structure.MAX_JPEG_STRAY_BYTES + 1) + still[2:],
        "between-segments.jpg": still[:20] + bytes(structure.MAX_JPEG_STRAY_BYTES + 1) + still[20:],
        "chunks.png": png[:33] + _png_chunk(b"teXx", b"") * structure.MAX_PNG_CHUNKS + png[33:],
        "empty-data.png": png[:-12] + _png_chunk(b"IDAT", b"") * structure.MAX_PNG_CHUNKS + png[-12:],
        "comments.gif": gif[:start] + b"!\xfe\1a\0" * (structure.MAX_GIF_BLOCKS // 2 + 1) + gif[start:],
        "one-comment.gif": gif[:start] + b"!\xfe" + b"\1a" * structure.MAX_GIF_BLOCKS + b"\0" + gif[start:],
        "nothing.gif": gif[:start] + bytes(structure.MAX_GIF_BLOCKS + 1) + gif[start:],
        "entries.tif": _tiff(bytes(12 * (structure.MAX_TIFF_ENTRIES + 1)), structure.MAX_TIFF_ENTRIES + 1),
        "strips.tif": _tiff(strips, 1),
        "runs.bmp": grey_bmp(4096, 4096, b"\1\7" * (structure.MAX_BMP_RUN_BYTES // 2)),
        "empty-runs.bmp": grey_bmp(96, 64, bytes(structure.MAX_BMP_RUN_BYTES)),
        "nested.heic": heif.nested_overlays(_coded(), 9, 4),
        "deep.heic": heif.nested_overlays(_coded(), 2, 60),
        "stacked.heic": heif.stacked(_coded("tile-512.heic"), structure.MAX_HEIF_PIXELS // 512**2 + 1),
        "boxes.heic": (DATA / "rgb-128.heic").read_bytes()[:28] + b"\0\0\0\x08free" * structure.MAX_HEIF_BOXES,
        "big-entries.tif": b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 1 << 40) + bytes(64),
    }


def bad() -> dict[str, tuple[bytes, str]]:
    """Files that must fail, with the code of the failure."""
    sof = jpeg()
    start = sof.index(b"\xff\xc0") + 5
    huge_jpeg = sof[:start] + struct.pack(">HH", 65_000, 65_000) + sof[start + 4 :]
    gif = encoded(image().quantize(256), "GIF")
    bmp = encoded(image(), "BMP")
    vp8x = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\0" + b"\xff\x3f\0"
    webp = b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x
    tiff = encoded(image(), "TIFF")
    frame = gif.index(b",", first_frame(gif))
    return {
        "bomb.tif": (tiff_with(tiff, width=60_000, height=60_000), "upload_too_large"),
        "bomb-lzw.tif": (
            tiff_with(encoded(image(), "TIFF", compression="tiff_lzw"), width=9_000, height=9_000),
            "upload_corrupt",
        ),
        "bomb-runs.bmp": (grey_bmp(60_000, 60_000, b"\0\1"), "upload_too_large"),
        "bomb.heic": (heif.tiled(_coded("tile-512.heic"), 24, 24, (12_000, 12_000)), "upload_too_large"),
        "bomb-frame.gif": (gif[: frame + 1] + b"\x60\xea\x60\xea" + gif[frame + 5 :], "upload_too_large"),
        "lying-small.heic": (heif.lying(_coded("tile-512.heic"), (16, 16)), "upload_corrupt"),
        "lying-large.heic": (heif.lying(_coded("tile-512.heic"), (6_000, 6_000)), "upload_corrupt"),
        "ring.heic": (
            heif.file(_coded(), [heif.overlay((128, 128), [2]), heif.overlay((128, 128), [1])]),
            "upload_corrupt",
        ),
        "no-width.png": (png_of(0, 5), "upload_corrupt"),
        "no-height.png": (png_of(5, 0), "upload_corrupt"),
        "no-size.bmp": (bmp[:18] + bytes(8) + bmp[26:], "upload_corrupt"),
        "no-size.jpg": (sof[:start] + bytes(4) + sof[start + 4 :], "upload_corrupt"),
        "no-size.tif": (tiff_with(tiff, width=0, height=0), "upload_corrupt"),
        "no-size.heic": (heif.lying(_coded(), (0, 0)), "upload_corrupt"),
        "negative-width.bmp": (bmp[:18] + struct.pack("<i", -WIDTH) + bmp[22:], "upload_too_large"),
        "index-outside.png": (
            png_of(96, 64, _png_chunk(b"PLTE", bytes(6)), bits=8, colour=3),
            "upload_corrupt",
        ),
        "bomb.png": (png_of(30_000, 30_000), "upload_too_large"),
        "bomb-one-bit.png": (png_of(65_000, 65_000, bits=1, colour=0), "upload_too_large"),
        "bomb-line.png": (png_of(90_000, 1), "upload_too_large"),
        "bomb-text.png": (png_of(96, 64, _png_chunk(b"zTXt", b"k\0\0" + _bomb())), "upload_corrupt"),
        "bomb-profile.png": (png_of(96, 64, _png_chunk(b"iCCP", b"k\0\0" + _bomb())), "upload_corrupt"),
        "bomb.gif": (gif[:6] + b"\xff\xff\xff\xff" + gif[10:], "upload_too_large"),
        "bomb.bmp": (bmp[:18] + struct.pack("<ii", 60_000, 60_000) + bmp[26:], "upload_too_large"),
        "bomb.webp": (webp, "upload_too_large"),
        "bomb.jpg": (huge_jpeg, "upload_too_large"),
        "empty.jpg": (b"", "upload_corrupt"),
        "one-byte.jpg": (b"\xff", "upload_unsupported"),
        "magic-only.jpg": (b"\xff\xd8\xff\xe0", "upload_corrupt"),
        "magic-only.png": (b"\x89PNG\r\n\x1a\n", "upload_corrupt"),
        "noise-after-magic.tif": (b"II*\0" + bytes(range(256)) * 8, "upload_corrupt"),
        "noise-after-magic.heic": (b"\0\0\0\x18ftypheic" + bytes(range(256)) * 8, "upload_corrupt"),
        "transparent.png": (encoded(with_alpha(opaque() * 0), "PNG"), "upload_corrupt"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "upload_unsupported"),
        "drawing.jpg": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "upload_unsupported"),
        "document.pdf": (b"%PDF-1.4\n" + jpeg(), "upload_unsupported"),
        "document.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "upload_unsupported"),
        "layers.psd": (b"8BPS\0\1" + bytes(30), "upload_unsupported"),
        "icon.png": (encoded(image(), "ICO"), "upload_unsupported"),
        "jpeg2000.jpg": (encoded(image(), "JPEG2000"), "upload_unsupported"),
        "archive.jpg": (b"PK\x03\x04" + bytes(60), "upload_unsupported"),
        "page.png": (b"<!DOCTYPE html><html><body>404</body></html>", "upload_unsupported"),
        "film.jpg": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(60), "upload_unsupported"),
        "text.jpg": (b"Hello, this is my picture.", "upload_unsupported"),
        "fits.png": (b"SIMPLE  =                    T" + b" " * 100, "upload_unsupported"),
    }
