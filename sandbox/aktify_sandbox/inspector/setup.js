// How to connect a client, and the settings in force.
import { query } from "./address.js";
import { copyButton, curlLine } from "./clipboard.js";
import { $, button, fill, h, rowHead, scrollable, table, td, tr } from "./dom.js";
import { confirmed, toast, trying } from "./messages.js";
import { values, verdict, withCode } from "./rulings.js";
import { config, get, send } from "./server.js";
import { day } from "./words.js";

const view = $("#setup");
let drawn = "";

export async function refresh() {
  const found = await trying(() => Promise.all([config(true), get("keys")]));
  if (!found || drawn === JSON.stringify(found)) return; // drawing again would lose the focus
  drawn = JSON.stringify(found);
  draw(found[0], found[1].keys);
}

export async function show() {
  await refresh();
  $(".pointed", view)?.classList.remove("pointed");
  const named = query().get("ruling");
  const row = named ? document.getElementById(`ruling-${named}`) : null; // one ruling is called null
  row?.classList.add("pointed");
  row?.scrollIntoView({ block: "center" });
}

/**
 * @param {Config} config
 * @param {Key[]} keys
 */
function draw(config, keys) {
  fill(
    view,
    h("h1", { id: "setup-title" }, "Setup"),
    h("div", { class: "columns even" }, connection(config), keyCard(config, keys)),
    rulings(config),
    settings(config.settings),
    reset(),
  );
}

/** @param {Config} config */
function connection(config) {
  const { endpoint, apiKey } = config;
  const line = (/** @type {string} */ label, /** @type {string} */ value) =>
    h("div", { class: "copyline" }, h("span", { class: "dim" }, label), h("code", {}, value), copyButton(value, label));
  return h(
    "section",
    { class: "card", "aria-label": "Connect a client" },
    h("h2", {}, "Connect a client"),
    endpoint && line("Endpoint", endpoint),
    apiKey && line("API key", apiKey),
    config.curl && [h("h3", {}, "Send a first lead"), curlLine(config)],
  );
}

/**
 * @param {Config} config
 * @param {Key[]} keys
 */
function keyCard({ campaigns }, keys) {
  const links = new Map(campaigns.map((each) => [each.campaign, each.link]));
  const rows = keys.map(({ key, campaign, revoked, answer }) => {
    const wanted = links.get(campaign);
    return tr(
      rowHead(key, "mono"),
      td(campaign, " ", wanted && wanted !== "optional" && h("span", { class: "tag" }, wanted)),
      td(revoked ? h("span", { class: "tag bad" }, "revoked") : "valid"),
      td(answer),
    );
  });
  return h(
    "section",
    { class: "card", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h("p", { class: "dim" }, "Add a dot and a name to a key (test-key.my-test) for a separate set of leads."),
    table(["Key", "Campaign", "State", "Answer"], rows),
  );
}

/** @param {Config} config */
function rulings({ rulings: all, calibration }) {
  const rows = all.map((each) => rulingRow(each, calibration));
  return h(
    "section",
    { class: "card", "aria-label": "Rulings in force" },
    h("h2", {}, "Rulings in force"),
    h("p", { class: "dim" }, "Rulings are our choices where Aktify's page is silent. They aren't Aktify's word."),
    calibration && verified(calibration, all.length),
    scrollable("Rulings", table(["Ruling", "In force", "Why"], rows, { class: "rulings" })),
  );
}

/**
 * How many of them a real endpoint decides alike.
 * @param {Calibration} calibration
 * @param {number} count
 */
function verified({ url, startedAt, verified: alike, differing }, count) {
  const others = Object.keys(differing);
  const more = others.length ? ` Decided otherwise there: ${others.join(", ")}.` : "";
  return h("p", { id: "calibration" }, `Verified ${alike.length} of ${count} at ${url} on ${day(startedAt)}.${more}`);
}

/**
 * @param {Ruling} ruling
 * @param {Calibration | null} calibration
 */
const rulingRow = (ruling, calibration) =>
  h(
    "tr",
    { id: `ruling-${ruling.name}` },
    rowHead(ruling.name, "mono"),
    td(
      h("code", {}, ruling.value),
      ": ",
      withCode(ruling.meanings[ruling.value] ?? ""),
      " ",
      ruling.value !== ruling.default && h("span", { class: "tag" }, `not ${ruling.default}`),
      verdict(ruling.name, calibration),
    ),
    td(withCode(ruling.reason), h("details", {}, h("summary", {}, "All values and their flags"), values(ruling))),
  );

/** @param {Config["settings"]} all */
function settings(all) {
  const shown = Object.entries(all).filter(([, value]) => value !== null && value !== false && String(value) !== "");
  return h(
    "section",
    { class: "card", "aria-label": "Options" },
    h(
      "details",
      {},
      h("summary", {}, `Options of serve (${shown.length})`),
      h(
        "dl",
        { class: "headers" },
        shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))),
      ),
    ),
  );
}

function reset() {
  const go = async () => {
    const words =
      "This deletes all leads, requests, forced answers and counters. Keys, campaigns and configuration stay.";
    if (!(await confirmed("Reset the sandbox", words, "Reset"))) return;
    if ((await trying(() => send("POST", "reset"))) !== undefined) toast("The sandbox was reset.");
  };
  return h(
    "section",
    { class: "card danger-zone", "aria-label": "Reset" },
    h(
      "div",
      { class: "card-top" },
      h(
        "div",
        {},
        h("h2", {}, "Reset"),
        h("p", { class: "dim" }, "Deletes leads, requests, forced answers and counters."),
      ),
      button("Reset…", go, { class: "danger", id: "reset" }),
    ),
  );
}
