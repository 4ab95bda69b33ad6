"""Writer of print PDFs: PDF/X-4 with page boxes, output intent, embedded fonts, ICC-based sRGB or CMYK.

`PdfWriter` makes a document, `PdfWriter.page` its pages, `Page` their content in canvas millimetres (y downwards).
The bytes depend on nothing but what is drawn and the date given: no clock, no random id.

Sources: ISO 15930-7 (PDF/X-4), ISO 32000-1.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO
from uuid import UUID
from xml.sax.saxutils import escape

import numpy as np
import pikepdf
from numpy.typing import NDArray
from pikepdf import Array, Dictionary, Name, Object, Stream

from printworks_render.engine.content import Content, FontResource, ImageResource
from printworks_render.engine.fonts import Face
from printworks_render.engine.geometry import PT_PER_MM, Rect, Sheet
from printworks_render.engine.inks import Inks, RgbInks
from printworks_render.engine.pdf_fonts import embed_font
from printworks_render.engine.profiles import SRGB, Profile, default_cmyk
from printworks_render.engine.raster import deflate

_DOCUMENT_NAMESPACE = UUID("5b0c3df2-6b2f-5f0e-8f4e-2f5a1f0f7a11")


@dataclass(frozen=True)
class DocumentInfo:
    """Title, date (from the request, never from the clock) and producer, `Printworks <renderer version>`."""

    title: str
    document_date: date
    producer: str


class Page(Content):
    """A page under construction: all drawing methods of `Content`, and the sheet that it is printed on."""

    def __init__(self, writer: "PdfWriter", sheet: Sheet) -> None:
        super().__init__(writer.inks, writer)
        self.sheet = sheet


class PdfWriter:
    """One document. `intent` None takes the default CMYK printer profile; `inks` says how colours are written."""

    def __init__(
        self, info: DocumentInfo, intent: Profile | None = None, inks: Inks | None = None, *, bare: bool = False
    ) -> None:
        """bare: without output intent and metadata, for drawings that only become pixels."""
        self._bare = bare
        self.inks = inks or RgbInks()
        self._info = info
        self._intent = intent
        self._pdf = pikepdf.Pdf.new()
        self._pages: list[Page] = []
        self._fonts: dict[int, FontResource] = {}
        self._images: dict[str, Object] = {}
        self._states: dict[str, Object] = {}
        # A drawing that only becomes pixels needs no profile: building its colour transform takes PDFium 20 ms.
        self._srgb = Name.DeviceRGB if bare else self._icc_based(SRGB)

    def page(self, sheet: Sheet) -> Page:
        """A new last page: MediaBox with slug, BleedBox, TrimBox of the sheet."""
        page = Page(self, sheet)
        self._pages.append(page)
        return page

    def font(self, face: Face) -> FontResource:
        """The font as it can be used on any page of this document; it is embedded as a subset."""
        return self._fonts.setdefault(id(face), FontResource(f"F{len(self._fonts) + 1}", face))

    def jpeg(self, data: bytes, width: int, height: int, channels: int) -> ImageResource:
        """A picture from bare JPEG data: 1 grey, 3 sRGB, 4 CMYK in Adobe's inverted form."""
        extra = {"Decode": Array([1, 0] * 4)} if channels == 4 else {}
        return self._image(data, width, height, self._space(channels), Name.DCTDecode, 8, **extra)

    def picture(self, pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> ImageResource:
        """A lossless picture: pixels (h, w) grey, (h, w, 3) sRGB or (h, w, 4) CMYK, with an optional soft mask."""
        height, width = pixels.shape[:2]
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        extra: dict[str, Object] = {}
        if alpha is not None:
            mask = self._stream(deflate(np.ascontiguousarray(alpha).tobytes()), compressed=True)
            self._describe(mask, width, height, Name.DeviceGray, 8)
            extra["SMask"] = mask
        data = deflate(np.ascontiguousarray(pixels).tobytes())
        return self._image(data, width, height, self._space(channels), Name.FlateDecode, 8, **extra)

    def indexed(self, indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> ImageResource:
        """A lossless picture of palette colours: indices (h, w), palette (n, 3) sRGB."""
        height, width = indices.shape
        lookup = pikepdf.String(palette.astype(np.uint8).tobytes())
        space = self._pdf.make_indirect(Array([Name.Indexed, self._srgb, len(palette) - 1, lookup]))
        data = deflate(np.ascontiguousarray(indices).tobytes())
        return self._image(data, width, height, space, Name.FlateDecode, 8)

    def opacity(self, value: float) -> str:
        """Name of a graphics state with this constant opacity."""
        name = f"G{round(value * 1000)}"
        self._states.setdefault(name, self._pdf.make_indirect(Dictionary(Type=Name.ExtGState, ca=value, CA=value)))
        return name

    def save(self, path: Path | BinaryIO) -> None:
        """Write the document; the writer cannot be used afterwards."""
        resources = self._pdf.make_indirect(
            Dictionary(
                ColorSpace=Dictionary(RGB=self._srgb),
                Font=Dictionary({f"/{font.name}": self._embed(font) for font in self._fonts.values() if font.used}),
                XObject=Dictionary({f"/{name}": image for name, image in self._images.items()}),
                ExtGState=Dictionary({f"/{name}": state for name, state in self._states.items()}),
            )
        )
        digest = hashlib.sha256()
        for page in self._pages:
            content = _prologue(page.sheet) + page.operators()
            digest.update(content)
            self._add_page(page.sheet, content, resources)
        if not self._bare:
            self._describe_document(UUID(bytes=digest.digest()[:16], version=5))
        self._pdf.save(
            path,
            min_version="1.6",
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )
        self._pdf.close()
        # Pages and writer know each other: without this the pictures would stay until the next garbage collection.
        self._pages.clear()
        self._images.clear()

    def _add_page(self, sheet: Sheet, content: bytes, resources: Object) -> None:
        page = Dictionary(
            Type=Name.Page,
            MediaBox=_box(sheet.media, sheet),
            BleedBox=_box(sheet.bleed_box, sheet),
            TrimBox=_box(sheet.trim, sheet),
            Resources=resources,
            Contents=self._stream(deflate(content), compressed=True),
        )
        self._pdf.pages.append(pikepdf.Page(self._pdf.make_indirect(page)))

    def _describe_document(self, document: UUID) -> None:
        intent = self._intent or default_cmyk()
        root = self._pdf.Root
        root.OutputIntents = Array(
            [
                Dictionary(
                    Type=Name.OutputIntent,
                    S=Name.GTS_PDFX,
                    OutputConditionIdentifier=pikepdf.String(intent.name),
                    OutputCondition=pikepdf.String(intent.name),
                    Info=pikepdf.String(intent.name),
                    DestOutputProfile=self._stream(deflate(intent.data), compressed=True, N=4),
                )
            ]
        )
        metadata = self._stream(_xmp(self._info, document).encode())
        metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
        root.Metadata = metadata
        root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        moment = f"D:{self._info.document_date:%Y%m%d}000000Z"
        self._pdf.trailer.Info = self._pdf.make_indirect(
            Dictionary(
                Title=pikepdf.String(self._info.title),
                Producer=pikepdf.String(self._info.producer),
                CreationDate=pikepdf.String(moment),
                ModDate=pikepdf.String(moment),
                Trapped=Name("/False"),
            )
        )

    def _embed(self, font: FontResource) -> Object:
        return embed_font(self._pdf, font)

    def _space(self, channels: int) -> Object:
        return {1: Name.DeviceGray, 3: self._srgb, 4: Name.DeviceCMYK}[channels]

    def _image(
        self, data: bytes, width: int, height: int, space: Object, encoding: Object, bits: int, **extra: Object
    ) -> ImageResource:
        stream = Stream(self._pdf, data)
        stream.Filter = encoding
        self._describe(stream, width, height, space, bits)
        for key, value in extra.items():
            stream[f"/{key}"] = value
        name = f"I{len(self._images) + 1}"
        self._images[name] = self._pdf.make_indirect(stream)
        return ImageResource(name, width, height)

    def _icc_based(self, profile: bytes) -> Object:
        return self._pdf.make_indirect(Array([Name.ICCBased, self._stream(profile, N=3, Alternate=Name.DeviceRGB)]))

    @staticmethod
    def _describe(stream: Object, width: int, height: int, space: Object, bits: int) -> None:
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height = width, height
        stream.ColorSpace, stream.BitsPerComponent = space, bits

    def _stream(self, data: bytes, *, compressed: bool = False, **entries: object) -> Stream:
        stream = Stream(self._pdf, data)
        if compressed:
            stream.Filter = Name.FlateDecode
        for key, value in entries.items():
            stream[f"/{key}"] = value
        return stream


def _prologue(sheet: Sheet) -> bytes:
    """From canvas millimetres, y downwards, to points, y upwards."""
    x, y = -sheet.media.x * PT_PER_MM, sheet.media.bottom * PT_PER_MM
    return f"{PT_PER_MM:.10f} 0 0 {-PT_PER_MM:.10f} {x:.6f} {y:.6f} cm\n".encode()


def _box(rect: Rect, sheet: Sheet) -> Array:
    left, right = (rect.x - sheet.media.x) * PT_PER_MM, (rect.right - sheet.media.x) * PT_PER_MM
    bottom, top = (sheet.media.bottom - rect.bottom) * PT_PER_MM, (sheet.media.bottom - rect.y) * PT_PER_MM
    return Array([round(value, 4) for value in (left, bottom, right, top)])


_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfxid="http://www.npes.org/pdfx/ns/id/">
<pdfxid:GTS_PDFXVersion>PDF/X-4</pdfxid:GTS_PDFXVersion>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<xmp:MetadataDate>{moment}</xmp:MetadataDate><xmp:CreatorTool>{producer}</xmp:CreatorTool>
<xmpMM:DocumentID>uuid:{document}</xmpMM:DocumentID><xmpMM:VersionID>1</xmpMM:VersionID>
<xmpMM:RenditionClass>default</xmpMM:RenditionClass>
<pdf:Producer>{producer}</pdf:Producer><pdf:Trapped>False</pdf:Trapped>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def _xmp(info: DocumentInfo, document: UUID) -> str:
    return _XMP.format(
        title=escape(info.title),
        producer=escape(info.producer),
        moment=f"{info.document_date:%Y-%m-%d}T00:00:00Z",
        document=document,
    )
