"""Documents as models: values, checks, schemas and YAML, without a scenario."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from orchestrator import document
from orchestrator.document import Problem, Strict
from orchestrator.document.schema import described
from orchestrator.errors import DocumentError


class ExamplePart(Strict):
    """A part.

    Attributes:
        size: how large it is, in
            metres.
    """

    size: Annotated[int, Field(ge=1)]


class ExampleWhole(Strict):
    """A whole made of parts.

    Attributes:
        kind: its kind.
    """

    kind: Literal["old", "new"] = "new"
    parts: list[ExamplePart] = []
    named: dict[str, ExamplePart] = {}
    title: str | None = Field(default=None, alias="as")


def read(folder: Path, text: str, **options: Any) -> ExampleWhole:
    path = folder / "whole.yaml"
    path.write_text(text)
    return document.read(path, ExampleWhole, **options)


def mistakes(folder: Path, text: str, **options: Any) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read(folder, text, **options)
    return [line.removeprefix(f"{folder}/whole.yaml:") for line in caught.value.what.splitlines()]


def test_values_of_a_document(tmp_path: Path) -> None:
    found = read(tmp_path, "parts: [{size: 1}]\nnamed: {a: {size: 2}}\nas: it\n")
    assert found.parts == [ExamplePart(size=1)]
    assert found.named["a"].size == 2
    assert (found.kind, found.title) == ("new", "it")
    with pytest.raises(ValidationError, match="frozen"):
        found.kind = "old"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("parts: [{sise: 1}]", "1:10: unknown key 'sise'; did you mean 'size'?"),
        ("named: {a: {sise: 1}}", "1:13: unknown key 'sise'; did you mean 'size'?"),
        ("parts: [{size: 0}]", "1:10: must be at least 1, not 0"),
        ("parts: [{size: 1.5}]", "1:10: a whole number is expected here, not the number 1.5"),
        ("kind: odd", "1:1: no such word 'odd': one of old, new; did you mean 'old'?"),
        ("title: it", "1:1: unknown key 'title': one of kind, parts, named, as"),
        ("as:", "1:1: 'as' has no value: give it one, or leave it out"),
        ("parts:\n- size: &a 1\n- size: *b", "3:9: not YAML: no anchor 'b': text that begins"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, mistake: str) -> None:
    assert any(line.startswith(mistake) for line in mistakes(tmp_path, text))


def test_further_checks_of_values_and_of_plain_documents(tmp_path: Path) -> None:
    def check(whole: ExampleWhole) -> list[Problem]:
        return [Problem(("parts", 0), f"{whole.parts[0].size} is too large")]

    def raw(plain: Any) -> list[Problem]:
        return [Problem(("kind",), f"{plain['kind']} is forbidden")]

    text = "kind: old\nparts:\n  - size: 9\n"
    both = ["1:1: old is forbidden", "3:5: 9 is too large"]
    assert mistakes(tmp_path, text, check=check, raw=raw) == both
    text = "kind: odd\n"
    found = mistakes(tmp_path, text, check=check, raw=raw)
    assert len(found) == 2, "values are not checked if they are not valid"
    assert "1:1: odd is forbidden" in found


def test_a_parsed_document_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text("kind: old\n")
    source = document.load(path)
    path.unlink()
    assert document.read(source, ExampleWhole).kind == "old"


def test_positions_of_places(tmp_path: Path) -> None:
    path = tmp_path / "whole.yaml"
    path.write_text("kind: old\nparts:\n  - size: 1\n  - {size: 2}\n")
    position = document.load(path).position
    assert position(()) == (1, 1)
    assert position(("parts", 1)) == (4, 5)
    assert position(("parts", 1, "size")) == (4, 6)
    assert position(("parts", 1, "int", "size", "more")) == (4, 6), "unknown steps are skipped"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true"),
        (5, "the number 5"),
        ("x" * 50, f"the text '{'x' * 40}'…"),
        ([], "an empty list"),
        ([1], "a list"),
        ({}, "an empty mapping"),
        ({"a": 1}, "a mapping"),
        (date(2020, 1, 1), "2020-01-01 (a date)"),
    ],
)
def test_descriptions_of_values(value: object, words: str) -> None:
    assert document.describe(value) == words


def test_the_schema_of_a_model() -> None:
    schema = described(ExampleWhole, "A whole")
    assert schema["title"] == "A whole"
    assert schema["description"] == "A whole made of parts."
    kind = schema["properties"]["kind"]
    assert kind == {
        "default": "new", "description": "its kind.", "enum": ["old", "new"], "type": "string",
    }  # fmt: skip
    assert schema["properties"]["as"] == {"type": "string"}, "without null and a generated title"
    size = schema["$defs"]["ExamplePart"]["properties"]["size"]
    assert size["description"] == "how large it is, in metres."


def test_yaml_that_is_written_is_read_again(tmp_path: Path) -> None:
    data = {"kind": "old", "parts": [{"size": 1}, {"size": 2}]}
    text = document.to_yaml(data)
    assert text == "kind: old\nparts:\n- {size: 1}\n- {size: 2}\n"
    assert read(tmp_path, text) == ExampleWhole(
        kind="old", parts=[ExamplePart(size=1), ExamplePart(size=2)]
    )
