// Times, sizes and counts in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytes,
  clock,
  day,
  duration,
  plural,
  statusOf,
  targetOf,
} from "../../../sandbox/aktify_sandbox/inspector/words.js";

test("a duration has the unit that suits it", () => {
  assert.deepEqual([0.04, 12.4, 2500, 90_000].map(duration), ["0.0 ms", "12 ms", "2.5 s", "2 min"]);
  assert.deepEqual([7_100_000, 24_060_000, 400_000_000].map(duration), ["118 min", "7 h", "5 days"]);
});

test("a size is in thousands, as the rest of the sandbox counts", () => {
  assert.deepEqual([999, 1000, 64_000_000].map(bytes), ["999 B", "1.0 kB", "64.0 MB"]);
});

test("a count has its word and separators", () => {
  assert.deepEqual(
    [1, 0, 12_345].map((count) => plural(count, "request")),
    ["1 request", "0 requests", "12,345 requests"],
  );
});

test("a moment of today is a time of day, an older one has its date", () => {
  const now = new Date();
  now.setHours(9, 5, 3, 7);
  assert.equal(clock(now.toISOString()), "09:05:03.007");
  const year = now.getFullYear() - 1;
  assert.match(clock(new Date(year, 0, 2, 9, 5, 3).toISOString()), new RegExp(`^${year}-01-02 09:05:03$`));
  assert.equal(clock("no moment"), "no moment");
});

test("a request that got no answer has no status", () => {
  assert.equal(statusOf({ response: null }), null);
  assert.equal(statusOf({ response: { status: 201 } }), 201);
});

test("a target is the path, with the query if there is one", () => {
  assert.equal(targetOf({ path: "/api", query: "" }), "/api");
  assert.equal(targetOf({ path: "/api", query: "a=1" }), "/api?a=1");
});

test("a day has its weekday and year", () => {
  assert.equal(day("2026-11-24T12:00:00.000Z"), "Tue, Nov 24, 2026");
  assert.equal(day("no moment"), "");
});
