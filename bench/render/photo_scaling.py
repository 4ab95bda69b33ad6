"""How a photo print scales: with the photo's pixels, with the canvas, and with the number of workers.

    python -m bench.render.photo_scaling

Each job (PDF/X-4, preview, thumbnail, preflight) runs in a process of its own, twice; printed are the seconds of the
second, its processor seconds, the peak memory of the process, and the bound that `memory_bytes` gives beforehand.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from printworks_common.templates import Template
from printworks_render.engine import RenderJob, memory_bytes, render

from bench.render.photo import ROOT, make_inputs, photo_job

PHOTOS = (1, 4, 12, 24, 48)
CANVASES = ((150, 100), (300, 200), (500, 400), (900, 600))


def on_canvas(folder: Path, width: int, height: int) -> RenderJob:
    job = photo_job(folder, [{"role": "print", "format": "pdf"}])
    area = job.template.areas[0]
    canvas = area.canvas.model_copy(update={"width_mm": width, "height_mm": height})
    # The measured thing is time, so a small photo on a large canvas may be unsharp.
    limits = job.template.preflight.model_copy(update={"fail_dpi": 0.0, "warn_dpi": 0.0})
    areas = [area.model_copy(update={"canvas": canvas, "layers": area.layers[:1]})]
    template: Template = job.template.model_copy(update={"areas": areas, "preflight": limits})
    return replace(job, template=template, design=job.design.model_copy(update={"texts": {}}))


def child(folder: Path, width: int, height: int) -> None:
    job = on_canvas(folder, width, height)
    seconds = processor = 0.0
    for _ in range(2):
        start, start_cpu = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory(dir=folder) as out:
            render(job, Path(out))
        seconds, processor = time.perf_counter() - start, time.process_time() - start_cpu
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    bound = memory_bytes(job) / (1 << 20)
    print(json.dumps({"seconds": seconds, "processor": processor, "peak": peak, "bound": bound}))


def start(folder: Path, canvas: tuple[int, int]) -> "subprocess.Popen[str]":
    options = ["--folder", str(folder), "--canvas", str(canvas[0]), str(canvas[1])]
    command = [sys.executable, "-m", "bench.render.photo_scaling", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def finished(process: "subprocess.Popen[str]") -> dict[str, float]:
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("a measured job failed")
    return json.loads(output.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--canvas", type=int, nargs=2)
    arguments = parser.parse_args()
    if arguments.folder:
        child(arguments.folder, *arguments.canvas)
        return
    with tempfile.TemporaryDirectory() as name:
        folders = {megapixels: Path(name) / str(megapixels) for megapixels in PHOTOS}
        for megapixels, folder in folders.items():
            folder.mkdir()
            make_inputs(folder, megapixels)
        print("| photo | canvas at 300 DPI | seconds | CPU s | peak MB | bound MB |\n|---|---|---|---|---|---|")
        runs = [(megapixels, (500, 400)) for megapixels in PHOTOS] + [(12, canvas) for canvas in CANVASES]
        for megapixels, canvas in runs:
            result = finished(start(folders[megapixels], canvas))
            print(
                f"| {megapixels} MP | {canvas[0]} × {canvas[1]} mm | {result['seconds']:.2f} | "
                f"{result['processor']:.2f} | {result['peak']:.0f} | {result['bound']:.0f} |"
            )
        for workers in (1, 2):
            begin = time.perf_counter()
            processes = [start(folders[12], (500, 400)) for _ in range(workers)]
            results = [finished(process) for process in processes]
            rate = 2 * workers / (time.perf_counter() - begin)
            slowest = max(result["seconds"] for result in results)
            print(f"\n{workers} process(es): {rate:.2f} jobs per second with start, {slowest:.2f} s per job")


if __name__ == "__main__":
    main()
