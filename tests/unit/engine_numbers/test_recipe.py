"""A job of the recipe: its files, opened again, and its failures."""

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from PIL import Image
from printworks_common.templates import read_design, read_template
from printworks_render.engine import OrderFacts, RenderError, RenderJob, RenderReport, memory_bytes, preview, render

from tests.unit.engine_numbers import pictures

OUTPUTS = [
    ("print", "pdf"),
    ("print", "svg"),
    ("print", "tiff"),
    ("legend", "pdf"),
    ("legend", "csv"),
    ("data", "json"),
    ("reference", "jpeg"),
    ("reference", "pdf"),
    ("chart", "png"),
]
BOX = {"x": 8, "y": 12, "width": 96, "height": 120}


def template(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "kit",
        "name": "Kit",
        "recipe": "paint-by-numbers",
        "options": {"colours": 12},
        "areas": [
            {
                "canvas": {"width_mm": 150, "height_mm": 150},
                "bleed_mm": 0,
                "dpi": 150,
                "layers": [
                    {"type": "canvas", "slot": "photo", "box": BOX},
                    {"type": "order-number", "box": {"x": 8, "y": 3, "width": 60, "height": 6}},
                    {"type": "legend", "box": {"x": 107, "y": 12, "width": 40, "height": 100}, "size_pt": 7},
                    {"type": "qr", "box": {"x": 110, "y": 118, "width": 20, "height": 20}},
                ],
            }
        ],
        "outputs": [{"role": role, "format": file_format} for role, file_format in OUTPUTS],
    }
    document.update(changes)
    return document


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.fromarray(pictures.photo("cat", 600, 750)).save(path, quality=92)
    return path


def job_of(photo: Path, **changes: Any) -> RenderJob:
    return RenderJob(
        read_template(template(**changes)),
        read_design({"photos": {"photo": {"source": "https://example.invalid/photo.jpg"}}}),
        {"photo:photo": photo},
        OrderFacts("#1001", "42", date(2026, 11, 1), link="https://example.invalid/1001"),
        "test",
    )


