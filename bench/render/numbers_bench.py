"""Paint by numbers on a canvas of 400 x 500 mm, beside fast-paint-by-numbers 0.1.5 (npm, installed when asked for) and,
in colour error, strokemap 0.1.0 (PyPI).

    python bench/render/numbers_bench.py [--megapixels 1 4 24] [--colours 24 40] [--photos portrait landscape cat]
        [--peer] [--peer-megapixels 1 4] [--strokemap VENV/bin/python] [--hostile] [--folder DIR]

Each program runs in a process of its own, one after the other: `cold` is the whole process with its start, `warm` the
best of the further jobs in it. Both make the same outputs from the same JPEG: labelled vector canvas (SVG), palette
(JSON), painted picture (PNG). `job` is everything the engine makes for an order: PDF/X-4, SVG, 300-DPI TIFF, legend,
quantities, reference, preview, thumbnail and preflight. CPU seconds are printed beside wall seconds, since another load
on the machine changes the latter far more. Quality is measured on the files, see numbers_quality.py; the peers'
smallest facet is searched so that all have about the same number of facets before colour errors are compared.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
PHOTOS = HERE.parents[1] / "libs/local/printworks_local/photos"
PEER_LOCK = Path(__file__).with_name("peer")
"""package.json and lock file of fast-paint-by-numbers."""
WIDTH, HEIGHT = 400.0, 500.0
OFFSET = (10.0, 25.0)
# What the peer itself takes when nothing is said.
PEER_SMALLEST = 20
STROKEMAP_SHARES = (1e-6, 1e-2)
# Jobs in one process: the first is cold, the best of the others is warm.
ROUNDS = 3


def template(colours: int) -> dict[str, Any]:
    """The canvas with a frame as kit makers print it: order number, legend, QR code."""
    outputs = [("print", "pdf"), ("print", "svg"), ("print", "tiff"), ("legend", "pdf"), ("legend", "csv")]
    outputs += [("data", "json"), ("reference", "jpeg"), ("reference", "pdf"), ("chart", "png")]
    return {
        "schema_version": 1,
        "id": "bench",
        "name": "Paint by numbers 40 x 50 cm",
        "recipe": "paint-by-numbers",
        "options": {"colours": colours},
        "areas": [
            {
                "canvas": {"width_mm": 460, "height_mm": 560},
                "bleed_mm": 0,
                "layers": [
                    {
                        "type": "canvas",
                        "slot": "photo",
                        "box": {"x": OFFSET[0], "y": OFFSET[1], "width": WIDTH, "height": HEIGHT},
                    },
                    {"type": "order-number", "box": {"x": 10, "y": 8, "width": 120, "height": 10}, "size_pt": 14},
                    {"type": "legend", "box": {"x": 415, "y": 25, "width": 42, "height": 460}, "size_pt": 8},
                    {"type": "qr", "box": {"x": 420, "y": 500, "width": 25, "height": 25}},
                ],
            }
        ],
        "outputs": [{"role": role, "format": file_format} for role, file_format in outputs],
    }


def make_photo(folder: Path, name: str, megapixels: float) -> Path:
    """A photograph cut to the canvas, of that many pixels, with sensor-like noise."""
    path = folder / f"{name}-{megapixels:g}.jpg"
    height = round((megapixels * 1e6 * HEIGHT / WIDTH) ** 0.5)
    size = round(height * WIDTH / HEIGHT), height
    with Image.open(PHOTOS / f"{name}.jpg") as image:
        scale = max(size[0] / image.width, size[1] / image.height)
        cut = min(size[0] / scale, image.width), min(size[1] / scale, image.height)  # rounding may go past the edge
        left, top = (image.width - cut[0]) / 2, (image.height - cut[1]) / 2
        pixels = image.convert("RGB").resize(
            size, Image.Resampling.BICUBIC, box=(left, top, left + cut[0], top + cut[1])
        )
    noisy = np.asarray(pixels, dtype=np.int16)
    noisy = noisy + np.random.default_rng(1).integers(-3, 4, noisy.shape, dtype=np.int16)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return path


def hostile(folder: Path) -> dict[str, Path]:
    """Pictures that make the number of facets explode, 1 megapixel each."""
    y, x = np.mgrid[:1118, :894]
    angle, radius = np.arctan2(y - 559, x - 447), np.hypot(y - 559, x - 447)
    random = np.random.default_rng(2)
    colours = random.integers(0, 256, (64, 3), dtype=np.uint8)
    pictures = {
        "checkerboard of 3 px": ((x // 3 + y // 3) % 2 * 255),
        "checkerboard of 12 px": ((x // 12 + y // 12) % 2 * 255),
        "stripes of 4 px": (x // 4 % 2 * 255),
        "spiral": ((np.sin(radius / 6 + angle) > 0) * 255),
        "rings": ((np.sin(radius / 4) > 0) * 255),
        "one colour": np.full_like(x, 120),
    }
    arrays = {name: np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2) for name, grey in pictures.items()}
    arrays["noise"] = random.integers(0, 256, (*x.shape, 3), dtype=np.uint8)
    arrays["colour tiles of 8 px"] = colours[(x // 8 * 7 + y // 8 * 13) % 64]
    found: dict[str, Path] = {}
    for name, pixels in arrays.items():
        found[name] = folder / f"{name.replace(' ', '-')}.png"
        Image.fromarray(pixels).save(found[name])
    return found


def child(kind: str, photo: Path, out: Path, colours: int, rounds: int) -> None:
    """One of our programs, `rounds` times in this process; prints what each time cost."""
    from printworks_common.templates import read_design, read_template
    from printworks_render.engine import OrderFacts, RenderJob

    job = RenderJob(
        read_template(template(colours)),
        read_design({"photos": {"photo": {"source": "https://bench.invalid/photo"}}}),
        {"photo:photo": photo},
        OrderFacts("#1001", "1", date(2026, 11, 1)),
        "bench",
    )
    program: Callable[[RenderJob, Path], int] = {"job": whole_job, "same": same_outputs, "preview": only_preview}[kind]
    runs: list[dict[str, float]] = []
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        begun, cpu = time.perf_counter(), time.process_time()
        facets = program(job, out)
        runs.append(
            {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - cpu, "facets": facets}
        )
    print(json.dumps({"runs": runs, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """Most memory of this process; the kernel's figure for children would include the bench's own before the start."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def whole_job(job: Any, out: Path) -> int:
    from printworks_render.engine import render

    return int(render(job, out).facts["front"]["facets"])


