// Whether a client had to send again, by the fields of an entry and what the server says of faults and statuses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonToRetry } from "../../../sandbox/aktify_sandbox/inspector/outcome.js";

const choices = {
  faults: [
    { value: "truncate", label: "", losesAnswer: true },
    { value: "dribble", label: "", losesAnswer: false },
  ],
  retriedStatuses: [429, 503],
};
const reason = (status, more = {}) => reasonToRetry({ response: status ? { status } : null, ...more }, choices);

test("an answer that didn't arrive whole is lost", () => {
  assert.equal(reason(null), "answer lost");
  assert.equal(reason(201, { fault: "truncate" }), "answer lost");
  assert.equal(reason(201, { hungUpAfterMs: 12 }), "answer lost");
});

test("an answer that came slowly, or is final, is none", () => {
  assert.equal(reason(201, { fault: "dribble" }), "");
  assert.equal(reason(400), "");
});

test("some statuses say: come back", () => {
  assert.equal(reason(503), "try again");
});
