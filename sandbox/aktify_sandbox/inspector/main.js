// Which view is shown, and the keyboard.
import { go, onchange, query } from "./address.js";
import * as check from "./check.js";
import { loadChoices } from "./choices.js";
import { $, button, h } from "./dom.js";
import { Feed } from "./feed.js";
import * as leads from "./leads.js";
import { masks, setMasks } from "./masking.js";
import { memory } from "./memory.js";
import { closeDialog, dialog } from "./messages.js";
import * as requests from "./requests.js";
import * as scenarios from "./scenarios.js";
import { get } from "./server.js";
import * as setup from "./setup.js";

const VIEWS = { requests, leads, scenarios, check, setup };
const TITLES = { requests: "Requests", leads: "Leads", scenarios: "Scenarios", check: "Check", setup: "Setup" };
/** @type {string} */
let current = "";

// a view beside the list is read anew when something has happened
let due = 0;
const soon = () => {
  if (due) return;
  due = setTimeout(() => {
    due = 0;
    VIEWS[current].refresh?.();
  }, 400);
};
const aside = new Feed({
  state: (word) => {
    $("#state").dataset.state = word;
    $("#state").textContent = word === "reconnecting" ? "reconnecting…" : word;
  },
  hello: (again) => again && soon(),
  request: () => current !== "setup" && soon(),
  amended: () => {},
  reload: () => (leads.forget(), soon()),
  refused: () => {},
});

// a sandbox whose log was touched records nothing, so that no list would tell
const LOOK_AGAIN = 3000;
async function lookForTrouble() {
  if (document.hidden || $("#state").dataset.state !== "live") return; // whether it answers at all is said above
  const { trouble } = await get("status").catch(() => ({}));
  $("#trouble").hidden = !trouble;
  $("#trouble").textContent = trouble
    ? `${trouble} Nothing more is recorded. Fix: put it back as it was, or restart the sandbox.`
    : "";
}
setInterval(lookForTrouble, LOOK_AGAIN);

// what was done in a terminal meanwhile is there when one looks here again
addEventListener("focus", soon);

function render() {
  const named = query().get("view") ?? "";
  const view = named in VIEWS ? named : "requests";
  const moved = view !== current;
  if (moved) {
    if (current === "requests") requests.hide();
    for (const name of Object.keys(VIEWS)) $(`#${name}`).hidden = name !== view;
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-view]"))) {
      if (link.dataset.view === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${TITLES[view]} · aktify-sandbox`;
    if (view === "requests") aside.close();
    else aside.open(new URLSearchParams());
  }
  // the way back to a view leads to where it was left
  $(`[data-view="${view}"]`).href = location.search || "?";
  current = view;
  VIEWS[view].show();
}

// links inside the page

document.addEventListener("click", (event) => {
  const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.target).closest("a[data-go]"));
  if (
    !link ||
    event.defaultPrevented ||
    event.button ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  event.preventDefault();
  go(new URL(link.href).searchParams);
});

// masking

function showMasks() {
  $("#mask").setAttribute("aria-checked", String(masks()));
}

function toggleMasks() {
  setMasks(!masks());
  showMasks();
  requests.redraw();
  if (current === "requests") requests.redrawDetail();
  else if (current === "setup") setup.show();
  else VIEWS[current].show();
}

// the keyboard

const KEYS = [
  [
    "j  k",
    "next, previous request",
    {
      j: () => requests.move(1),
      k: () => requests.move(-1),
      ArrowDown: () => requests.move(1),
      ArrowUp: () => requests.move(-1),
    },
  ],
  ["Enter", "open the selected request", { Enter: requests.openSelected }],
  ["Esc", "close, leave a field, unselect", {}],
  ["/", "search", { "/": () => (VIEWS[current].searching || requests.searching)()?.focus() }],
  ["p", "pause the list, go on", { p: requests.togglePause }],
  ["m", "mask or show phone numbers", { m: toggleMasks }],
  [
    "1 – 5",
    "requests, leads, scenarios, check, setup",
    Object.fromEntries(Object.keys(VIEWS).map((name, at) => [at + 1, () => $(`[data-view="${name}"]`).click()])),
  ],
  ["?", "this help", { "?": help }],
];
const ONLY_IN_LIST = new Set(["j", "k", "ArrowDown", "ArrowUp", "Enter", "p"]);
const BY_KEY = Object.assign({}, ...KEYS.map(([, , keys]) => keys));

const shortcuts = () => memory.get("shortcuts") !== "off";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("#dialog").open) return;
  const inField = /** @type {HTMLElement | null} */ (
    /** @type {Element} */ (event.target).closest("input, textarea, select")
  );
  if (event.key === "Escape") {
    if (inField) $("#list").offsetParent ? $("#list").focus({ preventScroll: true }) : inField.blur();
    else if (current === "requests") requests.close();
    return;
  }
  const does = Object.hasOwn(BY_KEY, event.key) && BY_KEY[event.key];
  if (!does || inField || (ONLY_IN_LIST.has(event.key) && current !== "requests")) return;
  const named = event.key.length > 1; // arrows and Enter have a meaning of their own elsewhere
  if (named ? ![$("#list"), document.body].includes(event.target) : !shortcuts()) return;
  event.preventDefault();
  does();
});

function help() {
  const on = h("input", {
    type: "checkbox",
    checked: shortcuts(),
    onchange: () => memory.set("shortcuts", on.checked ? "on" : "off"),
  });
  const rows = KEYS.map(([keys, words]) =>
    h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, keys)), h("td", {}, words)),
  );
  dialog(
    "Keyboard",
    [
      h("table", { class: "keys" }, h("tbody", {}, rows)),
      h("label", { class: "check" }, on, "Single-letter shortcuts are on"),
    ],
    [button("Close", closeDialog, { class: "primary", autofocus: true })],
  );
}

/** Until the server says what can be chosen there is nothing to draw; why it doesn't is said. */
async function choicesAreKnown() {
  try {
    await loadChoices();
    $("#trouble").hidden = true;
  } catch (error) {
    $("#trouble").hidden = false;
    $("#trouble").textContent = error.message;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    await choicesAreKnown();
  }
}

await choicesAreKnown();
requests.start();
leads.start();
scenarios.start();
check.start();
$("#mask").addEventListener("click", toggleMasks);
$("#help").addEventListener("click", help);
showMasks();
onchange(render);
render();
