"""Which inputs a print job needs: the coordinator pins exactly these, the renderer opens exactly these."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from printworks_common.templates.design import Design, check_design
from printworks_common.templates.layers import (
    BackgroundLayer,
    Font,
    LogoLayer,
    OrderNumberLayer,
    StickerLayer,
    TextLayer,
)
from printworks_common.templates.template import Template

InputKind = Literal["upload", "asset", "font"]


@dataclass(frozen=True)
class InputRef:
    """One input of a job.

    id: stable within template and design, such as `photo:front`, `asset:logo`, `font:brand`, `profile:fogra51`.
    source: URL for uploads and fonts by URL, else the asset's id in the shop's library.
    required: without it the job fails; an input that is not required is left out of the print.
    """

    id: str
    kind: InputKind
    source: str
    required: bool

    @property
    def by_url(self) -> bool:
        return self.source.startswith(("http://", "https://"))


def photo_input(slot: str) -> str:
    return f"photo:{slot}"


def asset_input(asset: str) -> str:
    return f"asset:{asset}"


def profile_input(asset: str) -> str:
    return f"profile:{asset}"


def palette_input(asset: str) -> str:
    return f"palette:{asset}"


def font_input(font: Font) -> str | None:
    """Input id of a font; None for a font that comes with the renderer."""
    if font.asset is not None:
        return f"font:{font.asset}"
    if font.url is not None:
        return f"font:url-{hashlib.sha256(font.url.encode()).hexdigest()[:16]}"
    return None


def required_inputs(template: Template, design: Design) -> list[InputRef]:
    """Inputs of the job, each once, in drawing order.

    Raises `DesignMissingError` or `DesignInvalidError` when the design does not fit the template.
    """
    check_design(template, design)
    refs: dict[str, InputRef] = {}
    for ref in _all_refs(template, design):
        known = refs.get(ref.id)
        if known is None or (ref.required and not known.required):
            refs[ref.id] = ref
    return list(refs.values())


def template_assets(template: Template) -> frozenset[str]:
    """Ids of the assets of the library that the template names by itself, whatever a customer chooses."""
    return frozenset(ref.source for ref in _all_refs(template, Design()) if ref.kind != "upload" and not ref.by_url)


def _all_refs(template: Template, design: Design) -> Iterator[InputRef]:
    needed = template.required_photo_slots()
    for slot in template.photo_slots():
        if slot in design.photos:
            yield InputRef(photo_input(slot), "upload", design.photos[slot].source, slot in needed)
    for layer in template.layers():
        match layer:
            case BackgroundLayer(asset=str(asset)) | StickerLayer(asset=asset) | LogoLayer(asset=asset):
                yield InputRef(asset_input(asset), "asset", asset, required=True)
            case OrderNumberLayer(font=font):
                yield from _font_refs(font)
            case TextLayer():
                choice = design.texts.get(layer.slot) if layer.slot else None
                yield from _font_refs(choice.font if choice and choice.font else layer.font)
            case _:
                pass
    for sticker in design.stickers:
        yield InputRef(asset_input(sticker.asset), "asset", sticker.asset, required=True)
    for output in template.outputs:
        if output.profile is not None:
            yield InputRef(profile_input(output.profile), "asset", output.profile, required=True)
    palette = template.options.get("palette_asset")
    if isinstance(palette, str):
        yield InputRef(palette_input(palette), "asset", palette, required=True)


def _font_refs(font: Font) -> Iterator[InputRef]:
    name = font_input(font)
    if name is not None:
        yield InputRef(name, "font", font.asset or font.url or "", required=True)
