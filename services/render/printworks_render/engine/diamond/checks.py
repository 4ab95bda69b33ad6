"""Preflight of a kit: legible symbols, enough pixels, enough stock, and counts that add up in every file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from printworks_common.spreadsheets import as_text
from printworks_common.templates import Limits, Output

from printworks_render.engine import preflight
from printworks_render.engine.diamond import readback, symbols
from printworks_render.engine.diamond.key import LegendLayout
from printworks_render.engine.diamond.paging import PatternPage
from printworks_render.engine.diamond.pattern import Quantity
from printworks_render.engine.diamond.scene import Kit
from printworks_render.engine.geometry import MM_PER_INCH
from printworks_render.engine.job import Check, Level

MIN_SYMBOL_MM = 1.2
MIN_LINE_MM = 0.15
_MIN_PIXELS_PER_DRILL = 1.0
_GOOD_PIXELS_PER_DRILL = 2.0
_MIN_CELL_PIXELS = 12


def before_drawing(kit: Kit, limits: Limits) -> list[Check]:
    """What can be said of the pattern itself."""
    checks = [_check_pixels(kit), *check_symbols(kit.options.pitch, kit.options.drill == "round")]
    checks += [_check_legend(layout, limits) for layout in kit.legends]
    checks += _check_stock(kit.needs)
    return checks


def _check_pixels(kit: Kit) -> Check:
    across = min(kit.source[0], kit.source[1]) / min(kit.pattern.columns, kit.pattern.rows)
    limit = f"{_MIN_PIXELS_PER_DRILL:g}, warning below {_GOOD_PIXELS_PER_DRILL:g}"
    measured = f"{across:.1f} pixels per drill"
    if across >= _GOOD_PIXELS_PER_DRILL:
        return preflight.passed("pixels_per_drill", measured, limit, "The picture has enough pixels for the drills.")
    level = Level.FAIL if across < _MIN_PIXELS_PER_DRILL else Level.WARN
    sentence = f"The picture has {across:.1f} pixels for each drill; the painting would show less than it could."
    # A picture that is too small has the reason `upload_low_resolution`, as in every recipe.
    return Check("effective_dpi" if level is Level.FAIL else "pixels_per_drill", level, measured, limit, sentence)


def check_symbols(pitch: float, round_drills: bool) -> list[Check]:
    """Whether symbols on the canvas can be read: height of the lowest and width of the thinnest line."""
    share = symbols.share_of_cell(round_drills=round_drills)
    height, line = symbols.CAP_HEIGHT * pitch * share, symbols.LINE_WIDTH * pitch * share
    return [
        preflight.judged(
            "symbol_height",
            height >= MIN_SYMBOL_MM - 1e-9,
            f"{height:.2f} mm",
            f"{MIN_SYMBOL_MM:g} mm",
            "The symbols are high enough to be read.",
            f"The symbols are {height:.2f} mm high and hard to read; take larger drills.",
            Level.WARN,
        ),
        preflight.judged(
            "symbol_line",
            line >= MIN_LINE_MM - 1e-9,
            f"{line:.2f} mm",
            f"{MIN_LINE_MM:g} mm",
            "The symbols' lines are wide enough to print.",
            f"The symbols' lines are {line:.2f} mm wide; they may not print.",
            Level.WARN,
        ),
    ]


def _check_legend(layout: LegendLayout, limits: Limits) -> Check:
    return preflight.judged(
        "legend_size",
        layout.size_pt >= limits.min_text_pt,
        f"{layout.size_pt:.1f} pt",
        f"{limits.min_text_pt:g} pt",
        "The legend can be read.",
        f"The legend is set in {layout.size_pt:.1f} pt; give it more room.",
        Level.WARN,
    )


def _check_stock(needs: Sequence[Quantity]) -> list[Check]:
    short = [need for need in needs if need.drill.stock is not None and need.drill.stock < need.drills]
    return [
        Check(
            "stock",
            Level.WARN,
            f"{need.drills} drills",
            f"{need.drill.stock} drills",
            f"Colour {need.drill.code} needs {need.drills} drills; the palette says that {need.drill.stock} are there.",
        )
        for need in short
    ]


def check_file(
    kit: Kit, output: Output, path: Path, pages: Sequence[PatternPage], *, watermarked: bool = False
) -> list[Check]:
    """Counts in a finished file, opened again. watermarked: the cells of a raster file cannot all be recognised."""
    pattern = kit.pattern
    by_symbol = {need.drill.symbol: need.cells for need in kit.needs}
    match output.role, output.format:
        case "print", "pdf":
            return [_counts("PDF of the canvas", readback.symbols_in_pdf(path), by_symbol)]
        case "print", "png" | "tiff" if output.colour == "srgb" and not watermarked:
            return _check_raster(kit, path)
        case "pattern", "pdf":
            shown = dict.fromkeys(by_symbol, 0)
            for page in pages:
                part = pattern.cells[page.top : page.bottom, page.left : page.right]
                for index, drill in enumerate(pattern.drills):
                    shown[drill.symbol] += int((part == index).sum())
            return [_counts("pattern", readback.symbols_in_pdf(path), shown)]
        case "pattern", "xlsx":
            shown, said = readback.workbook_counts(path)
            return [_counts("workbook's pattern", shown, by_symbol), _counts("workbook's key", said, by_symbol)]
        case "pattern", "csv":
            return [_counts("pattern as CSV", readback.codes_in_csv(path), _by_code(kit))]
        case "legend", "csv":
            return [_counts("colour key as CSV", readback.cells_in_key(path), _by_code(kit))]
        case _:
            return []


def _by_code(kit: Kit) -> dict[str, int]:
    return {as_text(need.drill.code): need.cells for need in kit.needs}


def _counts(what: str, found: Mapping[str, int], wanted: Mapping[str, int]) -> Check:
    wrong = sum(found.get(key, 0) != count for key, count in wanted.items()) + len(set(found) - set(wanted))
    return preflight.judged(
        "counts",
        wrong == 0,
        f"{sum(found.values())} cells",
        f"{sum(wanted.values())} cells",
        f"The {what} has every drill as often as it is counted.",
        f"The {what} does not agree with the counts for {wrong} colours.",
    )


def _check_raster(kit: Kit, path: Path) -> list[Check]:
    sheet = kit.scene.sheet
    if kit.options.pitch * sheet.dpi / MM_PER_INCH < _MIN_CELL_PIXELS:
        return []
    is_round = kit.options.drill == "round"
    share = readback.cells_in_raster(path, sheet, kit.place, kit.pattern, round_drills=is_round)
    cells = kit.pattern.cells.size
    return [
        preflight.judged(
            "counts",
            share == 1.0,
            f"{round(share * cells)} cells",
            f"{cells} cells",
            "Every cell of the print shows its drill.",
            "Cells of the print show other drills than the pattern.",
        )
    ]