def only_preview(job: Any, out: Path) -> int:
    from printworks_render.engine import preview

    preview(job, out, 1200)
    return 0


def same_outputs(job: Any, out: Path) -> int:
    """What the peer makes: labelled vector canvas, palette, painted picture."""
    from printworks_common.templates.options_numbers import NumbersOptions
    from printworks_render.engine.files import FileSet
    from printworks_render.engine.numbers.documents import canvas_svg
    from printworks_render.engine.numbers.quantities import write_json
    from printworks_render.engine.numbers.recipe import painted
    from printworks_render.engine.raster import write_png

    work = painted(job, job.template.areas[0], NumbersOptions(**job.template.options), FileSet(job, out))
    canvas_svg(work.scene, out / "canvas.svg", "canvas")
    write_json(out / "canvas.json", work.painting, work.needs)
    write_png(out / "painted.png", work.painting.painted(), 72.0)
    return work.painting.facets.count


def ours(kind: str, photo: Path, out: Path, colours: int, rounds: int = ROUNDS) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", kind, str(photo), str(out), str(colours), str(rounds)]
    return started(command)


def peer(home: Path, photo: Path, stem: Path, colours: int, smallest: int, rounds: int = ROUNDS) -> dict[str, Any]:
    script = home / "numbers_peer.mjs"
    shutil.copy(HERE / "numbers_peer.mjs", script)
    return started(["node", str(script), str(photo), str(stem), str(colours), str(smallest), str(rounds)])


