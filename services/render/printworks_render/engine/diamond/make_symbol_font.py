"""Make `data/symbols.ttf` from the drawings in `glyphs`: `python -m printworks_render.engine.diamond.make_symbol_font`.

Run it after a change of a drawing; needs the development packages fontTools and shapely. Every glyph is one em wide and
fills the em square, so that a row of drills is one line of text at a type size equal to the drills' pitch.
"""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from shapely import LineString, MultiPolygon, Polygon, get_parts, orient_polygons, unary_union

from printworks_render.engine.diamond.glyphs import BLANK, CORNERS, INVENTORY, Glyph, glyph

UNITS = 1000
TARGET = Path(__file__).parent / "data" / "symbols.ttf"


def _shape(drawing: Glyph) -> MultiPolygon:
    parts: list[Polygon] = []
    for path in drawing.paths:
        if path.filled:
            parts.append(Polygon(path.points))
        else:
            points = (*path.points, path.points[0]) if path.closed else path.points
            parts.append(LineString(points).buffer(drawing.width / 2, quad_segs=6))
    merged = unary_union(parts).simplify(0.0008)
    return MultiPolygon([piece for piece in get_parts(merged).tolist() if isinstance(piece, Polygon)])


def _outline(shape: MultiPolygon) -> TTGlyphPen:
    pen = TTGlyphPen(None)
    for polygon in orient_polygons(shape, exterior_cw=True).geoms:
        for ring in (polygon.exterior, *polygon.interiors):
            points = [(round(x * UNITS), round(y * UNITS)) for x, y in ring.coords[:-1]]
            pen.moveTo(points[0])
            for point in points[1:]:
                pen.lineTo(point)
            pen.closePath()
    return pen


def main() -> None:
    symbols = (BLANK, CORNERS, *INVENTORY)
    names = [".notdef", *(f"symbol{number}" for number in range(len(symbols)))]
    # Private use area: the characters that stand for the symbols are written into each document's own map.
    codes = {0xE000 + number: name for number, name in enumerate(names[1:])}
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(codes)
    outlines = {names[0]: TTGlyphPen(None).glyph()}
    for name, symbol in zip(names[1:], symbols, strict=True):
        outlines[name] = _outline(_shape(glyph(symbol))).glyph() if symbol != BLANK else TTGlyphPen(None).glyph()
    builder.setupGlyf(outlines)
    table = builder.font["glyf"]
    builder.setupHorizontalMetrics({name: (UNITS, getattr(table[name], "xMin", 0)) for name in names})
    builder.setupHorizontalHeader(ascent=UNITS, descent=0)
    builder.setupNameTable({"familyName": "Printworks Symbols", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=UNITS, sTypoDescender=0, usWinAscent=UNITS, usWinDescent=0)
    builder.setupPost(keepGlyphNames=False)
    # The seconds since 1904 of 2026-01-01: a fixed date, so that the same drawings give the same file.
    builder.updateHead(created=3850070400, modified=3850070400)
    builder.font.recalcTimestamp = False
    builder.save(TARGET)


if __name__ == "__main__":
    main()
