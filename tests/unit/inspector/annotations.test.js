// What is said of a body stands beneath the line that it is about.
import assert from "node:assert/strict";
import { test } from "node:test";
import { annotated, marked, remarksOn } from "../../../sandbox/aktify_sandbox/inspector/annotations.js";
import { pretty } from "../../../sandbox/aktify_sandbox/inspector/json.js";

const remark = (field, kind = "problem") => ({ field, message: "", kind });
const shown = (body, ...remarks) =>
  annotated(pretty(body), remarks).map((row) => {
    if ("remark" in row) return `! ${row.remark.field}`;
    if ("missing" in row) return `? ${row.missing}`;
    return row.line.parts.map(([, part]) => part).join("") + (row.kind ? ` (${row.kind})` : "");
  });

test("a remark stands under the line of its field", () => {
  const rows = shown('{"region":"ca","metadata":{"a":1}}', remark("region", "note"), remark("metadata.a"));
  const metadata = ['"metadata": {', '"a": 1 (problem)', "! metadata.a", "}"];
  assert.deepEqual(rows, ["{", '"region": "ca", (note)', "! region", ...metadata, "}"]);
});

test("a field that should be there is named before the end", () => {
  assert.deepEqual(shown('{"a":1}', remark("region")), ["{", '"a": 1', "? region", "! region", "}"]);
});

test("what is said of the whole comes first, and all of it where no line has room", () => {
  assert.deepEqual(shown('{"a":1}', remark("")), ["! ", "{", '"a": 1', "}"]);
  assert.deepEqual(shown("{}", remark("region"), remark("")), ["! region", "! ", "{}"]);
  assert.deepEqual(shown("7", remark("Origin", "note")), ["! Origin", "7"]);
});

test("a name that is repeated, or empty, repeats no remark", () => {
  assert.deepEqual(shown('{"a":1,"a":2}', remark("a")), ["{", '"a": 1, (problem)', "! a", '"a": 2', "}"]);
  assert.deepEqual(shown('{"":1}', remark("")), ["! ", "{", '"": 1', "}"]);
});

test("problems come before notes", () => {
  const kinds = remarksOn({ problems: [remark("a")], notes: [remark("b")] }).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["problem", "note"]);
});

test("the character at which a text stops being JSON is marked", () => {
  const { lines, left } = marked("{\n'a': 1}", { line: 2, column: 1 }, 10);
  assert.deepEqual(lines[0], { before: "{", mark: null, after: "" });
  assert.deepEqual(lines[1], { before: "", mark: "'", after: "a': 1}" });
  assert.equal(left, 0);
});

test("an end that comes too early is marked, and lines that are too many are counted", () => {
  assert.equal(marked('{"a"', { line: 1, column: 5 }, 10).lines[0].mark, "␣");
  assert.equal(marked("a\nb\nc", null, 2).left, 1);
});
