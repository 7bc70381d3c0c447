// How a client is pointed here, and what is in force.
import { query } from "./address.js";
import { copyButton } from "./clipboard.js";
import { $, button, fill, h } from "./dom.js";
import { confirmed, toast, trying } from "./messages.js";
import { config, get, send } from "./server.js";

const view = $("#setup");
let drawn = "";

export async function refresh() {
  const found = await trying(() => Promise.all([config(true), get("keys")]));
  if (!found || drawn === JSON.stringify(found)) return; // whoever has the focus in it keeps it
  drawn = JSON.stringify(found);
  draw(found[0], found[1].keys);
}

export async function show() {
  await refresh();
  $(".pointed", view)?.classList.remove("pointed");
  const named = query().get("ruling");
  const row = named ? document.getElementById(`ruling-${named}`) : null; // one of them is called null
  row?.classList.add("pointed");
  row?.scrollIntoView({ block: "center" });
}

function draw(settings, keys) {
  fill(
    view,
    h("h1", { id: "setup-title" }, "Setup"),
    h("div", { class: "columns even" }, connect(settings), keyCard(settings, keys)),
    rulings(settings.rulings),
    options(settings.settings),
    reset(),
  );
}

function connect({ endpoint, curl, apiKey }) {
  const line = (label, value) =>
    h("div", { class: "copyline" }, h("span", { class: "dim" }, label), h("code", {}, value), copyButton(value, label));
  return h(
    "section",
    { class: "card", "aria-label": "Connect a client" },
    h("h2", {}, "Connect a client"),
    endpoint && line("Endpoint", endpoint),
    apiKey && line("API key", apiKey),
    curl && [
      h("h3", {}, "A line to paste"),
      h("div", { class: "code" }, h("pre", { tabindex: "0" }, curl), copyButton(curl, "the curl line")),
    ],
  );
}

function keyCard({ campaigns }, keys) {
  const links = new Map(campaigns.map((each) => [each.campaign, each.link]));
  return h(
    "section",
    { class: "card", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h("p", { class: "dim" }, "A key with a dot and a name behind it (test-key.my-test) has leads of its own."),
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Key", "Campaign", "State", "Answer"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        keys.map((each) =>
          h(
            "tr",
            {},
            h("th", { scope: "row", class: "mono" }, each.key),
            h(
              "td",
              {},
              each.campaign,
              links.get(each.campaign) &&
                links.get(each.campaign) !== "optional" &&
                h("span", { class: "tag" }, links.get(each.campaign)),
            ),
            h("td", {}, each.revoked ? h("span", { class: "tag bad" }, "revoked") : "valid"),
            h("td", {}, each.answer),
          ),
        ),
      ),
    ),
  );
}

function rulings(all) {
  return h(
    "section",
    { class: "card", "aria-label": "Rulings in force" },
    h("h2", {}, "Rulings in force"),
    h(
      "p",
      { class: "dim" },
      "Where the vendor's page is silent, the sandbox decides by these. They are not the vendor's word.",
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rulings" },
      h(
        "table",
        { class: "rulings" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Ruling", "In force", "Why"].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          all.map((each) =>
            h(
              "tr",
              { id: `ruling-${each.name}` },
              h("th", { scope: "row", class: "mono" }, each.name),
              h(
                "td",
                {},
                h("code", {}, each.value),
                each.value !== each.default && h("span", { class: "tag" }, `not ${each.default}`),
              ),
              h(
                "td",
                {},
                each.reason.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

function options(all) {
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
      "All leads, requests, forced answers and counters are forgotten. Keys, campaigns and configuration stay.";
    if (!(await confirmed("Reset the sandbox", words, "Reset"))) return;
    if ((await trying(() => send("POST", "reset"))) !== undefined) toast("All is forgotten.");
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
        h("p", { class: "dim" }, "Forgets leads, requests, forced answers and counters."),
      ),
      button("Reset…", go, { class: "danger", id: "reset" }),
    ),
  );
}
