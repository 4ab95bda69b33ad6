"""The pages made from code say what the code says."""

import subprocess
import sys

import pytest
from printworks_local.generated_page import sentence, table


@pytest.mark.parametrize("page", ["settings_table", "metrics_table", "reasons_table"])
def test_a_page_made_from_code_is_up_to_date(page: str) -> None:
    command = [sys.executable, "-m", f"printworks_local.{page}", "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_a_description_becomes_a_sentence_unless_it_begins_with_a_value() -> None:
    assert sentence("port of the API") == "Port of the API."
    assert sentence("kid:base64 keys") == "kid:base64 keys."
    assert sentence("Already one.") == "Already one."


def test_a_bar_in_a_cell_does_not_end_the_cell() -> None:
    assert table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"
