"""What the pages of `docs/reference` say, from commands, settings, signatures, documentation and OpenAPI document."""

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

import aktify_sandbox
from aktify_sandbox.admin.openapi import admin_openapi
from aktify_sandbox.admin.schemas import SCHEMAS
from aktify_sandbox.bundled import bundled
from aktify_sandbox.cli import main as cli
from aktify_sandbox.contract import page
from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.rulings import RULINGS, Rulings
from aktify_sandbox.contract.schema import FIELDS, lead_schema
from aktify_sandbox.contract.sources import Source
from aktify_sandbox.journal import entry
from aktify_sandbox.matching.words import FILTERS
from aktify_sandbox.report.findings import RULES
from aktify_sandbox.scenarios.answers import does
from aktify_sandbox.scenarios.loader import read_scenario
from aktify_sandbox.scenarios.schema import scenario_schema
from aktify_sandbox.settings import Flag, config_schema, fields_for_flags
from aktify_sandbox.testing import pytest_plugin
from support.lead_fixtures import CASES
from support.markdown import cell, code, table
from support.running import commands_of

# the command line


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Each command by its words, without the groups."""
    for name, command in commands_of(cli).items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {word}", inner) for word, inner in commands_of(command).items())
        else:
            yield name, command


def commands() -> str:
    """Each command, with the first sentence of its help."""
    return table(
        "command | does", [(code(name), each.get_short_help_str(200)) for name, each in all_commands()]
    )


def command_line() -> str:
    """Each command whole: how it is called, its help, its options."""
    return "\n" + "\n".join(_command(name, command) for name, command in all_commands())


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, **cli.context_settings)
    usage = " ".join(["aktify-sandbox", name, *command.collect_usage_pieces(context)])
    text, _, example = inspect.cleandoc(command.help or "").partition("\b\nExample:\n")
    paragraphs = [_flowing(each) for each in text.strip().split("\n\n")]
    parts = [f"## {name}", *paragraphs, f"```text\n{usage}\n```"]
    if example:
        parts.append(f"Example:\n\n```text\n{inspect.cleandoc(example)}\n```")
    found = (each.get_help_record(context) for each in command.params if isinstance(each, click.Option))
    rows = [(code(record[0]), cell(record[1])) for record in found if record]
    return "\n\n".join(parts) + (f"\n{table('option | does', rows)}" if rows else "\n")


def _flowing(paragraph: str) -> str:
    """A paragraph of help on one line, but for one that keeps its lines."""
    return (
        "```text\n" + paragraph.removeprefix("\b\n") + "\n```"
        if paragraph.startswith("\b")
        else " ".join(paragraph.split())
    )


# settings


def settings() -> str:
    """Each option of `serve`, as a flag, a variable and in the file."""
    return table(
        "flag | variable | in the file | default | does",
        [
            (
                code(f"--{flag.name}{f' {flag.metavar}' if flag.metavar else ''}"),
                ", ".join(map(code, flag.variables[:1])),
                code(f"{flag.word}:"),
                _default(flag),
                cell(flag.help),
            )
            for flag in fields_for_flags()
        ],
    )


def campaign_settings() -> str:
    """What a campaign can have in the file."""
    return _members(_campaign())


def key_settings() -> str:
    """What a key can have there."""
    return _members(_campaign()["keys"]["items"]["anyOf"][1]["properties"])


def _campaign() -> dict[str, Any]:
    [campaign] = config_schema()["properties"]["campaigns"]["patternProperties"].values()
    found: dict[str, Any] = campaign["properties"]
    return found


def _members(properties: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, schema in properties.items():
        values = ", ".join(map(code, schema.get("enum", ())))
        rows.append((code(f"{name}:"), values or _JSON_KINDS[schema["type"]], cell(schema["description"])))
    return table("in the file | value | says", rows)


_JSON_KINDS = {
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "names and values",
}


def _default(flag: Flag) -> str:
    if flag.kind == "boolean":
        return "off"
    return code(str(flag.default)) if isinstance(flag.default, (str, int, Path)) else "–"


# what forces an answer everywhere


def magic_numbers() -> str:
    """Each phone number that forces an answer."""
    return _forcing("numbers", "phoneNumber", "number")


def magic_keys() -> str:
    """Each key that forces an answer."""
    return _forcing("keys", "key", "key")


def _forcing(scenario: str, condition: str, name: str) -> str:
    rules = read_scenario(bundled("scenarios") / "built-in" / f"{scenario}.yaml").written
    rows = [(code(rule["when"][condition]), cell(does(rule["answer"]))) for rule in rules]
    return table(f"{name} | answer", rows)


# a scenario file


def scenario_when() -> str:
    """What a rule can ask of a request, beside the fields of a lead."""
    properties = scenario_schema()["$defs"]["when"]["properties"]
    return _words({name: schema for name, schema in properties.items() if name not in FIELDS})


def scenario_answer() -> str:
    """What a rule's answer can have."""
    return _words(scenario_schema()["$defs"]["answer"]["properties"])


