"""How rendering scales: with the photo's pixels, with the canvas, and with the number of render processes.

    python -m bench.render.scaling [--recipes photo diamond-painting paint-by-numbers] [--jobs 4]

Each job runs in a process of its own, twice; printed are the seconds of the second, its processor seconds, the peak
memory of the process, and the bound that `memory_bytes` gives beforehand. Photo prints make PDF/X-4, preview and
thumbnail, kits also a raster at 300 DPI; preflight is part of every job. Then each recipe renders the same job in one
process and in two at once, `--jobs` times after a first one that is not counted.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from printworks_common.templates import read_design, read_template
from printworks_render.engine import OrderFacts, RenderJob, memory_bytes, render

from bench.render.photo import ROOT, make_inputs, photo_job

PHOTOS = (1, 4, 12, 24, 48)
CANVASES = {
    "photo": ((150, 100), (300, 200), (500, 400), (900, 600)),
    "diamond-painting": ((200, 160), (500, 400), (750, 600)),
    "paint-by-numbers": ((200, 160), (500, 400), (750, 600)),
}
USUAL = (500, 400)
USUAL_PHOTO = 12


@dataclass(frozen=True)
class Result:
    """Seconds of the best counted job, its processor seconds, peak and bound in MB, when counted jobs began, ended."""

    seconds: float
    processor: float
    peak: float
    bound: float
    begun: float
    ended: float


def job_on_canvas(recipe: str, folder: Path, width: int, height: int) -> RenderJob:
    """A job of this recipe on a canvas of this size in millimetres."""
    if recipe == "photo":
        return _photo_on(folder, width, height)
    template: dict[str, Any] = {
        "schema_version": 1,
        "id": "bench",
        "name": "Kit",
        "recipe": recipe,
        "areas": [
            {
                "canvas": {"width_mm": width, "height_mm": height},
                "bleed_mm": 0,
                "layers": [{"type": "canvas", "slot": "front"}],
            }
        ],
        "outputs": [{"role": "print", "format": "pdf"}, {"role": "print", "format": "tiff"}],
    }
    design = {"photos": {"front": {"source": "https://example.com/p.jpg"}}}
    inputs = {"photo:front": folder / "photo.jpg"}
    return RenderJob(
        read_template(template), read_design(design), inputs, OrderFacts("#1001", "1", date(2026, 1, 2)), "bench"
    )


def _photo_on(folder: Path, width: int, height: int) -> RenderJob:
    job = photo_job(folder, [{"role": "print", "format": "pdf"}])
    area = job.template.areas[0]
    canvas = area.canvas.model_copy(update={"width_mm": width, "height_mm": height})
    # The measured thing is time, so a small photo on a large canvas may be unsharp.
    limits = job.template.preflight.model_copy(update={"fail_dpi": 0.0, "warn_dpi": 0.0})
    areas = [area.model_copy(update={"canvas": canvas, "layers": area.layers[:1]})]
    template = job.template.model_copy(update={"areas": areas, "preflight": limits})
    return replace(job, template=template, design=job.design.model_copy(update={"texts": {}}))


def child(recipe: str, folder: Path, canvas: tuple[int, int], jobs: int) -> None:
    job = job_on_canvas(recipe, folder, *canvas)
    runs: list[tuple[float, float]] = []
    begun = 0.0
    for number in range(jobs + 1):
        if number == 1:
            begun = time.time()
        start, start_cpu = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory(dir=folder) as out:
            render(job, Path(out))
        runs.append((time.perf_counter() - start, time.process_time() - start_cpu))
    seconds, processor = min(runs[1:], key=lambda run: run[1])
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    print(json.dumps([seconds, processor, peak, memory_bytes(job) / 1e6, begun, time.time()]))


def start(recipe: str, folder: Path, canvas: tuple[int, int], jobs: int) -> "subprocess.Popen[str]":
    options = ["--child", recipe, "--folder", str(folder), "--canvas", *map(str, canvas), "--jobs", str(jobs)]
    command = [sys.executable, "-m", "bench.render.scaling", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def finished(process: "subprocess.Popen[str]") -> Result:
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("a measured job failed")
    return Result(*json.loads(output.strip().splitlines()[-1]))


def sizes(recipe: str, folders: dict[int, Path]) -> None:
    """Time and memory against the photo's pixels and the canvas."""
    print(
        f"\n| {recipe}: photo | canvas at 300 DPI | seconds | CPU s | peak MB | bound MB |\n|---|---|---|---|---|---|"
    )
    runs = [(megapixels, USUAL) for megapixels in PHOTOS]
    runs += [(USUAL_PHOTO, canvas) for canvas in CANVASES[recipe] if canvas != USUAL]
    for megapixels, canvas in runs:
        result = finished(start(recipe, folders[megapixels], canvas, 1))
        print(
            f"| {megapixels} MP | {canvas[0]} × {canvas[1]} mm | {result.seconds:.2f} | "
            f"{result.processor:.2f} | {result.peak:.0f} | {result.bound:.0f} |"
        )


def processes(recipe: str, folder: Path, jobs: int) -> None:
    """The same job in one process and in two at once."""
    rates: list[float] = []
    print(f"\n| {recipe}: processes | jobs per second | times one process | CPU s per job |\n|---|---|---|---|")
    for count in (1, 2):
        running = [start(recipe, folder, USUAL, jobs) for _ in range(count)]
        results = [finished(process) for process in running]
        window = max(result.ended for result in results) - min(result.begun for result in results)
        rates.append(count * jobs / window)
        processor = max(result.processor for result in results)
        print(f"| {count} | {rates[-1]:.2f} | {rates[-1] / rates[0]:.2f} | {processor:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", choices=list(CANVASES), default=list(CANVASES))
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--canvas", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.folder, tuple(arguments.canvas), arguments.jobs)
        return
    sys.stdout.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]  # a text stream
    with tempfile.TemporaryDirectory() as name:
        folders = {megapixels: Path(name) / str(megapixels) for megapixels in PHOTOS}
        for megapixels, folder in folders.items():
            folder.mkdir()
            make_inputs(folder, megapixels)
        for recipe in arguments.recipes:
            sizes(recipe, folders)
            processes(recipe, folders[USUAL_PHOTO], arguments.jobs)


if __name__ == "__main__":
    main()
