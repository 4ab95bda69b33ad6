"""Names of files from templates: what stands in an order never leads out of the folder, nor to a name that fails."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printworks_common.file_names import (
    FIELDS,
    MAX_PATH_BYTES,
    NameTemplate,
    NameTemplateError,
    collision_key,
    with_mark,
)

VALUES = {
    "order": "1001", "order_id": "5001", "date": "2026-11-25", "line": "77", "sku": "PW-PHOTO", "product": "Poster",
    "variant": "30 × 40 cm", "quantity": "2", "template": "poster", "area": "front", "role": "print", "version": "1",
    "name": "1001-77-front-print", "ext": "pdf",
}  # fmt: skip
FORBIDDEN = set('<>:"/\\|?*') | {chr(code) for code in range(32)} | {"\x7f"}
DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in range(1, 10)), *(f"LPT{n}" for n in range(1, 10))}


@pytest.mark.parametrize(
    ("template", "changes", "path"),
    [
        ("{order}/{sku}-{line}.pdf", {}, "1001/PW-PHOTO-77.pdf"),
        ("{order}/{sku}-{line}.pdf", {"ext": "png"}, "1001/PW-PHOTO-77.png"),
        ("{order}/{sku}-{line}", {}, "1001/PW-PHOTO-77.pdf"),
        ("{date}/{order}_{role}.{ext}", {}, "2026-11-25/1001_print.pdf"),
        ("{sku}", {"version": "3"}, "PW-PHOTO-v3.pdf"),
        ("{sku}-{version}.{ext}", {"version": "3"}, "PW-PHOTO-3.pdf"),
        ("{sku}.{ext}", {"sku": "A.1"}, "A.1.pdf"),
        ("{sku}.{ext}", {"sku": "../../etc/passwd"}, "_.._etc_passwd.pdf"),
        ("{sku}.{ext}", {"sku": "aux"}, "_aux.pdf"),
        ("{sku}.{ext}", {"sku": "Con.x"}, "_Con.x.pdf"),
        ("{sku}.{ext}", {"sku": ""}, "_.pdf"),
        ("{sku}/{line}.{ext}", {"sku": " . "}, "_/77.pdf"),
        ("{product}.{ext}", {"product": "-rf ~"}, "rf ~.pdf"),
        ("{product}.{ext}", {"product": "e\u0301"}, "é.pdf"),
    ],
)
def test_a_template_gives_a_path(template: str, changes: dict[str, str], path: str) -> None:
    assert NameTemplate(template).render(VALUES | changes) == path


@pytest.mark.parametrize(
    "template",
    ["", "x" * 201, "{order", "{}", "{colour}", "fixed.pdf", "/{order}", "{order}/", "a//{order}", "..\\{order}",
     "../{order}", "{order}\n", "/".join(["{order}"] * 7)],
)  # fmt: skip
def test_a_template_that_could_not_give_good_names_is_refused(template: str) -> None:
    with pytest.raises(NameTemplateError):
        NameTemplate(template)


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries({name: st.text(max_size=80) for name in ("order", "sku", "product", "name")}),
    st.sampled_from(["{order}/{sku}-{line}", "{product}/{name}/{order}.pdf", "{name}", "{sku}.{sku}/{product}"]),
)
def test_whatever_stands_in_an_order_the_path_is_one_that_every_file_system_takes(
    texts: dict[str, str], template: str
) -> None:
    path = NameTemplate(template).render(VALUES | texts)
    assert len(path.encode()) <= MAX_PATH_BYTES
    assert path.count("/") == template.count("/")
    assert path.endswith(".pdf")
    for segment in path.split("/"):
        assert segment
        assert not FORBIDDEN & set(segment)
        assert not segment.startswith((".", " ", "-"))
        assert not segment.endswith((".", " "))
        assert segment.split(".")[0].upper() not in DEVICES


def test_paths_that_some_file_system_takes_for_one_have_the_same_key() -> None:
    assert collision_key("A/É.pdf") == collision_key("a/e\u0301.PDF")
    assert collision_key("a/b.pdf") != collision_key("a/c.pdf")
    assert with_mark("1001/a.pdf", "1f2e") == "1001/a-1f2e.pdf"
    assert len(with_mark("x" * 116 + ".pdf", "1f2e").encode()) <= 120


def test_every_field_has_a_meaning_for_its_reader() -> None:
    assert set(VALUES) == set(FIELDS)
    assert all(FIELDS.values())