@pytest.fixture(scope="module")
def report(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> RenderReport:
    return render(job_of(photo), tmp_path_factory.mktemp("out"))


def file_of(report: RenderReport, role: str, file_format: str) -> Path:
    return next(file.path for file in report.files if (file.role, file.format) == (role, file_format))


def test_all_files_are_made_and_thumbnail_and_preview_always(report: RenderReport) -> None:
    made = {(file.role, file.format) for file in report.files}
    assert made == {*OUTPUTS, ("preview", "png"), ("thumbnail", "webp")}


def test_the_report_says_what_was_made(report: RenderReport) -> None:
    assert not report.preflight.failures()
    assert report.spec == "150 × 150 mm · PDF · sRGB · no bleed"
    facts = report.facts["front"]
    assert facts["smallest_radius_mm"] >= 1.25
    assert facts["smallest_area_mm2"] >= 9
    assert len(facts["paints"]) == 12


def test_numbers_can_be_read_from_the_pdf_and_are_those_of_the_facets(report: RenderReport) -> None:
    codes = {check.code: check for check in report.preflight.checks}
    for code in ("numbers_inside", "facets_labelled", "numbers_right", "borders_once"):
        assert codes[code].measured == "0"
    document = pdfium.PdfDocument(file_of(report, "print", "pdf"))
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert "#1001" in text


def test_pdf_is_x4_with_exact_boxes_and_without_pictures(report: RenderReport) -> None:
    with pikepdf.open(file_of(report, "print", "pdf")) as pdf:
        box = [float(value) for value in pdf.pages[0].obj.TrimBox.as_list()]
        assert box[2] == pytest.approx(150 / 25.4 * 72, abs=0.01)
        assert not list(pdf.pages[0].get_images())
        assert b"PDF/X-4" in pdf.Root.Metadata.read_bytes()


def test_svg_has_one_line_per_border_and_no_font(report: RenderReport) -> None:
    root = ElementTree.parse(file_of(report, "print", "svg")).getroot()
    assert root.get("width") == "150mm"
    assert not [one for one in root.iter() if one.tag.endswith(("text", "image", "style", "script"))]


def test_tiff_has_the_resolution_and_shows_the_pdf(report: RenderReport) -> None:
    with Image.open(file_of(report, "print", "tiff")) as image:
        assert image.size == (886, 886)
        assert image.info["dpi"][0] == pytest.approx(150, abs=0.1)
        pixels = np.asarray(image.convert("L"))
    document = pdfium.PdfDocument(file_of(report, "print", "pdf"))
    drawn = document[0].render(scale=886 / document[0].get_width()).to_pil().convert("L").resize((886, 886))
    document.close()
    assert np.abs(np.asarray(drawn).astype(int) - pixels).mean() < 2


def test_quantities_are_the_same_in_csv_and_json_and_sum_to_the_canvas(report: RenderReport) -> None:
    with file_of(report, "legend", "csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    data = json.loads(file_of(report, "data", "json").read_text(encoding="utf-8"))
    assert [int(row["number"]) for row in rows] == list(range(1, 13))
    assert sum(float(row["area_mm2"]) for row in rows) == pytest.approx(96 * 120, rel=1e-3)
    assert sum(int(row["facets"]) for row in rows) == data["facets"] == len(data["facet_list"])
    assert [int(row["pots"]) for row in rows] == [paint["pots"] for paint in data["paints"]]


def test_the_preview_comes_from_the_print(report: RenderReport) -> None:
    with Image.open(file_of(report, "preview", "png")) as image, Image.open(file_of(report, "print", "tiff")) as whole:
        assert image.size == whole.size
        assert np.array_equal(np.asarray(image), np.asarray(whole))


def test_the_same_job_gives_the_same_bytes(photo: Path, report: RenderReport, tmp_path: Path) -> None:
    again = render(job_of(photo), tmp_path)
    assert [(file.name, file.sha256) for file in again.files] == [(file.name, file.sha256) for file in report.files]


def test_a_test_order_carries_a_watermark_in_every_print(photo: Path, tmp_path: Path) -> None:
    job = job_of(photo, outputs=[{"role": "print", "format": "pdf"}, {"role": "print", "format": "svg"}])
    found = render(replace(job, order=replace(job.order, test=True)), tmp_path)
    document = pdfium.PdfDocument(file_of(found, "print", "pdf"))
    assert "TEST" in document[0].get_textpage().get_text_bounded()
    document.close()


def test_cmyk_print_is_made_with_the_printers_inks(photo: Path, tmp_path: Path) -> None:
    outputs = [{"role": "print", "format": one, "colour": "cmyk"} for one in ("pdf", "tiff")]
    found = render(job_of(photo, outputs=outputs), tmp_path)
    assert {file.colour_space for file in found.files if file.role == "print"} == {"CMYK"}
    with Image.open(file_of(found, "print", "tiff")) as image:
        assert image.mode == "CMYK"


def test_a_paint_set_of_the_library_names_the_paints(photo: Path, tmp_path: Path) -> None:
    lines = [
        f"{i:03},Paint {i},#{(i * 9) % 256:02X}{(i * 5 + 40) % 256:02X}{(i * 3 + 20) % 256:02X}" for i in range(40)
    ]
    paints = tmp_path / "set.csv"
    paints.write_text("code,name,hex\n" + "\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    job = job_of(photo, options={"colours": 8, "palette_asset": "set"}, outputs=[{"role": "data", "format": "json"}])
    found = render(replace(job, inputs={**job.inputs, "palette:set": paints}), out)
    assert {paint["code"] for paint in found.facts["front"]["paints"]} <= {f"{i:03}" for i in range(40)}


def test_the_customers_preview_shows_the_finished_painting(photo: Path, tmp_path: Path) -> None:
    (file,) = preview(job_of(photo), tmp_path, 500)
    with Image.open(file.path) as image:
        assert image.size == (400, 500)


def test_memory_bound_grows_with_the_canvas(photo: Path) -> None:
    areas = template()["areas"]
    areas[0]["dpi"] = 600
    assert memory_bytes(job_of(photo, areas=areas)) > memory_bytes(job_of(photo))


def failing(photo: Path, tmp_path: Path, **changes: Any) -> RenderError:
    with pytest.raises(RenderError) as caught:
        render(job_of(photo, **changes), tmp_path)
    return caught.value


def test_a_picture_with_far_too_few_pixels_fails(tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.png"
    Image.fromarray(pictures.noise(24, 30)).save(tiny)
    assert failing(tiny, tmp_path).reason == "upload_low_resolution"


def test_an_output_that_the_recipe_does_not_make_is_an_error_of_the_template(photo: Path, tmp_path: Path) -> None:
    error = failing(photo, tmp_path, outputs=[{"role": "pattern", "format": "xlsx"}])
    assert error.reason == "template_invalid"


def test_an_area_without_canvas_is_an_error_of_the_template(photo: Path, tmp_path: Path) -> None:
    areas = template()["areas"]
    areas[0]["layers"] = [{"type": "photo", "slot": "photo"}]
    assert failing(photo, tmp_path, areas=areas).reason == "template_invalid"


def test_a_legend_without_room_is_an_error_of_the_template(photo: Path, tmp_path: Path) -> None:
    areas = template()["areas"]
    areas[0]["layers"][2]["box"] = {"x": 107, "y": 12, "width": 15, "height": 10}
    error = failing(photo, tmp_path, areas=areas)
    assert error.reason == "template_invalid"
    assert "legend" in error.detail


def test_a_missing_paint_set_is_a_missing_asset(photo: Path, tmp_path: Path) -> None:
    assert failing(photo, tmp_path, options={"palette_asset": "set"}).reason == "asset_missing"
