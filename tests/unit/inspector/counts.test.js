// Totals and what comes after they were counted.
import assert from "node:assert/strict";
import test from "node:test";
import { matching, statusName, withArrived } from "../../../sandbox/aktify_sandbox/inspector/counts.js";

const TOTALS = {
  counted: 3,
  isComplete: true,
  newest: "r000000003",
  statuses: { 201: 2, 409: 1 },
  reasons: { accepted: 2, duplicate: 1 },
};

/**
 * @param {string} id
 * @param {number | null} status
 * @param {string} objection
 */
const entry = (id, status, objection) => ({
  id,
  response: status === null ? null : { status },
  reason: { objection, rule: "", ruling: null, scenario: null },
});

test("what came since is counted once", () => {
  const arrived = [
    entry("r000000003", 409, "duplicate"),
    entry("r000000004", 201, "accepted"),
    entry("r000000005", null, "forced"),
  ];
  const after = withArrived(TOTALS, arrived);
  assert.deepEqual(after.statuses, { 201: 3, 409: 1, none: 1 });
  assert.deepEqual(after.reasons, { accepted: 3, duplicate: 1, forced: 1 });
  assert.deepEqual([after.counted, after.newest], [5, "r000000005"]);
  assert.deepEqual(withArrived(after, arrived), after);
});

test("the first requests of all are counted", () => {
  const nothing = { counted: 0, isComplete: true, newest: null, statuses: {}, reasons: {} };
  assert.equal(withArrived(nothing, [entry("r000000001", 201, "accepted")]).statuses[201], 1);
});

test("how many match is told by the reasons", () => {
  assert.equal(matching(TOTALS, null), 3);
  assert.equal(matching(TOTALS, "duplicate"), 1);
  assert.equal(matching(TOTALS, "body"), 0);
});

test("what was not answered has a name among the statuses", () => {
  assert.equal(statusName({ response: null }), "none");
  assert.equal(statusName({ response: { status: 409 } }), "409");
});
