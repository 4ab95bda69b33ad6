"""Render one kit several times in this process and print the times as JSON: what diamond_bench.py measures.

    python bench/render/diamond_kit.py PHOTO COLOURS FOLDER JOBS [OPTIONS]

OPTIONS: JSON of the recipe's options; `"fit": true` makes the canvas 160 cells wide in the photo's own format.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from printworks_common.templates import read_design, read_template
from printworks_render.engine import RenderJob, preflight, preview, render
from printworks_render.engine.diamond import recipe
from printworks_render.engine.job import OrderFacts

COLUMNS, ROWS = 160, 200
PITCH = 2.5


def template(width: float, height: float, options: dict[str, Any]) -> dict[str, Any]:
    """A canvas with a border of 3 cm that holds order number, logo, legend and QR code."""
    layers: list[dict[str, Any]] = [
        {"type": "background", "colour": "#ffffff"},
        {"type": "canvas", "slot": "photo"},
        {"type": "grid-coordinates", "every": 10, "size_pt": 6},
        {"type": "order-number", "box": {"x": 0, "y": -24, "width": 120, "height": 8}, "prefix": "Order "},
        {"type": "logo", "asset": "logo", "box": {"x": 150, "y": -26, "width": 100, "height": 16}},
        {"type": "qr", "box": {"x": width - 25, "y": height + 4.5, "width": 25, "height": 25}},
        {"type": "legend", "box": {"x": 0, "y": height + 6, "width": width - 35, "height": 20}, "size_pt": 8},
    ]
    area = {
        "canvas": {"width_mm": width, "height_mm": height},
        "dpi": 300,
        "bleed_mm": 0,
        "wrap_mm": 30,
        "wrap_mode": "colour",
        "layers": layers,
    }
    outputs = [
        {"role": "print", "format": "pdf"},
        {"role": "print", "format": "png"},
        {"role": "pattern", "format": "pdf"},
        {"role": "pattern", "format": "xlsx"},
        {"role": "pattern", "format": "csv"},
        {"role": "legend", "format": "csv"},
        {"role": "chart", "format": "pdf"},
    ]
    return {
        "schema_version": 1,
        "id": "bench",
        "name": "Diamond painting",
        "recipe": "diamond-painting",
        "areas": [area],
        "options": options,
        "outputs": outputs,
    }


def job(photo: Path, colours: int, folder: Path, options: dict[str, Any]) -> RenderJob:
    width, height = COLUMNS * PITCH, ROWS * PITCH
    if options.pop("fit", False):
        with Image.open(photo) as image:
            height = round(COLUMNS * image.height / image.width) * PITCH
    logo = folder.parent / "logo.png"
    if not logo.exists():
        picture = Image.new("RGBA", (1200, 192), (0, 0, 0, 0))
        ImageDraw.Draw(picture).rounded_rectangle((6, 6, 1194, 186), 45, fill=(200, 30, 90, 255))
        picture.save(logo)
    return RenderJob(
        template=read_template(template(width, height, {"colours": colours, **options})),
        design=read_design({"photos": {"photo": {"source": "https://pictures.example/photo.jpg"}}}),
        inputs={"photo:photo": photo, "asset:logo": logo},
        order=OrderFacts("#1001", "1", date(2026, 1, 1), link="https://shop.example/files/abcdef"),
        renderer_version="bench",
    )


class Clock:
    """Adds up wall and CPU seconds of the functions that it watches; one inside another counts with the outer one."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self._inside = False

    def watch(self, module: Any, name: str) -> None:
        function: Callable[..., Any] = getattr(module, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return function(*arguments, **named)
            self._inside = True
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                self._inside = False
                self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall
                self.cpu[name] = self.cpu.get(name, 0.0) + time.process_time() - cpu

        setattr(module, name, watched)


def main() -> None:
    photo, colours, folder, jobs = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    options = json.loads(sys.argv[5]) if len(sys.argv) > 5 else {}
    folder.mkdir(parents=True, exist_ok=True)
    todo = job(photo, colours, folder, options)
    clock = Clock()
    for name in ("_check_written", "make_kit", "_write_documents", "draw_canvas", "_write_raster", "_write_pdf"):
        clock.watch(recipe, name)
    clock.watch(preflight, "check_similarity")
    found: list[dict[str, Any]] = []
    for _ in range(jobs):
        shutil.rmtree(folder)
        folder.mkdir()
        clock.wall.clear()
        clock.cpu.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        report = render(todo, folder)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        checks = ("_check_written", "check_similarity")
        preflight_wall, preflight_cpu = (sum(of[name] for name in checks) for of in (clock.wall, clock.cpu))
        parts = {name: round(value, 3) for name, value in clock.cpu.items()}
        started, started_cpu = time.perf_counter(), time.process_time()
        shown = folder / "preview"
        shown.mkdir()
        preview(todo, shown)
        found.append(
            {
                "files_wall": wall - preflight_wall,
                "files_cpu": cpu - preflight_cpu,
                "preflight_wall": preflight_wall,
                "preflight_cpu": preflight_cpu,
                "preview_wall": time.perf_counter() - started,
                "preview_cpu": time.process_time() - started_cpu,
                "parts": parts,
            }
        )
        tables = {(file.role, file.format): file.path for file in report.files}
        shutil.copy(tables["pattern", "csv"], folder / "pattern.csv")
        shutil.copy(tables["legend", "csv"], folder / "key.csv")
    print(json.dumps({"jobs": found}))


if __name__ == "__main__":
    main()
