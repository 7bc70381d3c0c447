// A rule in one line, as a scenario file could have it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inline } from "../../../sandbox/aktify_sandbox/inspector/yaml.js";

test("an object has no braces at the top, and has them inside", () => {
  assert.equal(inline({ status: 503, headers: { "Retry-After": "1" } }), "status: 503, headers: {Retry-After: 1}");
});

test("a list has brackets", () => {
  assert.equal(inline(["natural", { status: 500 }]), "[natural, {status: 500}]");
});

test("a text that would be read otherwise is quoted", () => {
  assert.deepEqual(
    ["", "a: b", "x, y", "plain", null, true].map((each) => inline(each)),
    ['""', '"a: b"', '"x, y"', "plain", "null", "true"],
  );
});
