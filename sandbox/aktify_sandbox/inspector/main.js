// Switches between views, and does what concerns all of them.
import { go, onchange, query } from "./address.js";
import { clearRequests, exportRequests } from "./bulk-actions.js";
import * as check from "./check.js";
import { loadChoices } from "./choices.js";
import { compose } from "./compose.js";
import { $ } from "./dom.js";
import { listen, showHelp } from "./keyboard.js";
import * as leads from "./leads.js";
import { masks, setMasks } from "./masking.js";
import { messageOf, sayProblem, showState } from "./messages.js";
import * as report from "./report.js";
import * as requests from "./requests.js";
import * as scenarios from "./scenarios.js";
import { get } from "./server.js";
import * as setup from "./setup.js";
import { RequestStream } from "./stream.js";

/**
 * @typedef {object} View
 * @property {string} title
 * @property {() => unknown} show
 * @property {() => unknown} [refresh] something has happened
 * @property {() => unknown} [remask]
 * @property {() => HTMLElement} [searching] its field
 */

/** @type {Record<string, View>} */
const VIEWS = {
  requests: { title: "Requests", show: requests.show, remask: requests.redrawDetail },
  leads: { title: "Leads", ...leads },
  scenarios: { title: "Scenarios", ...scenarios },
  check: { title: "Check", ...check },
  report: { title: "Report", ...report },
  setup: { title: "Setup", ...setup },
};
let current = "";

// other views reload when requests arrive
let due = 0;
function soon() {
  if (due) return;
  due = setTimeout(() => {
    due = 0;
    VIEWS[current].refresh?.();
  }, 400);
}
const aside = new RequestStream({
  state: showState,
  hello: (again) => again && soon(),
  request: () => current !== "setup" && soon(),
  amended: () => {},
  reload: () => {
    leads.forget();
    requests.forget();
    soon();
  },
  refused: () => showState("reconnecting"),
});

// a sandbox whose log was changed records nothing, so no list would show it
const LOOK_AGAIN = 3000;
async function lookForTrouble() {
  if (document.hidden || $("#state").dataset.state !== "live") return; // the connection state is shown above
  const trouble = await get("status").then(
    (status) => status.trouble,
    () => null,
  );
  const fix = "Requests are no longer recorded. Fix: restore the file, or restart the sandbox.";
  sayProblem($("#trouble"), trouble ? `${trouble} ${fix}` : "");
}
setInterval(lookForTrouble, LOOK_AGAIN);

// changes made in a terminal appear when the window gets the focus
addEventListener("focus", soon);

function render() {
  const named = query().get("view") ?? "";
  const view = Object.hasOwn(VIEWS, named) ? named : "requests";
  if (view !== current) moveTo(view);
  // returning to a view restores its address
  /** @type {HTMLAnchorElement} */ ($(`[data-view="${view}"]`)).href = location.search || "?";
  VIEWS[view].show();
}

/** @param {string} view */
function moveTo(view) {
  if (current === "requests") requests.hide();
  current = view;
  for (const name of Object.keys(VIEWS)) {
    $(`#${name}`).hidden = name !== view;
    const link = $(`[data-view="${name}"]`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[view].title} · aktify-sandbox`;
  if (view === "requests") aside.close();
  else aside.open(new URLSearchParams());
}

// links inside the page

document.addEventListener("click", (event) => {
  /** @type {HTMLAnchorElement | null} */
  const link = /** @type {Element} */ (event.target).closest("a[data-go]");
  const isForBrowser = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || event.defaultPrevented || isForBrowser) return;
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
  const { remask, show } = VIEWS[current];
  (remask ?? show)();
}

// the keyboard

const next = () => requests.move(1);
const previous = () => requests.move(-1);

/** @type {import("./keyboard.js").Shortcut[]} */
const SHORTCUTS = [
  {
    keys: "j  k",
    words: "next, previous request",
    does: { j: next, ArrowDown: next, k: previous, ArrowUp: previous },
    isOfList: true,
  },
  { keys: "Enter", words: "open the selected request", does: { Enter: requests.openSelected }, isOfList: true },
  { keys: "Esc", words: "close, leave a field, unselect" },
  { keys: "/", words: "search", does: { "/": () => (VIEWS[current].searching ?? requests.searching)().focus() } },
  { keys: "p", words: "pause the list, go on", does: { p: requests.togglePause }, isOfList: true },
  { keys: "n", words: "new lead", does: { n: compose } },
  { keys: "c", words: "copy the selected request as curl", does: { c: requests.copySelected }, isOfList: true },
  { keys: "e", words: "export requests", does: { e: exportRequests }, isOfList: true },
  { keys: "x", words: "clear requests", does: { x: clearRequests }, isOfList: true },
  { keys: "m", words: "mask or show personal data", does: { m: toggleMasks } },
  {
    keys: "1 – 6",
    words: "requests, leads, scenarios, check, report, setup",
    does: Object.fromEntries(Object.keys(VIEWS).map((name, at) => [at + 1, () => $(`[data-view="${name}"]`).click()])),
  },
  { keys: "?", words: "this help", does: { "?": help } },
];

function help() {
  showHelp(SHORTCUTS);
}

const isListShown = () => current === "requests";
listen(SHORTCUTS, isListShown, () => isListShown() && requests.close());

/** Draw once the server has sent the choices; show the error if it doesn't. */
async function choicesAreKnown() {
  try {
    await loadChoices();
    sayProblem($("#trouble"), "");
  } catch (error) {
    sayProblem($("#trouble"), messageOf(error));
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    await choicesAreKnown();
  }
}

await choicesAreKnown();
requests.start();
leads.start();
scenarios.start();
check.start();
report.start();
$("#mask").addEventListener("click", toggleMasks);
$("#help").addEventListener("click", help);
$("#compose").addEventListener("click", compose);
$("#export").addEventListener("click", exportRequests);
$("#clear-requests").addEventListener("click", clearRequests);
showMasks();
onchange(render);
render();
