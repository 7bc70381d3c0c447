"""Files as their users wrote them: texts stay texts, and every mistake has its place."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.documents.document import read, read_file
from aktify_sandbox.documents.json_nodes import read_json
from aktify_sandbox.errors import DocumentError
from support.snapshots import Snapshot

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string"},
        "number": {"type": "integer", "minimum": 1, "maximum": 10},
        "share": {"type": "number"},
        "switch": {"type": "boolean"},
        "choice": {"type": "string", "enum": ["one", "two", "three"]},
        "list": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/entry"}]}},
        "any": {},
        "some": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"description": "A name is a-z."},
            "patternProperties": {"^[a-z]+$": {}},
            "additionalProperties": False,
        },
        "narrow": {"type": "string", "maxLength": 3},
        "secret": {"type": "array", "items": {"type": "integer"}, "writeOnly": True},
    },
    "$defs": {
        "entry": {
            "type": "object",
            "additionalProperties": False,
            "required": ["key"],
            "properties": {"key": {"type": "string"}, "on": {"type": "boolean"}},
        }
    },
}


def value(text: str) -> Any:
    return read(text, "f.yaml").value(SCHEMA)


@pytest.mark.parametrize(
    "written",
    ["02139", "NO", "12:30", "on", "2022-11-15", "1e3", "0x1F", "null", "~", "true", "1_000", ".5", "+1"],
)
def test_scalars_that_yaml_would_convert_stay_as_written(written: str) -> None:
    assert value(f"text: {written}") == {"text": written}
    assert value(f"any: {{deep: [{written}]}}") == {"any": {"deep": [written]}}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
def test_every_scalar_comes_back_as_it_was_written(written: str) -> None:
    assert value(yaml.safe_dump({"text": written}, allow_unicode=True)) == {"text": written}


def test_numbers_and_booleans_are_made_where_the_schema_wants_them() -> None:
    found = value("number: 7\nshare: 0.25\nswitch: true\nlist: [a, {key: 12, on: false}]")
    assert found == {"number": 7, "share": 0.25, "switch": True, "list": ["a", {"key": "12", "on": False}]}
    with pytest.raises(DocumentError):
        value('number: "7"')


def test_json_is_read_too_and_nothing_is_an_empty_mapping() -> None:
    assert value('{"number": 7, "switch": true}') == {"number": 7, "switch": True}
    assert value("") == value("# nothing\n") == value("{}") == {}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("text: a\nnumbr: 1", "2:1"),
        ("number: x", "1:9"),
        ("number: 11", "1:9"),
        ("number: 0", "1:9"),
        ("switch: yes", "1:9"),
        ("switch: on", "1:9"),
        ("choice: thre", "1:9"),
        ("choice: []", "1:9"),
        ("some: {}", "1:7"),
        ("some: {a b: x}", "1:8"),
        ("any: {}\nnarrow: abcd", "2:9"),
        ("secret: [hush-hush-hush]", "1:10"),
        ('"\\e[2J": x', "1:1"),
        ("list: x", "1:7"),
        ("list:\n  - a\n  - {ky: b}", "3:6"),
        ("list:\n  - a\n  - {on: true}", "3:5"),
        ("list:\n  - [b]", "2:5"),
        ("- a", "1:1"),
        ("just a text", "1:1"),
        ("text: a\ntext: b", "2:1"),
        ("text: !!python/object:os.system x", "1:7"),
        ("text: !x y", "1:7"),
        ("any: &a [1]\ntext: b", "1:6"),
        ("text: *a", "1:7"),
        ("any: {<<: {a: b}}", "1:7"),
        ("any: {[a]: b}", "1:7"),
        ("text: a\n---\ntext: b", "3:1"),
        ("text: 'a", "1:7"),
        ("text: a: b", "1:8"),
        ("any:\n\ta: b", "2:1"),
        ("text: \x07", "1:1"),
        ("any: " + "[" * 40 + "]" * 40, "1:37"),
        ("text: " + "x" * 1_000_001, "1:1"),
        ("switch: " + "y" * 100, "1:9"),
    ],
)
def test_a_mistake_has_its_place_and_says_what_is_allowed(text: str, place: str, snapshot: Snapshot) -> None:
    with pytest.raises(DocumentError) as caught:
        value(text)
    assert str(caught.value).startswith(f"f.yaml:{place}: "), str(caught.value)
    snapshot("documents", str(caught.value))


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(DocumentError) as caught:
        value("switch: perhaps\ntxt: a\nnumber: many\nlist: [{k: 1}]")
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert places == [(1, 9), (2, 1), (3, 9), (4, 8), (4, 9)]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    document = None
    with contextlib.suppress(DocumentError):
        document = read(text, "f.yaml")
    assert document is None or document.root.line >= 1


def test_files_that_cannot_be_read_are_named(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"text: \xe9")
    (tmp_path / "huge.yaml").write_bytes(b"#" * 1_000_001)
    for name in ("latin.yaml", "huge.yaml", "none.yaml", "."):
        with pytest.raises(DocumentError) as caught:
            read_file(tmp_path / name)
        snapshot("documents", str(caught.value), name)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"text": "a"} x', "1:15"),
        ('{"text": }', "1:10"),
        ("{\"text\": 'a'}", "1:10"),
        ("{text: 1}", "1:2"),
        ('{"text" "a"}', "1:9"),
        ('{"text": "a" "number": 1}', "1:14"),
        ('{"list": ["a" "b"]}', "1:15"),
        ('{"text": "a",\n "text": "b"}', "2:2"),
        ('{"text": "a', "1:10"),
        ('{\n\t"any": ' + "[" * 40, "2:40"),
        ('{"any": "\\ud800"}', "1:9"),
        ('{"text": 02139}', "1:11"),
        ('{"text": NaN}', "1:10"),
        ('{"numbr": 1}', "1:2"),
        ('{"text": 1}', "1:10"),
        ("[1, 2]", "1:1"),
    ],
)
def test_a_mistake_in_json_has_its_place_too(
    tmp_path: Path, text: str, place: str, snapshot: Snapshot
) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_file(tmp_path / "f.json").value(SCHEMA)
    assert f"f.json:{place}: " in str(caught.value), str(caught.value)
    snapshot("documents", str(caught.value))


whole_texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | whole_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(whole_texts, inner, max_size=3),
    max_leaves=8,
)


def plain(node: Any) -> Any:
    if isinstance(node.content, dict):
        return {name: plain(inner) for name, inner in node.content.items()}
    return [plain(inner) for inner in node.content] if isinstance(node.content, list) else node.content


@given(values, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(value: Any, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert plain(read_json(text, "f.json")) == value
