"""The photo recipe from template to files: sizes, boxes, colours, texts, checks, and the same bytes every time."""

from collections.abc import Mapping
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from printworks_common.templates import Design, read_design, read_template, required_inputs
from printworks_render.engine import (
    Level,
    OrderFacts,
    RenderError,
    RenderJob,
    RenderReport,
    memory_bytes,
    preview,
    render,
)
from printworks_render.engine.geometry import Rect, Sheet
from printworks_render.engine.preflight import similarity
from printworks_render.engine.profiles import default_cmyk
from printworks_render.engine.rasterise import page_pixels
from printworks_render.engine.resample import Cut, cover_cut

from tests.unit.engine import corpus

SOURCE = "https://example.com/p.jpg"
ORDER = OrderFacts("#1001", "77", date(2026, 1, 2))
CANVAS = {"width_mm": 60, "height_mm": 40}
PHOTO = {"type": "photo", "slot": "front"}
TEXT = {"type": "text", "slot": "caption", "box": {"x": 6, "y": 26, "width": 48, "height": 8}, "colour": "#ffffff"}
GOLDEN = corpus.DATA / "golden-photo.png"


def area(**changes: Any) -> dict[str, Any]:
    return {"canvas": CANVAS, "dpi": 100, "layers": [PHOTO, TEXT]} | changes


def job(
    folder: Path,
    picture: bytes | None = None,
    *,
    areas: list[dict[str, Any]] | None = None,
    outputs: list[dict[str, Any]] | None = None,
    design: Mapping[str, Any] | None = None,
    order: OrderFacts = ORDER,
    inputs: Mapping[str, Path] | None = None,
    **template: Any,
) -> RenderJob:
    """A small print of the chart, 66 x 46 mm with bleed at 100 DPI."""
    path = folder / "upload"
    path.write_bytes(picture or corpus.jpeg(corpus.image().resize((480, 320))))
    document = {
        "schema_version": 1,
        "id": "card",
        "name": "Card",
        "recipe": "photo",
        "areas": areas or [area()],
        "outputs": outputs or [{"role": "print", "format": "pdf"}],
    }
    chosen = {"photos": {"front": {"source": SOURCE}}, "texts": {"caption": {"text": "Ben"}}} | dict(design or {})
    return RenderJob(
        read_template(document | template),
        read_design(chosen),
        {"photo:front": path} | dict(inputs or {}),
        order,
        "test",
    )


def made(one: RenderJob, folder: Path) -> RenderReport:
    out = folder / "out"
    out.mkdir()
    return render(one, out)


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"), dtype=np.uint8)


def test_a_print_comes_with_preview_and_thumbnail_and_a_spec_line(tmp_path: Path) -> None:
    report = made(job(tmp_path), tmp_path)

    assert [(file.role, file.name) for file in report.files] == [
        ("print", "1001-77-front-print.pdf"),
        ("preview", "1001-77-front-preview.jpg"),
        ("thumbnail", "1001-77-front-thumbnail.webp"),
    ]
    assert report.spec == "100 DPI · 260 × 181 · PDF · sRGB · 3 mm bleed"
    assert all(file.path.stat().st_size == file.bytes for file in report.files)


def test_the_pdf_is_x4_with_exact_boxes_a_printer_intent_and_embedded_fonts(tmp_path: Path) -> None:
    report = made(job(tmp_path), tmp_path)

    with pikepdf.open(report.files[0].path) as pdf:
        page = pdf.pages[0]
        mm = [[float(value) / 72 * 25.4 for value in page.obj[name].as_list()] for name in ("/TrimBox", "/BleedBox")]
        assert mm[0] == pytest.approx([3, 3, 63, 43], abs=0.001)
        assert mm[1] == pytest.approx([0, 0, 66, 46], abs=0.001)
        profile = pdf.Root.OutputIntents[0].DestOutputProfile.read_bytes()
        assert (profile[12:16], profile[16:20]) == (b"prtr", b"CMYK")
        assert "<pdfxid:GTS_PDFXVersion>PDF/X-4" in pdf.Root.Metadata.read_bytes().decode()
        fonts = list(page.obj.Resources.Font.values())
        assert fonts
        assert all("/FontFile2" in font.DescendantFonts[0].FontDescriptor for font in fonts)
        assert page.obj.Resources.ColorSpace.RGB[0] == "/ICCBased"


