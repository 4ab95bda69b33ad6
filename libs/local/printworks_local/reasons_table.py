"""`python -m printworks_local.reasons_table [--check]`: docs/merchants/reasons.md, from the reasons of failures."""

import sys

from printworks_common.failures import REASONS

from printworks_local.generated_page import page_command, table

MODULE = "printworks_local.reasons_table"
PAGE = "docs/merchants/reasons.md"


def render() -> str:
    rows = [[f"`{reason.value}`", text.sentence, text.advice] for reason, text in REASONS.items()]
    return "\n\n".join(
        [
            "# Why a print job failed",
            "A failed print job carries one of these codes. The code never changes its meaning; the page of the print "
            "job shows the two sentences beside it. Integrations read the code from the events and from the API, and "
            "should accept codes that they do not know.",
            table(["Code", "What happened", "What to do"], rows),
            "[Retry, re-render, replace a picture](print-jobs.md) says what each of these steps does.",
        ]
    )


def main() -> int:
    return page_command(MODULE, PAGE, render)


if __name__ == "__main__":
    sys.exit(main())
