"""Embedding of font subsets: composite fonts (Type 0, Identity-H) whose codes are glyph numbers."""

import hashlib
import re

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from printworks_render.engine.content import FontResource
from printworks_render.engine.fonts import Face
from printworks_render.engine.harfbuzz import hb
from printworks_render.engine.raster import deflate

_ROWS_PER_CMAP_BLOCK = 100


def embed_font(pdf: pikepdf.Pdf, font: FontResource) -> Object:
    """The font dictionary of a used font, with subset, widths and a map back to Unicode."""
    face = font.face
    glyphs = sorted({0, *font.used})
    data = face.subset(glyphs)
    name = Name("/" + _subset_tag(data) + "+" + _postscript_name(face))
    unit = 1000 / face.upem
    truetype = face.kind == "truetype"
    program = data if truetype else _cff_table(data)
    file = Stream(pdf, deflate(program))
    file.Filter = Name.FlateDecode
    if truetype:
        file.Length1 = len(program)
    else:
        file.Subtype = Name.CIDFontType0C
    ascender, descender = (round(value * unit) for value in face.extents)
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=4,
        FontBBox=Array([-1000, descender, 3000, ascender]),
        ItalicAngle=0,
        Ascent=ascender,
        Descent=descender,
        CapHeight=round(face.cap_height * unit),
        StemV=80,
    )
    descriptor["/FontFile2" if truetype else "/FontFile3"] = pdf.make_indirect(file)
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2 if truetype else Name.CIDFontType0,
        BaseFont=name,
        CIDSystemInfo=Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=0,
        W=_widths(face, glyphs, unit),
    )
    if truetype:
        descendant.CIDToGIDMap = Name.Identity
    to_unicode = Stream(pdf, deflate(_to_unicode(font.used)))
    to_unicode.Filter = Name.FlateDecode
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=to_unicode,
        )
    )


def _subset_tag(data: bytes) -> str:
    """Six capitals that differ between subsets, as ISO 32000-1 9.6.4 asks."""
    return "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(data).digest()[:6])


def _postscript_name(face: Face) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "", face.name) or "Font"


def _cff_table(data: bytes) -> bytes:
    return hb.Face(hb.Blob(data)).reference_table("CFF ").data


def _widths(face: Face, glyphs: list[int], unit: float) -> Array:
    """Widths in thousandths, one array per run of neighbouring glyph numbers."""
    result = Array()
    run: list[int] = []
    for index, glyph in enumerate(glyphs):
        run.append(glyph)
        if index + 1 == len(glyphs) or glyphs[index + 1] != glyph + 1:
            result.append(run[0])
            result.append(Array([round(face.advance(one) * unit, 2) for one in run]))
            run = []
    return result


def _to_unicode(used: dict[int, str]) -> bytes:
    rows = [f"<{gid:04x}> <{text.encode('utf-16-be').hex()}>" for gid, text in sorted(used.items()) if text]
    blocks = [rows[at : at + _ROWS_PER_CMAP_BLOCK] for at in range(0, len(rows), _ROWS_PER_CMAP_BLOCK)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