def test_the_same_job_gives_the_same_bytes(tmp_path: Path) -> None:
    outputs = [{"role": "print", "format": kind} for kind in ("pdf", "tiff", "png", "jpeg")]
    (tmp_path / "again").mkdir()

    first = made(job(tmp_path, outputs=outputs), tmp_path)
    second = made(job(tmp_path, outputs=outputs), tmp_path / "again")

    assert [file.sha256 for file in first.files] == [file.sha256 for file in second.files]


@pytest.mark.parametrize(("kind", "suffix"), [("tiff", "tif"), ("png", "png"), ("jpeg", "jpg")])
def test_a_raster_print_has_its_size_density_and_profile(kind: str, suffix: str, tmp_path: Path) -> None:
    report = made(job(tmp_path, outputs=[{"role": "print", "format": kind}]), tmp_path)

    with Image.open(report.files[0].path) as image:
        assert image.size == (260, 181)
        assert image.mode == "RGB"
        assert float(image.info["dpi"][0]) == pytest.approx(100, abs=0.1)
        assert image.info.get("icc_profile") or "srgb" in image.info
    assert report.files[0].path.suffix == f".{suffix}"


def test_pdf_and_raster_show_the_same(tmp_path: Path) -> None:
    outputs = [{"role": "print", "format": "pdf"}, {"role": "print", "format": "tiff"}]
    report = made(job(tmp_path, outputs=outputs), tmp_path)

    assert similarity(page_pixels(report.files[0].path, 260), pixels(report.files[1].path)) > 0.97


def test_the_print_looks_as_it_did_when_it_was_looked_at(tmp_path: Path) -> None:
    report = made(job(tmp_path, outputs=[{"role": "print", "format": "png"}]), tmp_path)

    assert similarity(pixels(report.files[0].path), pixels(GOLDEN)) > 0.98


def test_cmyk_output_is_made_by_the_profile_and_black_text_is_black_ink_alone(tmp_path: Path) -> None:
    outputs = [{"role": "print", "format": kind, "colour": "cmyk"} for kind in ("pdf", "tiff")]
    layers = [PHOTO, TEXT | {"colour": "#000000"}]
    report = made(job(tmp_path, areas=[area(layers=layers)], outputs=outputs), tmp_path)

    with pikepdf.open(report.files[0].path) as pdf:
        assert b"0 0 0 1 k" in pdf.pages[0].Contents.read_bytes()
        assert {str(image.ColorSpace) for image in pdf.pages[0].get_images().values()} == {"/DeviceCMYK"}
    with Image.open(report.files[1].path) as image:
        assert image.mode == "CMYK"
        assert image.info["icc_profile"] == default_cmyk().data
    assert {file.colour_space for file in report.files if file.role == "print"} == {"CMYK"}


def test_a_scanner_profile_is_refused_as_output_intent(tmp_path: Path) -> None:
    wrong = bytearray(default_cmyk().data)
    wrong[12:16] = b"scnr"
    path = tmp_path / "scanner.icc"
    path.write_bytes(wrong)
    outputs = [{"role": "print", "format": "pdf", "profile": "scan"}]

    with pytest.raises(RenderError, match="printer profile") as failure:
        made(job(tmp_path, outputs=outputs, inputs={"profile:scan": path}), tmp_path)

    assert failure.value.reason == "template_invalid"


