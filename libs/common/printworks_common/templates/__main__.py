"""`python -m printworks_common.templates FOLDER`: write the JSON Schemas of the documents into a folder."""

import json
import sys
from pathlib import Path

from printworks_common.templates.schemas import json_schemas


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in json_schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/rendering/schemas"))
