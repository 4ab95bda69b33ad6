"""How much of each paint a canvas needs, by the area of its facets, as rows for legend, CSV and JSON."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from printworks_common.spreadsheets import as_text
from printworks_common.templates.options_numbers import NumbersOptions

from printworks_render.engine.numbers.painting import Painting
from printworks_render.engine.numbers.paints import Paint

_HEADER = ("number", "code", "name", "hex", "facets", "area_mm2", "share", "paint_ml", "pots")


@dataclass(frozen=True)
class Need:
    """A paint with its facets, area (mm², of all facets), share of the canvas, paint (ml, with spare) and pots."""

    paint: Paint
    facets: int
    area_mm2: float
    share: float
    paint_ml: float
    pots: int


def needs_of(painting: Painting, options: NumbersOptions) -> list[Need]:
    """One row per paint, in the order of the numbers. Areas sum to the canvas."""
    areas = painting.paint_areas()
    total = float(areas.sum())
    rows: list[Need] = []
    for index, paint in enumerate(painting.paints):
        area = float(areas[index])
        ml = area / 1e6 * options.paint_ml_per_m2 * (1 + options.spare_share)
        count = int((painting.facets.paint == index).sum())
        rows.append(Need(paint, count, area, area / total, ml, max(1, ceil(ml / options.pot_ml - 1e-9))))
    return sorted(rows, key=lambda row: row.paint.number)


def write_csv(path: Path, needs: Sequence[Need]) -> None:
    """CSV in UTF-8 with a byte order mark, so that Excel reads it; no text can be taken for a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(_HEADER)
        for need in needs:
            texts = [as_text(text) for text in (need.paint.code, need.paint.name, need.paint.hex)]
            figures = [need.facets, f"{need.area_mm2:.1f}", f"{need.share:.4f}", f"{need.paint_ml:.2f}", need.pots]
            writer.writerow([need.paint.number, *texts, *figures])


def write_json(path: Path, painting: Painting, needs: Sequence[Need]) -> None:
    """Paints, quantities and every facet: number, centre and radius (mm), area (mm²), type size (pt)."""
    document = {"schema_version": 1, "canvas_mm": [painting.grid.width, painting.grid.height], **facts(painting, needs)}
    spots = painting.spots
    numbers = [paint.number for paint in painting.paints]
    document["facet_list"] = [
        [numbers[paint], round(x, 2), round(y, 2), round(radius, 3), round(area, 2), round(size, 2)]
        for paint, (x, y), radius, area, size in zip(
            painting.facets.paint.tolist(),
            spots.centre.tolist(),
            spots.radius.tolist(),
            spots.area.tolist(),
            painting.font_pt.tolist(),
            strict=True,
        )
    ]
    path.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")


def facts(painting: Painting, needs: Sequence[Need]) -> dict[str, Any]:
    """Figures of the painting as JSON values."""
    return {
        "facets": painting.facets.count,
        "smallest_radius_mm": round(float(painting.spots.radius.min()), 3),
        "smallest_area_mm2": round(float(painting.spots.area.min()), 2),
        "smallest_number_pt": round(float(painting.font_pt.min()), 2),
        "paints": [
            {
                "number": need.paint.number,
                "code": need.paint.code,
                "name": need.paint.name,
                "hex": need.paint.hex,
                "facets": need.facets,
                "area_mm2": round(need.area_mm2, 1),
                "share": round(need.share, 4),
                "paint_ml": round(need.paint_ml, 2),
                "pots": need.pots,
            }
            for need in needs
        ],
    }
