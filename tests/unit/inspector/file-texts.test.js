// Texts of a file of leads: nothing hides in them, and hints keep their examples.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setChoices } from "../../../sandbox/aktify_sandbox/inspector/choices.js";
import { short, shortHint, visible } from "../../../sandbox/aktify_sandbox/inspector/file-texts.js";
import { setMasks } from "../../../sandbox/aktify_sandbox/inspector/masking.js";

const EXAMPLE = "(509) 555-1234";
setChoices({
  masking: {
    email: "([^@ ])[^@ ]*@([^@ ]+)",
    lastName: "(a)(?!a)(a)",
    number: "[0-9][0-9() -]{6,}[0-9]",
    spared: "none",
    e164: "\\+1[0-9]{10}",
    beforeArea: "^\\(",
    examples: [EXAMPLE, "someone@example.com"],
  },
});

beforeEach(() => setMasks(true));

test("signs that can't be seen, or would turn a text around, are written out", () => {
  assert.equal(visible("a\u202eb\u0000c\nd"), "a\\u202eb\\u0000c\\u000ad");
});

test("a number is masked, the example of a hint is not", () => {
  assert.equal(short("5095550101 is short."), "509*** is short.");
  assert.equal(shortHint(`Not 5095550101: write it as ${EXAMPLE}.`), `Not 509***: write it as ${EXAMPLE}.`);
});

test("a hint may have several examples", () => {
  const hint = `Write someone@example.com, or ${EXAMPLE}, not 5095550101.`;
  assert.equal(shortHint(hint), hint.replace("5095550101", "509***"));
});

test("nothing is masked when numbers are shown", () => {
  setMasks(false);
  assert.equal(short("5095550101"), "5095550101");
  assert.equal(shortHint("5095550101"), "5095550101");
});

test("a long text is cut", () => {
  assert.equal(short("x".repeat(301)), `${"x".repeat(300)}…`);
});
