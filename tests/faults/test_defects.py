"""The seeded defects fit the code as it is; some of them are tried, all of them by `make defects`."""

import py_compile
from pathlib import Path

import pytest

from tests.faults.defects.__main__ import tried
from tests.faults.defects.seeded import BY_NAME, DEFECTS, Defect, DefectError
from tests.faults.defects.trying import copied, noticed

AT_LEAST = 20
TRIED = ("an older body wins", "a tag is forgotten")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("checkout"))


def test_there_are_enough_of_them_each_with_a_name_of_its_own() -> None:
    assert len(DEFECTS) == len(BY_NAME) >= AT_LEAST


@pytest.mark.parametrize("name", BY_NAME)
def test_a_defect_fits_the_code_and_compiles(name: str, checkout: Path) -> None:
    defect = BY_NAME[name]
    sound = {edit.file: (checkout / edit.file).read_text() for edit in defect.edits}
    try:
        defect.apply(checkout)
        for file, text in sound.items():
            assert (checkout / file).read_text() != text
            if file.endswith(".py"):
                py_compile.compile(str(checkout / file), cfile=str(checkout / "compiled"), doraise=True)
    finally:
        for file, text in sound.items():
            (checkout / file).write_text(text)


def test_a_defect_whose_text_is_gone_is_an_error(checkout: Path) -> None:
    stale = Defect("stale", DEFECTS[0].file, "no line of it reads so", "")
    with pytest.raises(DefectError, match="0 times"):
        stale.apply(checkout)


@pytest.mark.parametrize("name", TRIED)
def test_the_simulator_notices(name: str) -> None:
    found, said = tried(BY_NAME[name])
    assert found, said


@pytest.mark.parametrize(
    ("code", "said", "counts"),
    [
        (1, "3 worlds broken", True),
        (1, "12 promises are broken: replay with --seed 1", True),
        (0, "every promise is kept", False),
        (1, "render-worker was not ready after 120 seconds", False),
        (1, "0 promises are broken", False),
    ],
)
def test_only_a_broken_promise_counts_as_noticed(code: int, said: str, counts: bool) -> None:
    assert noticed(code, said) is counts
