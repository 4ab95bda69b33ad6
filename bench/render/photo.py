"""Photo print of 400 x 500 mm at 300 DPI with text and sticker, beside a hand-written libvips pipeline.

    python -m bench.render.photo [--megapixels 12 48] [--repeat 3]

Both make the same TIFF (deflate, horizontal predictor, sRGB) from the same JPEG, each in a process of its own, one
after the other; printed are cold and warm seconds, processor seconds (libvips uses all cores, the engine two, for
scaling and packing; other load on the machine changes the wall time only), peak memory, and the structural similarity
of the two rasters (scikit-image, on full resolution). `ours_job` is everything the engine makes for an order: PDF/X-4,
TIFF, preview, thumbnail and preflight.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from printworks_render.engine import RenderJob

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "libs/local/printworks_local/photos/landscape.jpg"
FONT = ROOT / "services/render/printworks_render/engine/fonts/NotoSans-Regular.ttf"
CAPTION = "Happy birthday, Benjamin"
TEMPLATE = {
    "schema_version": 1,
    "id": "bench",
    "name": "Photo print 50 x 40 cm",
    "recipe": "photo",
    "areas": [
        {
            "canvas": {"width_mm": 500, "height_mm": 400},
            "layers": [
                {"type": "photo", "slot": "front"},
                {"type": "sticker", "asset": "star", "box": {"x": 400, "y": 20, "width": 80, "height": 80}},
                {
                    "type": "text",
                    "slot": "caption",
                    "box": {"x": 50, "y": 330, "width": 400, "height": 50},
                    "size_pt": 90,
                    "colour": "#ffffff",
                },
            ],
        }
    ],
    "outputs": [{"role": "print", "format": "tiff"}],
}
SHARPEN = 0.5
TEXT_SHIFT_PX = (1, 48)
"""libvips centres the ink of a text, we centre its line: advance widths, ascender to descender."""


def make_inputs(folder: Path, megapixels: int) -> None:
    """A photograph of that many pixels with sensor-like noise, and a sticker."""
    scale = (megapixels * 1e6 / (4 * 3)) ** 0.5
    # So wide that covering the sheet cuts whole target pixels: a libvips crop cannot start between two.
    size = (round(3998 / 1000 * scale), round(3 * scale))
    pixels = np.asarray(Image.open(PHOTO).convert("RGB").resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    pixels = pixels + np.random.default_rng(1).integers(-4, 5, pixels.shape, dtype=np.int16)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "photo.jpg", quality=92)
    y, x = np.mgrid[-1:1:900j, -1:1:900j]
    alpha = np.clip((0.95 - np.hypot(x, y)) * 200, 0, 1)
    star = np.zeros((900, 900, 4), dtype=np.uint8)
    star[..., 0], star[..., 1], star[..., 3] = 250, 200, alpha * 255
    Image.fromarray(star).save(folder / "star.png")


def photo_job(folder: Path, outputs: list[dict[str, str]]) -> "RenderJob":
    from printworks_common.templates import Design, PhotoChoice, TextChoice, read_template
    from printworks_render.engine import OrderFacts, RenderJob

    return RenderJob(
        read_template(TEMPLATE | {"outputs": outputs}),
        Design(
            photos={"front": PhotoChoice(source="https://example.com/p.jpg")},
            texts={"caption": TextChoice(text=CAPTION)},
        ),
        {"photo:front": folder / "photo.jpg", "asset:star": folder / "star.png"},
        OrderFacts("#1001", "1", date(2026, 1, 2)),
        "bench",
    )


def ours_raster(folder: Path) -> None:
    from printworks_render.engine.pieces import blank, draw_piece
    from printworks_render.engine.raster import write_tiff
    from printworks_render.engine.scene import build_scene

    job = photo_job(folder, [{"role": "print", "format": "tiff"}])
    scene = build_scene(job, job.template.areas[0], SHARPEN)
    canvas = blank(scene.sheet)
    for piece in scene.pieces:
        draw_piece(canvas, scene.sheet, piece, scene.notes)
    write_tiff(folder / "ours.tif", canvas, scene.sheet.dpi)


def ours_job(folder: Path) -> None:
    from printworks_render.engine import render

    job = photo_job(folder, [{"role": "print", "format": "pdf"}, {"role": "print", "format": "tiff"}])
    with tempfile.TemporaryDirectory(dir=folder) as out:
        render(job, Path(out))


def ours_preview(folder: Path) -> None:
    from printworks_render.engine import preview

    job = photo_job(folder, [{"role": "print", "format": "pdf"}])
    with tempfile.TemporaryDirectory(dir=folder) as out:
        preview(job, Path(out), 1200)


def vips_raster(folder: Path) -> None:
    """The same raster by hand: cover, light unsharp mask where enlarged, sticker, text, TIFF."""
    import pyvips

    pyvips.cache_set_max(0)
    width, height = round(506 * 300 / 25.4), round(406 * 300 / 25.4)
    image = pyvips.Image.new_from_file(str(folder / "photo.jpg"), access="sequential")
    scale = max(width / image.width, height / image.height)
    if scale > 1:
        # As `resize` enlarges, but with pixel centres on pixel centres, where Pillow and print have them.
        left = (image.width * scale - width) / 2
        image = image.affine(
            [scale, 0, 0, scale],
            interpolate=pyvips.Interpolate.new("bicubic"),
            oarea=[0, 0, width, height],
            idx=0.5,
            idy=0.5,
            odx=-0.5 - left,
            ody=-0.5 - (image.height * scale - height) / 2,
            extend="copy",
        )
        soft = image.gaussblur(min(0.5 * scale, 2.0), min_ampl=0.01, precision="float")
        image = (image * (1 + SHARPEN) - soft * SHARPEN).cast("uchar")
    else:
        image = image.resize(scale, kernel="lanczos3")
        image = image.crop((image.width - width) // 2, (image.height - height) // 2, width, height)

    def px(millimetres: float) -> int:
        return round((millimetres + 3) * 300 / 25.4)

    star = pyvips.Image.new_from_file(str(folder / "star.png"))
    star = star.resize((px(480) - px(400)) / star.width).copy(interpretation="srgb")
    mask = pyvips.Image.text(CAPTION, fontfile=str(FONT), font="Noto Sans 90", dpi=300)
    text = mask.new_from_image([255, 255, 255]).copy(interpretation="srgb").bandjoin(mask)
    image = image.copy(interpretation="srgb").composite(
        [star, text],
        ["over", "over"],
        x=[px(400), (width - mask.width) // 2 + TEXT_SHIFT_PX[0]],
        y=[px(20), round((px(330) + px(380)) / 2 - mask.height / 2) + TEXT_SHIFT_PX[1]],
    )
    image.flatten().tiffsave(
        str(folder / "vips.tif"), compression="deflate", predictor="horizontal", Q=1, level=1, xres=11.811, yres=11.811
    )


WORK: dict[str, Callable[[Path], None]] = {
    "ours_raster": ours_raster,
    "vips_raster": vips_raster,
    "ours_job": ours_job,
    "ours_preview": ours_preview,
}


def child(name: str, folder: Path, repeat: int) -> None:
    """One variant in this process: seconds of each run, peak memory in MB."""
    seconds: list[float] = []
    processor: list[float] = []
    for _ in range(repeat + 1):
        start, start_cpu = time.perf_counter(), time.process_time()
        WORK[name](folder)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_cpu)
    # Not ru_maxrss: that of a child starts at its parent's.
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    print(json.dumps({"cold": seconds[0], "warm": min(seconds[1:]), "cpu": min(processor[1:]), "peak_mb": peak}))


def similarity(first: Path, second: Path) -> float:
    """Mean structural similarity of two rasters' brightness, by scikit-image, in bands of full resolution."""
    from skimage.metrics import structural_similarity

    Image.MAX_IMAGE_PIXELS = None
    a = np.asarray(Image.open(first).convert("L"))
    b = np.asarray(Image.open(second).convert("L"))
    if a.shape != b.shape:
        raise ValueError(f"the rasters differ in size: {a.shape} and {b.shape}")
    rows = 700
    parts = [(structural_similarity(a[y : y + rows], b[y : y + rows]), rows) for y in range(0, a.shape[0] - 7, rows)]
    return float(np.average([value for value, _ in parts]))


