"""The pages made from code say what the code says."""

import subprocess
import sys

import pytest
from printworks_local import reasons_table, settings_table
from printworks_local.generated_page import page_command, sentence, table


def test_the_page_of_settings_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    code = page_command(settings_table.MODULE, settings_table.PAGE, settings_table.render, ["--check"])
    assert code == 0, capsys.readouterr().err


def test_the_page_of_reasons_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    code = page_command(reasons_table.MODULE, reasons_table.PAGE, reasons_table.render, ["--check"])
    assert code == 0, capsys.readouterr().err


def test_the_page_of_metrics_is_up_to_date() -> None:
    # In a process of its own: other tests may define metrics.
    command = [sys.executable, "-m", "printworks_local.metrics_table", "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_a_description_becomes_a_sentence_unless_it_begins_with_a_value() -> None:
    assert sentence("port of the API") == "Port of the API."
    assert sentence("kid:base64 keys") == "kid:base64 keys."
    assert sentence("Already one.") == "Already one."


def test_a_bar_in_a_cell_does_not_end_the_cell() -> None:
    assert table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"