def test_too_few_pixels_fail_and_few_pixels_warn(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as failure:
        made(job(tmp_path, corpus.jpeg()), tmp_path)
    assert failure.value.reason == "upload_low_resolution"
    assert failure.value.report is not None

    (tmp_path / "warned").mkdir()
    report = made(job(tmp_path), tmp_path / "warned")
    found = [check for check in report.preflight.checks if check.code == "effective_dpi"]
    assert [check.level for check in found] == [Level.WARN]
    assert found[0].measured == "177 DPI"


def test_a_character_without_a_glyph_fails_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as failure:
        made(job(tmp_path, design={"texts": {"caption": {"text": "a\U00012345"}}}), tmp_path)

    assert failure.value.reason == "font_missing_glyph"
    assert "U+12345" in failure.value.detail


def test_a_blank_print_fails(tmp_path: Path) -> None:
    white = corpus.encoded(Image.new("RGB", (480, 320), (255, 255, 255)), "PNG")

    with pytest.raises(RenderError) as failure:
        made(job(tmp_path, white, areas=[area(layers=[PHOTO])], design={"texts": {}}), tmp_path)

    assert failure.value.reason == "preflight_failed"
    assert failure.value.report is not None
    assert [check.code for check in failure.value.report.failures()] == ["not_blank"]


def test_a_text_near_the_edge_and_an_uncovered_bleed_warn(tmp_path: Path) -> None:
    layers = [
        PHOTO | {"box": {"x": 0, "y": 0, "width": 60, "height": 40}},
        TEXT | {"box": {"x": 0, "y": 30, "width": 60, "height": 10}, "vertical": "bottom"},
    ]
    report = made(job(tmp_path, areas=[area(layers=layers)]), tmp_path)

    warned = {check.code for check in report.preflight.checks if check.level is Level.WARN}
    assert {"bleed", "safe_area"} <= warned


def test_the_canvas_turns_with_the_picture(tmp_path: Path) -> None:
    upright = corpus.jpeg(corpus.image().resize((480, 320)).rotate(90, expand=True))
    report = made(job(tmp_path, upright, areas=[area(orientation="by_picture")]), tmp_path)

    assert (report.files[0].width_mm, report.files[0].height_mm) == (40, 60)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_reaches_the_print(orientation: int, tmp_path: Path) -> None:
    one = job(
        tmp_path,
        corpus.oriented(orientation),
        areas=[area(dpi=40, bleed_mm=0, layers=[PHOTO])],
        outputs=[{"role": "print", "format": "png"}],
        preflight={"fail_dpi": 0, "warn_dpi": 0},
        design={"texts": {}},
    )
    shown = pixels(made(one, tmp_path).files[0].path)
    plain = np.asarray(corpus.image().resize((shown.shape[1], shown.shape[0]), Image.Resampling.LANCZOS))

    assert np.abs(shown.astype(int) - plain).mean() < 3


def test_a_turned_picture_covers_its_box(tmp_path: Path) -> None:
    design = {"photos": {"front": {"source": SOURCE, "rotation": 30}}, "texts": {}}
    one = job(
        tmp_path,
        areas=[area(layers=[{"type": "background", "colour": "#ff00ff"}, PHOTO])],
        outputs=[{"role": "print", "format": "png"}],
        design=design,
        preflight={"fail_dpi": 10},
    )
    shown = pixels(made(one, tmp_path).files[0].path)

    assert not ((shown[..., 0] > 230) & (shown[..., 1] < 30) & (shown[..., 2] > 230)).any()


def test_a_wrap_mirrors_the_canvas_and_widens_the_trimmed_sheet(tmp_path: Path) -> None:
    one = job(
        tmp_path,
        areas=[area(wrap_mm=10, wrap_mode="mirror", bleed_mm=0, dpi=127, layers=[PHOTO])],
        outputs=[{"role": "print", "format": "png"}],
        design={"texts": {}},
        preflight={"fail_dpi": 10},
    )
    report = made(one, tmp_path)
    shown = pixels(report.files[0].path)

    assert (report.files[0].width_mm, report.files[0].height_mm) == (80, 60)
    assert (shown[:, :50] == shown[:, 99:49:-1]).all()
    assert (shown[:50] == shown[99:49:-1]).all()


def test_a_sticker_is_drawn_where_the_customer_has_put_it(tmp_path: Path) -> None:
    sticker = tmp_path / "heart.png"
    Image.new("RGBA", (300, 300), (255, 0, 255, 255)).save(sticker)
    placed = {"area": "front", "asset": "heart", "x": 20, "y": 10, "width": 10, "height": 10}
    design = {"stickers": [placed], "texts": {}}
    layers = [PHOTO, {"type": "design-stickers"}]
    one = job(
        tmp_path,
        areas=[area(layers=layers, dpi=127)],
        outputs=[{"role": "print", "format": "png"}],
        design=design,
        inputs={"asset:heart": sticker},
    )
    shown = pixels(made(one, tmp_path).files[0].path)
    rows, columns = np.nonzero((shown == (255, 0, 255)).all(axis=2))

    assert (columns.min(), columns.max() + 1) == (23 * 5, 33 * 5)
    assert (rows.min(), rows.max() + 1) == (13 * 5, 23 * 5)


def test_a_sticker_above_a_text_is_above_it_in_every_format(tmp_path: Path) -> None:
    sticker = tmp_path / "cover.png"
    Image.new("RGBA", (400, 100), (255, 0, 255, 255)).save(sticker)
    layers = [PHOTO, TEXT, {"type": "sticker", "asset": "cover", "box": {"x": 0, "y": 22, "width": 60, "height": 15}}]
    outputs = [{"role": "print", "format": "pdf"}, {"role": "print", "format": "png"}]
    report = made(
        job(tmp_path, areas=[area(layers=layers)], outputs=outputs, inputs={"asset:cover": sticker}), tmp_path
    )

    for shown in (page_pixels(report.files[0].path, 260), pixels(report.files[1].path)):
        assert (shown[120:140, 100:160] == (255, 0, 255)).all()


def test_a_test_order_carries_a_watermark(tmp_path: Path) -> None:
    order = OrderFacts("#1001", "77", date(2026, 1, 2), test=True)
    (tmp_path / "real").mkdir()
    outputs = [{"role": "print", "format": "png"}]

    marked = made(job(tmp_path, order=order, outputs=outputs), tmp_path)
    real = made(job(tmp_path, outputs=outputs), tmp_path / "real")

    assert "watermark" in marked.notes[0]
    changed = (pixels(marked.files[0].path) != pixels(real.files[0].path)).any(axis=2).mean()
    assert changed > 0.03


def test_every_area_is_printed(tmp_path: Path) -> None:
    back = area(id="back", layers=[{"type": "photo", "slot": "front", "filters": {"grayscale": True}}])
    report = made(job(tmp_path, areas=[area(), back]), tmp_path)

    assert [file.area for file in report.files if file.role == "print"] == ["front", "back"]
    greys = pixels(next(file.path for file in report.files if file.role == "preview" and file.area == "back"))
    assert np.abs(greys.astype(int) - greys.mean(axis=2, keepdims=True)).max() <= 3


def test_a_layer_of_another_recipe_is_a_template_error(tmp_path: Path) -> None:
    layers = [PHOTO, {"type": "legend", "box": {"x": 0, "y": 0, "width": 10, "height": 10}}]

    with pytest.raises(RenderError) as failure:
        made(job(tmp_path, areas=[area(layers=layers)]), tmp_path)

    assert failure.value.reason == "template_invalid"


@pytest.mark.parametrize(
    ("inputs", "layers", "reason"),
    [
        ({"photo:front": Path("/nowhere")}, [PHOTO], "upload_missing"),
        (
            {},
            [PHOTO, {"type": "logo", "asset": "l", "box": TEXT["box"]}],
            "asset_missing",
        ),
        ({}, [PHOTO, TEXT | {"font": {"asset": "brand"}}], "font_unavailable"),
        ({}, [PHOTO, TEXT | {"font": {"bundled": "comic"}}], "font_unavailable"),
    ],
)
def test_a_missing_input_has_its_own_reason(
    inputs: dict[str, Path], layers: list[dict[str, Any]], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderError) as failure:
        made(job(tmp_path, areas=[area(layers=layers)], inputs=inputs), tmp_path)

    assert failure.value.reason == reason


def test_the_preview_is_small_and_shows_the_print(tmp_path: Path) -> None:
    one = job(tmp_path)
    report = made(one, tmp_path)
    (tmp_path / "preview").mkdir()

    shown = preview(one, tmp_path / "preview", 200)

    assert max(shown[0].width_px or 0, shown[0].height_px or 0) == 200
    assert similarity(pixels(shown[0].path), page_pixels(report.files[0].path, 200)) > 0.95


def test_memory_is_bounded_before_anything_is_decoded(tmp_path: Path) -> None:
    small = memory_bytes(job(tmp_path))
    large = memory_bytes(job(tmp_path, areas=[area(canvas={"width_mm": 500, "height_mm": 400}, dpi=300)]))

    assert 100 << 20 < small < 200 << 20
    assert large - small == pytest.approx(4.5 * 5976 * 4795, rel=0.1)


def test_required_inputs_are_all_that_the_renderer_opens(tmp_path: Path) -> None:
    one = job(tmp_path)

    assert {ref.id for ref in required_inputs(one.template, one.design)} == set(one.inputs)


def test_files_carry_nothing_of_the_customers_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "private words"
    picture = corpus.jpeg(corpus.image().resize((480, 320)), exif=exif.tobytes(), comment=b"private words")
    outputs = [{"role": "print", "format": kind} for kind in ("pdf", "tiff", "png", "jpeg")]

    for file in made(job(tmp_path, picture, outputs=outputs), tmp_path).files:
        assert b"private words" not in file.path.read_bytes()


SIDES = st.integers(10, 4000)
FRACTIONS = st.floats(0, 1)


@given(size=st.tuples(SIDES, SIDES), aspect=st.floats(0.1, 10), x=FRACTIONS, y=FRACTIONS)
def test_a_cover_cut_stays_in_the_picture_and_has_the_wanted_shape(
    size: tuple[int, int], aspect: float, x: float, y: float
) -> None:
    cut = cover_cut(size, Cut(), aspect, (x, y))

    assert -1e-9 <= cut.left <= cut.right <= 1 + 1e-9
    assert -1e-9 <= cut.top <= cut.bottom <= 1 + 1e-9
    assert cut.width * size[0] / (cut.height * size[1]) == pytest.approx(aspect, rel=1e-6)
    assert max(cut.width, cut.height) == pytest.approx(1)


@settings(max_examples=50)
@given(width=st.floats(5, 2000), height=st.floats(5, 2000), wrap=st.floats(0, 100), bleed=st.floats(0, 25))
def test_boxes_nest_and_pixels_cover_the_medium(width: float, height: float, wrap: float, bleed: float) -> None:
    sheet = Sheet(width, height, wrap, bleed, 0.0, 300)

    left, top, right, bottom = sheet.to_pixels(sheet.media)
    assert (left, top) == (0, 0)
    assert (right, bottom) == pytest.approx(sheet.pixels)
    assert sheet.trim == Rect(-wrap, -wrap, width + 2 * wrap, height + 2 * wrap)


def test_an_empty_design_is_missing_its_picture(tmp_path: Path) -> None:
    one = job(tmp_path)

    with pytest.raises(RenderError) as failure:
        made(RenderJob(one.template, Design(), {}, ORDER, "test"), tmp_path)

    assert failure.value.reason == "design_missing"


def test_a_rasterised_pdf_from_memory_is_the_same_as_from_a_file(tmp_path: Path) -> None:
    path = made(job(tmp_path), tmp_path).files[0].path

    assert BytesIO(path.read_bytes()).getvalue()[:5] == b"%PDF-"
    assert (page_pixels(path.read_bytes(), 100) == page_pixels(path, 100)).all()