def measured(name: str, folder: Path, repeat: int) -> dict[str, float]:
    options = ["--child", name, "--folder", str(folder), "--repeat", str(repeat)]
    command = [sys.executable, "-m", "bench.render.photo", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=int, nargs="+", default=[12, 48])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.folder, arguments.repeat)
        return
    target = round(506 * 300 / 25.4) * round(406 * 300 / 25.4)
    print("| source | variant | cold s | warm s | CPU s | peak MB | warm / vips | CPU / vips | memory limit MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for megapixels in arguments.megapixels:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_inputs(folder, megapixels)
            limit = 150 + 4.5 * (megapixels * 1e6 + target) / 1e6
            results = {variant: measured(variant, folder, arguments.repeat) for variant in WORK}
            for variant, result in results.items():
                vips = results["vips_raster"]
                print(
                    f"| {megapixels} MP | {variant} | {result['cold']:.2f} | {result['warm']:.2f} | "
                    f"{result['cpu']:.2f} | {result['peak_mb']:.0f} | {result['warm'] / vips['warm']:.2f} | "
                    f"{result['cpu'] / vips['cpu']:.2f} | {limit:.0f} |"
                )
            alike = similarity(folder / "ours.tif", folder / "vips.tif")
            print(f"\n{megapixels} MP: structural similarity of ours_raster and vips_raster {alike:.4f}\n")


if __name__ == "__main__":
    main()
