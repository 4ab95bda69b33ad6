"""The committed event contract: documents say what the models say, and examples of released versions stay readable."""

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from printworks_common.events.catalogue import EVENT_TYPES
from printworks_common.events.generate import files, main, read_examples, schema_of
from printworks_common.events.topics import TOPICS, Topic

DOCS = Path(__file__).parents[3] / "docs" / "events"
NAMES = sorted(EVENT_TYPES)


@pytest.fixture(scope="module")
def examples() -> dict[str, dict[str, Any]]:
    return read_examples(DOCS)


def test_the_committed_documents_are_what_the_models_say() -> None:
    assert main(["--directory", str(DOCS), "--check"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_todays_model_reads_the_golden_example(name: str, examples: dict[str, dict[str, Any]]) -> None:
    example = examples[name]
    event = EVENT_TYPES[name].model_validate(example["payload"])
    assert event.key() == example["key"]
    assert event.topic == example["topic"]
    assert example["headers"]["ce_type"] == name


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_golden_example_is_lost_when_it_is_written_again(
    name: str, examples: dict[str, dict[str, Any]]
) -> None:
    payload = examples[name]["payload"]
    again = EVENT_TYPES[name].model_validate(payload).model_dump(mode="json")
    assert _without_additions(again, payload) == payload


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_example_fits_its_schema(name: str, examples: dict[str, dict[str, Any]]) -> None:
    schema = schema_of(EVENT_TYPES[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(examples[name]["payload"])


@pytest.mark.parametrize("name", NAMES)
def test_readers_ignore_fields_they_do_not_know(name: str, examples: dict[str, dict[str, Any]]) -> None:
    newer = examples[name]["payload"] | {"added_in_a_later_release": {"deep": [1]}}
    assert EVENT_TYPES[name].model_validate(newer) == EVENT_TYPES[name].model_validate(examples[name]["payload"])


def test_every_topic_carries_at_least_one_event_type() -> None:
    assert {Topic(model.topic) for model in EVENT_TYPES.values()} == set(TOPICS)


def test_the_asyncapi_document_is_valid_by_the_official_schema() -> None:
    official = json.loads(gzip.decompress((Path(__file__).parent / "asyncapi" / "3.0.0.json.gz").read_bytes()))
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    faults = [
        f"{'/'.join(str(part) for part in error.absolute_path)}: {error.message}"
        for error in jsonschema.Draft7Validator(official).iter_errors(document)
    ]
    assert faults == []


def test_the_asyncapi_document_refers_only_to_what_exists() -> None:
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    for reference in _references(document):
        if reference.startswith("#/"):
            place: Any = document
            for part in reference[2:].split("/"):
                place = place[part]
        else:
            assert (DOCS / reference).is_file(), reference


def test_a_changed_document_is_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _copy_of_docs(tmp_path)
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    assert main(["--directory", str(tmp_path), "--check"]) == 1
    assert "asyncapi.yaml is not what the models say" in capsys.readouterr().out
    assert main(["--directory", str(tmp_path)]) == 0
    assert main(["--directory", str(tmp_path), "--check"]) == 0


def test_a_schema_is_not_replaced_by_an_incompatible_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _copy_of_docs(tmp_path)
    path = tmp_path / "schemas" / "printworks.order.touched.v1.json"
    released = json.loads(path.read_text())
    released["properties"]["noticed_by"] = {"type": "string"}
    path.write_text(json.dumps(released))
    assert main(["--directory", str(tmp_path)]) == 1
    assert "printworks.order.touched.v1.json: $.noticed_by: was removed" in capsys.readouterr().out
    assert json.loads(path.read_text()) == released
    assert main(["--directory", str(tmp_path), "--accept-breaking"]) == 0


def _copy_of_docs(target: Path) -> None:
    for source in DOCS.rglob("*"):
        if source.is_file():
            copy = target / source.relative_to(DOCS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    assert all((target / path).is_file() for path in files(read_examples(target)))


def _without_additions(written: Any, example: Any) -> Any:
    """`written` reduced to the fields that `example` has: a later release may add optional ones."""
    if isinstance(written, dict) and isinstance(example, dict):
        return {name: _without_additions(written[name], value) for name, value in example.items()}
    if isinstance(written, list) and isinstance(example, list):
        return [_without_additions(*pair) for pair in zip(written, example, strict=True)]
    return written


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [reference for inner in value.values() for reference in _references(inner)]
    if isinstance(value, list):
        return [reference for inner in value for reference in _references(inner)]
    return []
