"""Diamond painting, 160 x 200 drills, beside tarraz 1.2.1 and stitchit 1.0.2 (PyPI), in the same run.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install --no-deps --require-hashes -r requirements/peers.txt
    python bench/render/diamond_bench.py --peers /tmp/peers [--colours 24 40] [--photo landscape] [--rounds 3]

Ours: a process that renders the same kit several times with all its files (canvas as PDF and 300-DPI PNG with legend,
order number, logo and QR code; pattern as PDF, workbook and CSV; key; colour chart; preview; thumbnail). `first` is the
first job, `warm` the best of the later ones; `preflight`, which opens every file again and rasterises the PDF, is timed
apart. The peers' command lines run whole, as they have no other way: their start is below 0.3 s. Rounds alternate
between the programs, the best of each counts. CPU seconds stand beside wall seconds, since another load on the machine
changes the latter far more. Quality is measured on the files, see diamond_quality.py.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diamond_quality as quality
from diamond_kit import COLUMNS, ROWS
from PIL import Image

HERE = Path(__file__).parent
PHOTOS = HERE.parents[1] / "libs/local/printworks_local/photos"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Run:
    """Seconds, and megabytes at the peak."""

    wall: float
    cpu: float
    peak_mb: float


def timed(command: list[str], folder: Path, extra: dict[str, str] | None = None) -> tuple[Run, str]:
    """Run a command and measure it. Raises CalledProcessError when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **_ONE_THREAD, **(extra or {})}, stdout=subprocess.PIPE, text=True
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), output


def crop(photo: Path, target: Path, aspect: float, megapixels: float) -> Path:
    """The middle of a photo in this aspect (width / height), enlarged to so many megapixels."""
    with Image.open(photo) as image:
        width, height = image.size
        wide, high = min(width, height * aspect), min(height, width / aspect)
        box = ((width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2)
        rows = round((megapixels * 1e6 / aspect) ** 0.5)
        size = (round(rows * aspect), rows)
        image.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=box).save(target, quality=92)
    return target


