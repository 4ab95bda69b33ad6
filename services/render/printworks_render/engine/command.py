"""`printworks-render file`: render one design on the command line, without the rest of the system."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from printworks_common.templates import (
    Design,
    DesignInvalidError,
    DesignMissingError,
    PhotoChoice,
    Template,
    TemplateInvalidError,
    TextChoice,
    photo_input,
    read_design,
    read_template,
    required_inputs,
)

from printworks_render.engine import RenderError, RenderJob, RenderReport, preview, render
from printworks_render.engine.job import OrderFacts, PreflightReport
from printworks_render.engine.version import RENDERER_VERSION

_LOCAL = "https://local.invalid/"


class _UsageError(Exception):
    """The arguments do not fit together."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `printworks-render file`."""
    parser.add_argument("--template", type=Path, required=True, help="template document (JSON)")
    parser.add_argument("--image", action="append", default=[], help="picture of the first slot, or slot=picture")
    parser.add_argument("--text", action="append", default=[], help="text of the first slot, or slot=text")
    parser.add_argument("--design", type=Path, help="design document (JSON) instead of --image and --text")
    parser.add_argument("--input", action="append", default=[], help="another input, id=file, such as asset:logo=l.png")
    parser.add_argument("--out", type=Path, required=True, help="directory for the files")
    parser.add_argument("--order", default="#1001", help="order name to print")
    parser.add_argument("--line", default="1", help="line item id to print")
    parser.add_argument("--date", type=date.fromisoformat, help="date written into documents; default: today")
    parser.add_argument("--link", help="what the QR code says")
    parser.add_argument("--test", action="store_true", help="watermark as for a test order")
    parser.add_argument("--preview", type=int, metavar="PX", help="only the preview, longest side in pixels")


def run(arguments: argparse.Namespace) -> int:
    """Render, print a JSON report, and return the exit code: 0 rendered, 1 failed with a reason, 2 wrong usage."""
    try:
        template = read_template(arguments.template.read_bytes())
        design, inputs = _design(arguments, template)
        inputs |= dict(_pair(item) for item in arguments.input)
        missing = [ref.id for ref in required_inputs(template, design) if ref.required and ref.id not in inputs]
        if missing:
            return _failed("usage", f"No file for the input {missing[0]}: give --input {missing[0]}=FILE.", code=2)
        order = OrderFacts(
            order_name=arguments.order,
            line_item_id=arguments.line,
            document_date=arguments.date or datetime.now(UTC).date(),
            test=arguments.test,
            link=arguments.link,
        )
        job = RenderJob(template, design, inputs, order, RENDERER_VERSION)
        arguments.out.mkdir(parents=True, exist_ok=True)
        if arguments.preview:
            files = preview(job, arguments.out, arguments.preview)
            _print({"files": [{"role": file.role, "path": str(file.path)} for file in files]})
            return 0
        _print(_report(render(job, arguments.out)))
    except (TemplateInvalidError, DesignInvalidError, DesignMissingError) as error:
        return _failed(error.code, str(error))
    except RenderError as error:
        return _failed(error.reason, error.detail, report=error.report)
    except OSError as error:
        return _failed("usage", f"{error.filename}: {error.strerror}", code=2)
    except _UsageError as error:
        return _failed("usage", str(error), code=2)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry for `printworks-render file …` without the leading words."""
    parser = argparse.ArgumentParser(prog="printworks-render file", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args(argv))


def _pair(item: str) -> tuple[str, Path]:
    name, equals, value = item.partition("=")
    if not equals:
        raise _UsageError(f"{item!r} is not of the form name=value")
    return name, Path(value)


def _design(arguments: argparse.Namespace, template: Template) -> tuple[Design, dict[str, Path]]:
    inputs: dict[str, Path] = {}
    photos: dict[str, PhotoChoice] = {}
    given = read_design(arguments.design.read_bytes()) if arguments.design else Design()
    for slot, value in _slots(arguments.image, template.photo_slots()):
        inputs[photo_input(slot)] = Path(value)
        photos[slot] = given.photos.get(slot) or PhotoChoice(source=_LOCAL + slot)
    texts = {slot: TextChoice(text=value) for slot, value in _slots(arguments.text, template.text_slots())}
    return given.model_copy(update={"photos": given.photos | photos, "texts": given.texts | texts}), inputs


def _slots(items: list[str], slots: list[str]) -> list[tuple[str, str]]:
    """`slot=value`, or a bare value for the next slot that is not named."""
    found: list[tuple[str, str]] = []
    free = [slot for slot in slots if not any(item.startswith(f"{slot}=") for item in items)]
    for item in items:
        name, equals, value = item.partition("=")
        if equals and name in slots:
            found.append((name, value))
        elif free:
            found.append((free.pop(0), item))
        else:
            raise _UsageError(f"The template has no place for {item!r}.")
    return found


def _report(report: RenderReport) -> dict[str, object]:
    return {
        "spec": report.spec,
        "files": [asdict(file) | {"path": str(file.path)} for file in report.files],
        "preflight": _checks(report.preflight),
        "notes": list(report.notes),
        "facts": dict(report.facts),
        "renderer_version": report.renderer_version,
    }


def _checks(report: PreflightReport) -> dict[str, object]:
    return {"level": report.level, "checks": [asdict(check) for check in report.checks]}


def _failed(reason: str, detail: str, *, code: int = 1, report: PreflightReport | None = None) -> int:
    body: dict[str, object] = {"reason": reason, "detail": detail}
    if report is not None:
        body["preflight"] = _checks(report)
    _print(body)
    return code


def _print(body: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False) + "\n")
