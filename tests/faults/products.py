"""Products whose real renders take milliseconds: what is tried is the way, not the printing.

A print without text takes about 5 ms, one with text about 15 ms, the PDF of `printworks_local.traffic.SMALL` 60 ms.
"""

from printworks_local.products import Product, photo_template


def _tiny(sku: str, title: str, template_id: str, kind: str, *, takes_text: bool) -> Product:
    template = photo_template(template_id, f"{title} 6 x 4 cm", width_mm=60, height_mm=40, dpi=72)
    (area,) = template["areas"]
    if not takes_text:
        area["layers"] = [layer for layer in area["layers"] if layer["type"] == "photo"]
    template["preflight"] = {"fail_dpi": 36, "warn_dpi": 36}
    template["outputs"] = [
        {"role": "print", "format": kind},
        {"role": "thumbnail", "format": "jpeg", "max_px": 64},
        {"role": "preview", "format": "jpeg", "max_px": 96},
    ]
    return Product(sku, title, template_id, "photo", template, takes_text)


TINY_PHOTO = _tiny("PW-TINY-PHOTO", "Tiny photo", "tiny-photo", "jpeg", takes_text=False)
TINY_CARD = _tiny("PW-TINY-CARD", "Tiny card", "tiny-card", "png", takes_text=True)