def fitted(photo: Path, target: Path) -> Path:
    """The whole photo, but for the pixels at the edge that would not fill a row of drills."""
    with Image.open(photo) as image:
        height = round(COLUMNS * image.height / image.width)
        scale = min(image.width // COLUMNS, image.height // height)
        left, top = (image.width - COLUMNS * scale) // 2, (image.height - height * scale) // 2
        image.crop((left, top, left + COLUMNS * scale, top + height * scale)).save(target, quality=95)
    return target


def ours(photo: Path, colours: int, folder: Path, jobs: int) -> dict[str, Any]:
    """Render in a process of its own; its own report has the times of each job."""
    command = [sys.executable, str(HERE / "diamond_kit.py"), str(photo), str(colours), str(folder), str(jobs)]
    run, output = timed(command, HERE)
    return json.loads(output) | {"peak_mb": run.peak_mb}


def tarraz(peers: Path, photo: Path, colours: int, folder: Path) -> Run:
    command = [
        str(peers / "bin/tarraz"),
        str(photo),
        "-c",
        str(colours),
        "-n",
        str(COLUMNS),
        "-o",
        str(folder),
        "--svg",
    ]
    return timed(command, folder)[0]


def stitchit(peers: Path, photo: Path, colours: int, folder: Path) -> Run:
    """Its wheel imports itself as `src.stitchit`; a folder with that name makes it run."""
    package = next((peers / "lib").glob("python3*/site-packages/stitchit"))
    shim = folder / "shim/src"
    shim.mkdir(parents=True, exist_ok=True)
    if not (shim / "stitchit").exists():
        (shim / "stitchit").symlink_to(package)
    start = "from src.stitchit.cli import main; main()"
    command = [str(peers / "bin/python"), "-W", "ignore", "-c", start, "-i", str(photo)]
    command += ["-n", str(colours), "-s", str(COLUMNS)]
    return timed(command, folder, {"PYTHONPATH": str(shim.parent)})[0]


def best(runs: list[Run]) -> Run:
    return Run(min(run.wall for run in runs), min(run.cpu for run in runs), max(run.peak_mb for run in runs))


def speed(photo: Path, colours: int, peers: Path | None, rounds: int, folder: Path) -> None:
    """Time all programs on one photo and print a table."""
    kits: list[dict[str, Any]] = []
    others: dict[str, list[Run]] = {"tarraz": [], "stitchit": []}
    for number in range(rounds):
        kits.append(ours(photo, colours, folder / "kit", 4))
        if peers is not None:
            others["tarraz"].append(tarraz(peers, photo, colours, folder))
            if number == 0:
                others["stitchit"].append(stitchit(peers, photo, colours, folder))
    warm = min((job for kit in kits for job in kit["jobs"][1:]), key=lambda job: job["files_cpu"])
    wall = min(job["files_wall"] for kit in kits for job in kit["jobs"][1:])
    first = min((kit["jobs"][0] for kit in kits), key=lambda job: job["files_cpu"])
    peak = max(kit["peak_mb"] for kit in kits)
    print(f"\n{photo.stem}, {COLUMNS} x {ROWS}, {colours} colours")
    print("| program | wall s | CPU s | peak MB | times slower (CPU) |\n|---|---|---|---|---|")
    print(f"| all files, warm | {wall:.2f} | {warm['files_cpu']:.2f} | {peak:.0f} | 1 |")
    print(f"| all files, first job | {first['files_wall']:.2f} | {first['files_cpu']:.2f} | | |")
    print(f"| preflight, warm | {warm['preflight_wall']:.2f} | {warm['preflight_cpu']:.2f} | | |")
    print(f"| customer preview, warm | {warm['preview_wall']:.2f} | {warm['preview_cpu']:.2f} | | |")
    for name, runs in others.items():
        if runs:
            run = best(runs)
            factor = run.cpu / warm["files_cpu"]
            print(f"| {name} | {run.wall:.2f} | {run.cpu:.2f} | {run.peak_mb:.0f} | {factor:.1f} |")
    print("parts, CPU s:", json.dumps(warm["parts"]))


def compare(photo: Path, colours: int, peers: Path | None, folder: Path) -> None:
    """Quality on a whole photo, 160 cells wide."""
    print(f"\n{photo.stem}, {COLUMNS} cells wide, {colours} colours: CIEDE2000")
    print("| result | cells | colours | per cell | afar: CIELAB | afar: sRGB | afar: linear | confetti % |")
    print("|---|---|---|---|---|---|---|---|")
    settings = {
        "undithered, uncleaned": {"dithering": 0, "confetti": "none"},
        "dithered 0.85, uncleaned": {"dithering": 0.85, "confetti": "none"},
        "default": {},
    }
    for name, options in settings.items():
        out = folder / "quality"
        command = [sys.executable, str(HERE / "diamond_kit.py"), str(photo), str(colours), str(out), "1"]
        timed([*command, json.dumps({**options, "fit": True})], HERE)
        _row(name, quality.measure(quality.from_tables(out / "pattern.csv", out / "key.csv"), photo))
    if peers is None:
        return
    tarraz(peers, photo, colours, folder)
    _row("tarraz", quality.measure(quality.from_svg(folder / photo.stem / "colored.svg"), photo))
    stitchit(peers, photo, colours, folder)
    _row("stitchit", quality.measure(quality.from_svg(photo.with_name(f"{photo.stem}_chart.svg")), photo))


def _row(name: str, found: quality.Quality) -> None:
    print(
        f"| {name} | {found.columns} x {found.rows} | {found.colours} | {found.cells:.2f} | {found.afar_lab:.2f} "
        f"| {found.afar_srgb:.2f} | {found.afar_linear:.2f} | {100 * found.confetti:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="virtual environment with tarraz and stitchit")
    parser.add_argument("--colours", type=int, nargs="+", default=[24, 40])
    parser.add_argument("--photo", default="landscape", help="name of a photo of the local stack")
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["speed", "quality"])
    arguments = parser.parse_args()
    source = PHOTOS / f"{arguments.photo}.jpg"
    folder = Path(tempfile.mkdtemp(prefix="diamond-bench-"))
    try:
        tall = crop(source, folder / f"{arguments.photo}-tall.jpg", COLUMNS / ROWS, arguments.megapixels)
        whole = fitted(source, folder / source.name)
        for colours in arguments.colours:
            if arguments.only != "quality":
                speed(tall, colours, arguments.peers, arguments.rounds, folder)
            if arguments.only != "speed":
                compare(whole, colours, arguments.peers, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
