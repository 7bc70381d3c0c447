// The entries of the list: always newest first, none twice, and no more than the list can show.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Entries } from "../../../sandbox/aktify_sandbox/inspector/entries.js";

const entry = (number, more = {}) => ({ id: `r${String(number).padStart(9, "0")}`, ...more });
const some = (...numbers) => numbers.map((number) => entry(number));
const ids = (entries) => entries.all.map(({ id }) => Number(id.slice(1)));

function filled(most, ...numbers) {
  const entries = new Entries(most);
  entries.append(some(...numbers), null);
  return entries;
}

test("new ones come on top, whatever their order", () => {
  const entries = filled(100, 3, 2, 1);
  assert.equal(entries.insert(some(4, 6, 5)), 3);
  assert.deepEqual(ids(entries), [6, 5, 4, 3, 2, 1]);
});

test("one that was late is put where it belongs", () => {
  const entries = filled(100, 9, 5, 1);
  assert.equal(entries.insert(some(7, 3, 10)), 3);
  assert.deepEqual(ids(entries), [10, 9, 7, 5, 3, 1]);
});

test("a page that overlaps adds nothing twice", () => {
  const entries = filled(100, 5, 4, 3);
  entries.append(some(4, 3, 2), "r000000002");
  assert.deepEqual(ids(entries), [5, 4, 3, 2]);
  assert.equal(entries.more, "r000000002");
});

test("the oldest go when there are too many, and can be asked for again", () => {
  const entries = filled(4, 4, 3, 2, 1);
  entries.insert(some(5, 6));
  assert.deepEqual(ids(entries), [6, 5, 4, 3]);
  assert.equal(entries.more, "r000000003");
  assert.equal(entries.find("r000000001"), undefined);
});

test("an entry that has changed is known by its id", () => {
  const entries = filled(100, 2, 1);
  assert.equal(entries.update(entry(1, { hungUpAfterMs: 5 })), true);
  assert.equal(entries.find("r000000001").hungUpAfterMs, 5);
  assert.equal(entries.update(entry(7)), false);
});

test("a place is found by the id, also in a long list", () => {
  const entries = filled(10_000, ...Array.from({ length: 5_000 }, (_, index) => 10_000 - 2 * index));
  assert.equal(entries.indexOf("r000010000"), 0);
  assert.equal(entries.indexOf("r000000002"), 4_999);
  assert.equal(entries.indexOf("r000000003"), -1);
});