def started(command: list[str]) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result["cold_seconds"] = time.perf_counter() - begun - sum(run["seconds"] for run in result["runs"][1:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result["cold_cpu_seconds"] = cpu - sum(run["cpu_seconds"] for run in result["runs"][1:])
    return result


def row(name: str, result: dict[str, Any]) -> str:
    warm = min(result["runs"][1:], key=lambda run: run["cpu_seconds"]) if len(result["runs"]) > 1 else result["runs"][0]
    return (
        f"{name:44} warm {warm['seconds']:7.2f} s ({warm['cpu_seconds']:6.2f} CPU)  "
        f"cold {result['cold_seconds']:7.2f} s ({result['cold_cpu_seconds']:6.2f} CPU)  "
        f"{result['peak_mb']:6.0f} MB  {warm['facets']:6.0f} facets"
    )


def install_peer(home: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEER_LOCK / name, home)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home, check=True, capture_output=True
    )


def compare(folder: Path, photo: Path, name: str, colours: int, *, search: bool, strokemap: Path | None) -> None:
    """Speed and quality of the programs on one photograph."""
    from numbers_quality import colour_error, measure

    own, other = folder / "own", folder / "peer" / "result"
    result = ours("same", photo, own, colours)
    theirs = peer(folder / "peer", photo, other, colours, PEER_SMALLEST)
    print(row(f"{name} ours", result))
    print(row(f"{name} peer", theirs))
    wall, cpu = speedup(theirs, result, "seconds"), speedup(theirs, result, "cpu_seconds")
    print(f"{'':44} times faster: {wall:.1f} wall, {cpu:.1f} CPU")
    good = measure(own / "canvas.svg", (*OFFSET, WIDTH, HEIGHT), 1.25, 9.0)
    print(f"{'':12}ours {json.dumps(asdict(good))}")
    rough = measure(other.with_suffix(".svg"), (0, 0, WIDTH, HEIGHT), 1.25, 9.0)
    print(f"{'':12}peer {json.dumps(asdict(rough))}")
    error = colour_error(own / "painted.png", photo, WIDTH)
    print(
        f"{'':12}colour error ours {error}, peer with its own {rough.facets} facets "
        f"{colour_error(other.with_suffix('.png'), photo, WIDTH)}"
    )
    if search:
        found, count = equal_facets(
            lambda smallest: int(peer(folder / "peer", photo, other, colours, round(smallest), 1)["runs"][0]["facets"]),
            (PEER_SMALLEST, 2000),
            good.facets,
        )
        level = colour_error(other.with_suffix(".png"), photo, WIDTH)
        print(
            f"{'':12}colour error of the peer with {count} facets (smallest {found:.0f} px): {level}; "
            f"ours is {error / level:.2f} times that"
        )
    if search and strokemap is not None:
        target = folder / "strokemap.png"
        share, count = equal_facets(
            lambda smallest: strokemap_facets(strokemap, photo, target, colours, smallest),
            STROKEMAP_SHARES,
            good.facets,
        )
        level = colour_error(target, photo, WIDTH)
        print(
            f"{'':12}colour error of strokemap with {count} facets (smallest {share:.2g} of the picture): {level}; "
            f"ours is {error / level:.2f} times that"
        )


def strokemap_facets(python: Path, photo: Path, target: Path, colours: int, smallest: float) -> int:
    command = [str(python), str(HERE / "numbers_strokemap.py"), str(photo), str(target), str(colours), f"{smallest:g}"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def equal_facets(run: Callable[[float], int], bounds: tuple[float, float], wanted: int) -> tuple[float, int]:
    """A peer's smallest facet with which it makes about as many facets; the files of the last run are left in place."""
    low, high = bounds
    found, count = low, 0
    for _ in range(6):
        found = (low * high) ** 0.5
        count = run(found)
        if abs(count - wanted) <= 0.05 * wanted:
            break
        low, high = (found, high) if count > wanted else (low, found)
    return found, count


def speedup(theirs: dict[str, Any], own: dict[str, Any], key: str) -> float:
    return min(run[key] for run in theirs["runs"][1:]) / min(run[key] for run in own["runs"][1:])


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--child":
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="*", default=[1, 4, 24])
    parser.add_argument("--colours", type=int, nargs="*", default=[24, 40])
    parser.add_argument("--photos", nargs="*", default=["portrait", "landscape", "cat"])
    parser.add_argument("--peer", action="store_true", help="measure fast-paint-by-numbers in the same run")
    parser.add_argument("--peer-megapixels", type=float, nargs="*", default=[1, 4])
    parser.add_argument("--strokemap", type=Path, help="Python with strokemap: compare colour errors with it too")
    parser.add_argument("--hostile", action="store_true", help="checkerboards, noise, stripes, spirals")
    parser.add_argument("--folder", type=Path, help="where files are kept; default: a temporary directory")
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]  # a text stream
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        (folder / "peer").mkdir(parents=True, exist_ok=True)
        if args.peer and not (folder / "peer" / "node_modules").exists():
            install_peer(folder / "peer")
        for name in args.photos:
            for megapixels in args.megapixels:
                photo = make_photo(folder, name, megapixels)
                for colours in args.colours:
                    title = f"{name} {megapixels:g} MP, {colours} colours,"
                    if args.peer and megapixels in args.peer_megapixels:
                        search = megapixels == min(args.peer_megapixels)
                        compare(folder, photo, title, colours, search=search, strokemap=args.strokemap)
                    else:
                        print(row(f"{title} ours", ours("same", photo, folder / "own", colours)))
                    print(row(f"{title} whole job", ours("job", photo, folder / "job", colours)))
                print(row(f"{name} {megapixels:g} MP, customer's preview", ours("preview", photo, folder / "pre", 24)))
        if args.hostile:
            for name, picture in hostile(folder).items():
                print(row(f"{name}, 24 colours, whole job", ours("job", picture, folder / "job", 24)))


if __name__ == "__main__":
    main()
