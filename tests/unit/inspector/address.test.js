// The address bar is the view's state. A browser's globals are stood in for, since the module listens to them.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const went = [];
const browser = {
  location: { search: "", pathname: "/_sandbox/" },
  history: {
    pushState: (_state, _title, url) => went.push(["push", url]),
    replaceState: (_state, _title, url) => went.push(["replace", url]),
  },
  addEventListener: () => {},
};
Object.assign(globalThis, browser);
const { change, filters, go, onchange } = await import("../../../sandbox/aktify_sandbox/inspector/address.js");

beforeEach(() => {
  went.length = 0;
  browser.location.search = "?view=leads&status=4xx&phone=1234";
});

test("only what narrows the list is a filter", () => {
  assert.equal(filters().toString(), "status=4xx&phone=1234");
});

test("a part is changed, an empty one is taken out, the rest stays", () => {
  change({ status: null, campaign: "demo" });
  assert.deepEqual(went, [["push", "?view=leads&phone=1234&campaign=demo"]]);
});

test("nothing left leads to the page itself", () => {
  change({ view: null, status: "", phone: null }, { replace: true });
  assert.deepEqual(went, [["replace", "/_sandbox/"]]);
});

test("the same address is no step in the history, but the view is told", () => {
  let told = 0;
  onchange(() => told++);
  go(new URLSearchParams(browser.location.search));
  assert.deepEqual([went, told], [[], 1]);
});