def _words(properties: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, schema in properties.items():
        values = ", ".join(code(json.dumps(each).strip('"')) for each in schema.get("enum", ()))
        rows.append((code(f"{name}:"), cell(schema["description"]), values))
    return table("word | says | one of", rows)


# the journal


def entry_fields() -> str:
    """Each field of a recorded request, from the documentation of its type."""
    listed = SCHEMAS["Request"]["properties"]
    rows = [
        (code(name), _kind(kind), "yes" if name in listed else "", about)
        for part in ("Fields", "Body", "WorkedOut")
        for name, kind, about in _documented(part)
        if "isn't shown" not in about
    ]
    return table("field | type | in lists | says", rows)


def reason_fields() -> str:
    """Each field of `reason`."""
    return table(
        "field | type | says",
        [(code(name), _kind(kind), about) for name, kind, about in _documented("Reason")],
    )


def _documented(name: str) -> Iterator[tuple[str, str, str]]:
    """The fields of a class in `journal/entry.py`: name, type and documentation."""
    tree = ast.parse(inspect.getsource(entry))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    for field, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            has_words = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            about = str(after.value.value) if has_words else ""  # type: ignore[union-attr]  # just proved
            yield field.target.id, ast.unparse(field.annotation), cell(about)


_KINDS = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "true or false",
    "Reason": "[object](#reason)",
    "list[tuple[str, str]]": "list of pairs",
    "list[dict[str, Any]]": "list of objects",
    "dict[str, Any]": "object",
    "dict[str, str]": "object",
    "dict[str, int]": "object",
}


def _kind(annotation: str) -> str:
    optional = annotation.startswith("NotRequired[")
    bare = annotation.removeprefix("NotRequired[")[: -1 if optional else None]
    words = " or ".join("null" if each == "None" else _KINDS[each] for each in bare.split(" | "))
    return f"{words}; may be missing" if optional else words


# the admin API


def routes() -> str:
    """Each route, from the OpenAPI document."""
    document = admin_openapi("", "")
    rows = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                said = f"{operation['summary']} {operation.get('description', '')}"
                taken = "; ".join(_taken(operation, document["components"]["schemas"]))
                rows.append((code(f"{method.upper()} {path}"), cell(said), taken or "–"))
    return table("method and path | does | takes", rows)


def _taken(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    """Parameters of the query, and members of a body that is JSON."""
    query = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    if set(query) >= set(FILTERS):
        yield "[filters](#filters)"
        query = query[len(FILTERS) :]
    if query:
        yield f"query: {' '.join(map(code, query))}"
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    members = next(iter(schema.get("anyOf", [schema]))).get("properties", ())
    if members:
        yield f"body: {' '.join(map(code, members))}"


# Python


def python_api() -> str:
    """Each public name of the package, with signature and documentation."""
    from aktify_sandbox import Lead, Leads, Record, Requests, Sandbox, open_state

    parts = [
        _class(Sandbox, inspect.getdoc(Sandbox.__init__)),
        *(_class(each) for each in (Requests, Record, Leads, Lead)),
        f"### open_state\n\n{_signature('open_state', open_state)}\n\n{inspect.getdoc(open_state)}",
    ]
    return "\n\n" + "\n\n".join(parts) + "\n\n"


def errors() -> str:
    """Each public exception."""
    found = [getattr(aktify_sandbox, name) for name in aktify_sandbox.__all__]
    classes = [each for each in found if isinstance(each, type) and issubclass(each, Exception)]
    rows = [
        (
            code(each.__name__),
            ", ".join(code(base.__name__) for base in each.__bases__ if base.__name__ != "UserError"),
            cell(inspect.getdoc(each) or ""),
        )
        for each in classes
    ]
    return table("exception | is also | means", [(name, base or "–", about) for name, base, about in rows])


def pytest_options() -> str:
    """What pytest's command line and configuration file take."""
    found: list[tuple[str, str]] = []

    class Recorder:
        def getgroup(self, _: str) -> "Recorder":
            return self

        def addoption(self, name: str, *, help: str, metavar: str = "", **_: Any) -> None:  # noqa: A002  pytest's own word
            found.append((code(f"{name} {metavar}".rstrip()), cell(help)))

        def addini(self, name: str, help: str, **_: Any) -> None:  # noqa: A002  pytest's own word
            found.append((code(name), cell(help)))

    pytest_plugin.pytest_addoption(Recorder())  # type: ignore[arg-type]  # it has what is asked of a parser
    return table("option, or line of the configuration file | does", found)


def fixtures() -> str:
    """The fixtures."""
    names = ("aktify_sandbox", "aktify_sandbox_factory")
    return table("fixture | gives", [(code(name), cell(_fixture_doc(name))) for name in names])


def _fixture_doc(name: str) -> str:
    tree = ast.parse(inspect.getsource(pytest_plugin))
    found = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.get_docstring(found) or ""


def _class(kind: type, about: str | None = None) -> str:
    """Its own public members, in the order of its source."""
    parts = [f"### {kind.__name__}", inspect.getdoc(kind) or ""]
    if about:
        parts += [_signature(kind.__name__, kind), about]
    rows = []
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            rows.append((code(f".{name}"), cell(inspect.getdoc(member) or "")))
        elif callable(member):
            rows.append((code(f".{name}{_arguments(member)}"), cell(inspect.getdoc(member) or "")))
    for name, about_it in _attributes(kind):
        rows.append((code(f".{name}"), cell(about_it)))
    return "\n\n".join(parts) + "\n" + table("member | is or does", rows).rstrip("\n")


def _attributes(kind: type) -> Iterator[tuple[str, str]]:
    """What `__init__` sets and documents."""
    if "__init__" in vars(kind):
        source = inspect.getsource(vars(kind)["__init__"])
        yield from re.findall(r'self\.([a-z]\w*)[^\n]*\n\s+"""(.*?)"""', source, re.DOTALL)


def _signature(name: str, function: Callable[..., Any]) -> str:
    return f"```text\n{name}{_arguments(function)}\n```"


def _arguments(function: Callable[..., Any]) -> str:
    """Names and defaults of the arguments, as a call is written."""
    signature = inspect.signature(function)
    bare = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in signature.parameters.values()
        if each.name != "self"
    ]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


