// What is kept: the leads of each campaign.
import { change, query } from "./address.js";
import { choices } from "./choices.js";
import { save } from "./clipboard.js";
import { $, button, fill, h, link } from "./dom.js";
import { masked, masks, phone } from "./masking.js";
import { confirmed, toast, trying } from "./messages.js";
import { answer, get, send } from "./server.js";
import { clock, plural } from "./words.js";

const PAGE = 200;

const view = $("#leads");
/** @type {StoredLead[]} */
let leads = [];
/** @type {string | null} */
let next = null;
let total = 0;
let campaigns = [];
let asked = "";
let drawn = "";
let due = 0;

export function start() {
  const search = h("input", {
    name: "search",
    type: "search",
    placeholder: "Search",
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => (
      clearTimeout(due), (due = setTimeout(() => change({ search: search.value.trim() }, { replace: true }), 250))
    ),
  });
  const campaign = h("select", { id: "lead-campaign", onchange: () => change({ campaign: campaign.value }) });
  fill(
    view,
    h("h1", { id: "leads-title" }, "Leads"),
    h(
      "div",
      { class: "bar" },
      h("label", { class: "field" }, h("span", { class: "away" }, "Campaign"), campaign),
      h(
        "label",
        { class: "field search" },
        h("span", { class: "away" }, "Text anywhere in a lead"),
        search,
        h("kbd", { "aria-hidden": "true" }, "/"),
      ),
      h("span", { class: "grow" }),
      button("Export CSV", () => trying(() => download("csv"))),
      button("Export JSON", () => trying(() => download("json"))),
      button("Clear…", clear, { class: "danger" }),
    ),
    h("p", { id: "lead-count", class: "dim", role: "status" }),
    h("div", { id: "lead-table" }),
  );
}

const asking = (more = {}) => {
  const of = query();
  const parts = { campaign: of.get("campaign"), search: of.get("search"), ...more };
  return new URLSearchParams(Object.entries(parts).flatMap(([name, value]) => (value ? [[name, String(value)]] : [])));
};

export async function show() {
  asked = asking().toString();
  const found = await reading({ limit: PAGE });
  if (!found) return;
  const now = JSON.stringify([found, masks(), asked]);
  if (drawn === now) return; // whoever has the focus in it keeps it
  drawn = now;
  [{ leads, next }] = found;
  count(found[1]);
  draw();
}

/** A page of leads, and the campaigns; nothing when something else is asked for by then. */
async function reading(more) {
  const mine = asked;
  const found = await trying(() => Promise.all([get(`leads?${asking(more)}`), get("campaigns")]));
  return mine === asked ? found : undefined;
}

function count(known) {
  campaigns = known.campaigns;
  const chosen = query().get("campaign");
  total = campaigns.filter((each) => !chosen || each.campaign === chosen).reduce((sum, each) => sum + each.leads, 0);
}

/** Something has happened: what is new goes on top of what is shown already. */
export async function refresh() {
  if (leads.length <= PAGE) return show();
  const found = await reading({ limit: PAGE });
  if (!found) return;
  const known = new Set(leads.map(nameOf));
  leads = [...found[0].leads.filter((each) => !known.has(nameOf(each))), ...leads];
  count(found[1]);
  draw();
}

/** The record was cleared or loaded: what is shown says nothing any more. */
export const forget = () => ((leads = []), (drawn = ""));

const nameOf = (each) => `${each.campaign} ${each.phone} ${each.receivedAt}`;

export const searching = () => $("[name=search]", view);

async function older() {
  const found = await reading({ limit: PAGE, before: next });
  if (!found) return;
  leads = [...leads, ...found[0].leads];
  next = found[0].next;
  draw();
}

export function draw() {
  const chosen = query().get("campaign") || "";
  const search = searching();
  if (search !== document.activeElement) search.value = query().get("search") || "";
  const select = $("#lead-campaign");
  const options = campaigns.map((each) => [each.campaign, `${each.campaign} (${each.leads.toLocaleString("en")})`]);
  if (chosen && !options.some(([name]) => name === chosen)) options.push([chosen, chosen]);
  fill(
    select,
    [["", "All campaigns"], ...options].map(([value, words]) => h("option", { value }, words)),
  );
  select.value = chosen;
  const found = query().get("search") ? `${leads.length.toLocaleString("en")}${next ? "+" : ""} found of ` : "";
  $("#lead-count").textContent = `${found}${plural(total, "lead")}${chosen ? ` in ${chosen}` : ""}`;
  fill(
    $("#lead-table"),
    leads.length ? table() : h("p", { class: "empty" }, total ? "No lead matches." : "No lead has been accepted yet."),
  );
}

function table() {
  const columns = choices.leadColumns.filter(({ value }) => leads.some((each) => each.lead[value] != null));
  const heads = ["Received", "Phone", ...columns.map(({ label }) => label), "Campaign", "Request"];
  return [
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Leads, newest first" },
      h(
        "table",
        { class: "wide" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            heads.map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          leads.map((each) => row(each, columns)),
        ),
      ),
    ),
    next && h("p", {}, button("Show more", older)),
  ];
}

const PERSONAL = new Set(["lastName", "email"]);

function row(each, columns) {
  const value = (name) => {
    const text = each.lead[name] ?? "";
    if (!masks() || !PERSONAL.has(name) || !text) return masked(text);
    return name === "lastName" ? `${text[0]}***` : masked(text);
  };
  return h(
    "tr",
    {},
    h("td", {}, h("time", { datetime: each.receivedAt, title: each.receivedAt }, clock(each.receivedAt))),
    h("td", { class: "mono" }, phone(each.phone)),
    columns.map((column) => h("td", {}, value(column.value))),
    h("td", {}, each.campaign),
    h("td", {}, each.request ? link({ request: each.request }, each.request) : "imported"),
  );
}

async function clear() {
  const chosen = query().get("campaign");
  const where = chosen ? `of the campaign ${chosen}` : "of all campaigns";
  const words = `${plural(total, "lead")} ${where} will be forgotten, so that their numbers are accepted again. The requests stay.`;
  if (!(await confirmed("Clear leads", words, "Clear"))) return;
  const done = await trying(() =>
    send("DELETE", `leads${chosen ? `?${new URLSearchParams({ campaign: chosen })}` : ""}`),
  );
  if (done) toast(`${plural(done.removed, "lead")} forgotten.`);
  show();
}

// export: what the filters show, whole

async function download(kind) {
  const { content, count } = kind === "json" ? await asJson() : await asCsv();
  const name = `leads-${query().get("campaign") || "all"}.${kind}`.replace(/[^A-Za-z0-9_.-]/g, "_");
  save(content, kind === "json" ? "application/json" : "text/csv", name);
  toast(`${plural(count, "lead")} exported.`);
}

async function asJson() {
  const all = [];
  let before = null;
  do {
    const page = await get(`leads?${asking({ limit: 1000, before })}`);
    all.push(...page.leads);
    before = page.next;
  } while (before);
  return { content: `${JSON.stringify({ leads: all }, null, 2)}\n`, count: all.length };
}

/** As `leads export --format csv` writes it, so that `leads import` takes it again. */
async function asCsv() {
  const got = await answer(`leads?${asking({ format: "csv" })}`);
  return { content: await got.text(), count: Number(got.headers.get("x-total-count")) };
}
