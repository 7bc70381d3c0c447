// A body as the page shows it: every character as it was sent, each line with the path of what stands on it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { indented, pretty } from "../../../sandbox/aktify_sandbox/inspector/json.js";

const shown = (text) =>
  pretty(text)?.map(({ depth, parts }) => "  ".repeat(depth) + parts.map(([, part]) => part).join(""));
const paths = (text) => pretty(text)?.map(({ path }) => path);

test("repeated names, numbers and escapes stay as they were sent", () => {
  const text = '{"a":1.0,"a":1e3,"b":"\\u00e9"}';
  assert.deepEqual(shown(text), ["{", '  "a": 1.0,', '  "a": 1e3,', '  "b": "\\u00e9"', "}"]);
});

test("each line has the path of its value", () => {
  const text = '{"metadata":{"tag":"x"},"list":[1,{"inner":null}]}';
  const found = [null, "metadata", "metadata.tag", null, "list", "list.0", "list.1", "list.1.inner", null, null, null];
  assert.deepEqual(paths(text), found);
});

test("what is empty takes one line", () => {
  assert.deepEqual(shown('{"metadata": {}, "list": [ ]}'), ["{", '  "metadata": {},', '  "list": []', "}"]);
});

test("a byte order mark is no part of it", () => {
  assert.deepEqual(shown("\ufeff{}"), ["{}"]);
});

test("what isn't JSON, or is too long, is shown as it is", () => {
  assert.equal(pretty("{'a': 1}"), null);
  assert.equal(pretty(""), null);
  assert.equal(pretty(JSON.stringify(Array(3001).fill(1))), null);
});

test("a text to edit has line breaks, or is as it was", () => {
  assert.equal(indented('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(indented("{'a': 1}"), "{'a': 1}");
});