# how faithful


def fidelity() -> str:
    """Numbers: rulings, sentences of the page, leads that are tried."""
    ours = [name for name, ruling in RULINGS.items() if "of the sandbox" in ruling.reason]
    moved = [name for name, ruling in RULINGS.items() if ruling.lenient or ruling.strict]
    sentences = [name for name, value in vars(page).items() if name.isupper() and isinstance(value, str)]
    cases = [case.expected for case in CASES.values()]
    accepted = sum(case["status"] == 201 for case in cases)
    sources = [problem["source"] for case in cases for problem in case.get("problems", ())]
    documented, ruled = sources.count("documented"), sources.count("ruling")
    rows = {
        "sentences of Aktify's page that decide; a refusal quotes its own": len(sentences),
        "rulings where the page is silent": len(RULINGS) - len(ours),
        f"rulings that help or protect and read nothing into the page ({', '.join(map(code, ours))})": len(
            ours
        ),
        "rulings that a profile moves": len(moved),
        "leads in `fixtures/leads/`, each a test": len(cases),
        "of these, accepted": accepted,
        "of these, refused": len(cases) - accepted,
        "problems in the refused ones that Aktify's page decides": documented,
        "problems in the refused ones that a ruling decides": ruled,
    }
    return table("what | how many", [(what, str(number)) for what, number in rows.items()])


def lead_fields() -> str:
    """Of each field, what the page says and which rulings add to it."""
    rows = []
    for name, field in lead_schema(Rulings.of("default", {}))["properties"].items():
        said, _, decided = field["$comment"].partition("ruling: ")
        names = re.findall(r"[a-z]+(?:-[a-z]+)*", decided.partition(". ")[0])
        sentence = said.removeprefix("Page: ").strip(" .")
        is_row = sentence in ("", f"“{name}”")  # nothing but the row of the page's table
        rows.append((code(name), "string" if is_row else sentence, ", ".join(map(code, names)) or "–"))
    return table("field | the page says | rulings", rows)


def clauses() -> str:
    """Each clause: what it is, whose word, and the command that provokes it."""
    rows = [(code(each.id), each.text, _source(each.source), code(each.provoke)) for each in CLAUSES]
    return table("clause | shown by | whose word | command", rows)


def findings() -> str:
    """Each finding: how bad and how certain it is, what it says, the fix, and whose word."""
    rows = [
        (
            code(rule.id),
            rule.level,
            rule.certainty,
            cell(rule.sentence),
            cell(rule.fix),
            _source(rule.source),
        )
        for rule in RULES.values()
    ]
    return table("finding | level | certainty | what the client does | fix | whose word", rows)


def _source(source: Source) -> str:
    match source.source:
        case "documented":
            return cell(f"Aktify's page: “{source.quote}”")
        case "ruling":
            return f"[ruling](rulings.md) {code(source.ruling or '')}"
        case "http":
            return f"HTTP ({source.quote})"
        case _:
            return "ours"


TEXTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "command-line": command_line,
    "settings": settings,
    "campaign-settings": campaign_settings,
    "key-settings": key_settings,
    "magic-numbers": magic_numbers,
    "magic-keys": magic_keys,
    "scenario-when": scenario_when,
    "scenario-answer": scenario_answer,
    "entry": entry_fields,
    "reason": reason_fields,
    "routes": routes,
    "python": python_api,
    "errors": errors,
    "pytest-options": pytest_options,
    "fixtures": fixtures,
    "fidelity": fidelity,
    "lead-fields": lead_fields,
    "clauses": clauses,
    "findings": findings,
}
