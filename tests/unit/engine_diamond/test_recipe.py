"""A kit from template and photo: every file is made, agrees with the counts, and is the same every time."""

import csv
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image
from printworks_common.failures import Reason
from printworks_common.templates import Template, read_design, read_template
from printworks_render.engine import RenderError, RenderJob, RenderReport, memory_bytes, preview, render
from printworks_render.engine.diamond import readback
from printworks_render.engine.job import Level, OrderFacts

WIDTH, HEIGHT = 60.0, 75.0


def _template(options: dict[str, Any] | None = None, **area: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": "kit",
        "name": "Kit",
        "recipe": "diamond-painting",
        "areas": [
            {
                "canvas": {"width_mm": WIDTH, "height_mm": HEIGHT},
                "dpi": 160,
                "bleed_mm": 0,
                "wrap_mm": 20,
                "wrap_mode": "colour",
                "layers": [
                    {"type": "background", "colour": "#ffffff"},
                    {"type": "canvas", "slot": "photo"},
                    {"type": "grid-coordinates"},
                    {"type": "order-number", "box": {"x": 0, "y": -17, "width": 40, "height": 6}},
                    {"type": "qr", "box": {"x": 44, "y": 77, "width": 15, "height": 15}},
                    {"type": "legend", "box": {"x": 0, "y": 79, "width": 42, "height": 15}, "size_pt": 6},
                ],
            }
            | area
        ],
        "options": {"colours": 12} | (options or {}),
        "outputs": [
            {"role": "print", "format": "pdf"},
            {"role": "print", "format": "png"},
            {"role": "pattern", "format": "pdf"},
            {"role": "pattern", "format": "xlsx"},
            {"role": "pattern", "format": "csv"},
            {"role": "legend", "format": "csv"},
            {"role": "chart", "format": "pdf"},
            {"role": "reference", "format": "png"},
        ],
    }


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    y, x = np.mgrid[0:375, 0:300]
    waves = [128 + 100 * np.sin(x / 31 + phase) * np.cos(y / (37 + 5 * phase)) for phase in range(3)]
    noise = np.random.default_rng(1).normal(0, 8, (375, 300, 3))
    pixels = np.clip(np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.fromarray(pixels).save(path, quality=95)
    return path


def _job(photo: Path, template: dict[str, Any], **choice: Any) -> RenderJob:
    design = {"photos": {"photo": {"source": "https://pictures.example/1.jpg"} | choice}}
    order = OrderFacts("#1001", "42", date(2026, 3, 4), link="https://shop.example/files/token")
    return RenderJob(read_template(template), read_design(design), {"photo:photo": photo}, order, "test")


def _rendered(job: RenderJob, out: Path) -> RenderReport:
    out.mkdir()
    return render(job, out)


def _paths(report: RenderReport) -> dict[tuple[str, str], Path]:
    return {(file.role, file.format): file.path for file in report.files}


@pytest.fixture(scope="module")
def report(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> RenderReport:
    return _rendered(_job(photo, _template()), tmp_path_factory.mktemp("kit") / "out")


def test_every_file_of_the_template_is_made_with_preview_and_thumbnail(report: RenderReport) -> None:
    made = {(file.role, file.format) for file in report.files}
    asked = {(output["role"], output["format"]) for output in _template()["outputs"]}
    assert made == asked | {("preview", "jpeg"), ("thumbnail", "webp")}
    assert all(file.path.stat().st_size == file.bytes for file in report.files)


def test_all_checks_pass_and_none_of_them_warns(report: RenderReport) -> None:
    assert [check for check in report.preflight.checks if check.level is not Level.OK] == []
    assert sum(check.code == "counts" for check in report.preflight.checks) == 7


def test_counts_in_the_report_add_up_to_the_cells(report: RenderReport) -> None:
    facts = report.facts["areas"]["front"]
    assert (facts["columns"], facts["rows"]) == (24, 30)
    assert sum(colour["cells"] for colour in facts["colours"]) == 24 * 30
    assert len(facts["colours"]) == 12
    json.dumps(report.facts)


def test_the_pdf_shows_every_symbol_as_often_as_its_colour_is_counted(report: RenderReport) -> None:
    counted = {colour["symbol"]: colour["cells"] for colour in report.facts["areas"]["front"]["colours"]}
    assert readback.symbols_in_pdf(_paths(report)["print", "pdf"]) == counted


def test_the_sheet_is_the_canvas_with_its_border(report: RenderReport) -> None:
    with pikepdf.open(_paths(report)["print", "pdf"]) as pdf:
        box = [float(value) / 72 * 25.4 for value in pdf.pages[0].obj.TrimBox.as_list()]
    assert box[2] - box[0] == pytest.approx(WIDTH + 40, abs=0.01)
    assert box[3] - box[1] == pytest.approx(HEIGHT + 40, abs=0.01)


def test_the_same_job_gives_the_same_bytes(report: RenderReport, photo: Path, tmp_path: Path) -> None:
    again = _rendered(_job(photo, _template()), tmp_path / "again")
    assert [file.sha256 for file in again.files] == [file.sha256 for file in report.files]


def test_csv_and_workbook_carry_codes_symbols_and_quantities(report: RenderReport) -> None:
    paths = _paths(report)
    with paths["legend", "csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert int(row["drills"]) == -(-int(row["cells"]) * 11 // 10)
        assert int(row["bags"]) == -(-int(row["drills"]) // 200)
    with zipfile.ZipFile(paths["pattern", "xlsx"]) as archive:
        assert archive.testzip() is None
        assert b'name="Pattern"' in archive.read("xl/workbook.xml")
    shown, said = readback.workbook_counts(paths["pattern", "xlsx"])
    assert shown == said == {row["symbol"]: int(row["cells"]) for row in rows}


def test_codes_that_look_like_formulas_are_made_harmless(photo: Path, tmp_path: Path) -> None:
    table = tmp_path / "palette.csv"
    table.write_text("code,name,hex\n=1+1,@SUM(A1),#101010\n-2,+cmd,#F0F0F0\n3,Red,#C02020\n4,Blue,#2030B0\n")
    job = _job(photo, _template({"colours": 4, "palette_asset": "house"}))
    job = replace(job, inputs={**job.inputs, "palette:house": table})
    paths = _paths(_rendered(job, tmp_path / "out"))
    for key in (("legend", "csv"), ("pattern", "csv")):
        with paths[key].open(encoding="utf-8-sig", newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert "'=1+1" in cells
    with zipfile.ZipFile(paths["pattern", "xlsx"]) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name), name


def test_round_drills_lie_2_8_mm_apart(photo: Path, tmp_path: Path) -> None:
    report = _rendered(_job(photo, _template({"drill": "round"}, dpi=200)), tmp_path / "out")
    facts = report.facts["areas"]["front"]
    assert (facts["columns"], facts["rows"]) == (21, 26)
    assert [check.code for check in report.preflight.checks if check.level is not Level.OK] == []


def test_a_canvas_that_follows_the_picture_is_turned(photo: Path, tmp_path: Path) -> None:
    job = _job(photo, _template(orientation="by_picture"), rotation=90)
    facts = _rendered(job, tmp_path / "out").facts["areas"]["front"]
    assert (facts["columns"], facts["rows"]) == (30, 24)


def test_a_crop_of_the_design_is_what_the_drills_show(photo: Path, tmp_path: Path) -> None:
    crop = {"x": 0.5, "y": 0.5, "width": 0.4, "height": 0.4}
    whole = _rendered(_job(photo, _template()), tmp_path / "whole")
    part = _rendered(_job(photo, _template(), crop=crop), tmp_path / "part")
    assert whole.facts != part.facts


def test_the_preview_shows_the_finished_painting(photo: Path, tmp_path: Path) -> None:
    (file,) = preview(_job(photo, _template()), tmp_path, 480)
    with Image.open(file.path) as image:
        assert image.size == (384, 480)
        shown = np.asarray(image.convert("RGB").resize((24, 30), Image.Resampling.BOX), dtype=np.float64)
    with Image.open(photo) as image:
        wanted = np.asarray(image.convert("RGB").resize((24, 30), Image.Resampling.BOX), dtype=np.float64)
    assert np.abs(shown - wanted).mean() < 25


def test_a_picture_with_less_than_a_pixel_for_each_drill_is_refused(photo: Path, tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.png"
    Image.open(photo).resize((20, 25)).save(tiny)
    with pytest.raises(RenderError) as caught:
        _rendered(_job(tiny, _template()), tmp_path / "out")
    assert caught.value.reason is Reason.UPLOAD_LOW_RESOLUTION


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 200)
    with pytest.raises(RenderError) as caught:
        _rendered(_job(broken, _template()), tmp_path / "out")
    assert caught.value.reason is Reason.UPLOAD_CORRUPT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outputs": [{"role": "print", "format": "svg"}]}, "SVG"),
        ({"outputs": [{"role": "pattern", "format": "csv"}]}, "no print output"),
        ({"options": {"colours": 12, "palette_asset": "none"}}, "palette none"),
    ],
)
def test_a_template_that_cannot_be_made_is_refused(
    photo: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(RenderError, match=said):
        _rendered(_job(photo, _template() | change), tmp_path / "out")


def test_a_template_without_a_canvas_layer_is_refused(photo: Path, tmp_path: Path) -> None:
    template = _template(layers=[{"type": "photo", "slot": "photo"}])
    with pytest.raises(RenderError, match="canvas layer"):
        _rendered(_job(photo, template), tmp_path / "out")


def test_documents_of_a_test_order_say_so(photo: Path, tmp_path: Path) -> None:
    job = _job(photo, _template())
    report = _rendered(replace(job, order=replace(job.order, test=True)), tmp_path / "out")
    with zipfile.ZipFile(_paths(report)["pattern", "xlsx"]) as archive:
        assert b"TEST #1001" in archive.read("xl/sharedStrings.xml")
    assert any("watermark" in note for note in report.notes)


def test_the_memory_bound_grows_with_the_canvas(photo: Path) -> None:
    small = memory_bytes(_job(photo, _template()))
    large = memory_bytes(_job(photo, _template(canvas={"width_mm": 600, "height_mm": 750})))
    assert small < large


def test_options_are_checked_when_a_template_is_read() -> None:
    assert isinstance(read_template(_template()), Template)
    with pytest.raises(Exception, match="colours"):
        read_template(_template({"colours": 500}))
