// The stored leads of each campaign.
import { change, query, whenTyped } from "./address.js";
import { choices } from "./choices.js";
import { curlLine, save } from "./clipboard.js";
import { $, button, fill, h, link, options, released, scrollable, searchField, table, td, tr } from "./dom.js";
import { masked, masks, phone } from "./masking.js";
import { confirmed, oneAtATime, toast, trying } from "./messages.js";
import { answer, config, get, order, send } from "./server.js";
import { clock, grouped, plural } from "./words.js";

const PAGE = 200;

const view = $("#leads");
/** @type {StoredLead[]} */
let leads = [];
/** @type {string | null} */
let next = null;
let total = 0;
/** @type {Campaign[]} */
let campaigns = [];
let asked = "";
let drawn = "";
const inOrder = order();

export function start() {
  fill(
    view,
    h("h1", { id: "leads-title" }, "Leads"),
    h(
      "div",
      { class: "bar" },
      campaignField(),
      searchField("Text anywhere in a lead", "Search", searchTyped),
      h("span", { class: "grow" }),
      button("Export CSV", () => trying(exportCsv)),
      button("Export JSON", () => trying(exportJson)),
      button("Clear…", clear, { class: "danger" }),
    ),
    h("p", { id: "lead-count", class: "dim", role: "status" }),
    h("div", { id: "lead-table" }),
  );
}

function campaignField() {
  const select = h("select", { id: "lead-campaign" });
  select.addEventListener("change", () => change({ campaign: select.value }));
  return h("label", { class: "field" }, h("span", { class: "away" }, "Campaign"), select);
}

const searchTyped = () => whenTyped(() => change({ search: searching().value.trim() }, { replace: true }));

/**
 * The filters in the address, plus more.
 * @param {Record<string, string | number | null>} [more]
 */
function asking(more = {}, of = query()) {
  const parts = { campaign: of.get("campaign"), search: of.get("search"), ...more };
  return new URLSearchParams(Object.entries(parts).flatMap(([name, value]) => (value ? [[name, String(value)]] : [])));
}

export async function show() {
  asked = asking().toString();
  const found = await reading();
  if (!found) return;
  const now = JSON.stringify([found, masks(), asked]);
  if (drawn === now) return; // drawing again would lose the focus
  drawn = now;
  leads = found.page.leads;
  next = found.page.next;
  count(found.campaigns);
  draw();
}

/**
 * A page of leads, and the campaigns; null if a later request replaced this one.
 * @param {string | null} [before]
 */
async function reading(before = null) {
  const mine = asked;
  const isNews = before ? () => before === next : inOrder();
  const query = asking({ limit: PAGE, before });
  const found = await trying(() => Promise.all([get("leads", query), get("campaigns")]));
  await released;
  return found && mine === asked && isNews() ? { page: found[0], campaigns: found[1].campaigns } : undefined;
}

/** @param {Campaign[]} known */
function count(known) {
  campaigns = known;
  const chosen = query().get("campaign");
  total = campaigns.filter((each) => !chosen || each.campaign === chosen).reduce((sum, each) => sum + each.leads, 0);
}

/** Add new leads on top of those that are shown. */
export async function refresh() {
  if (leads.length <= PAGE) return show();
  const found = await reading();
  if (!found) return;
  const known = new Set(leads.map(nameOf));
  leads = [...found.page.leads.filter((each) => !known.has(nameOf(each))), ...leads];
  count(found.campaigns);
  draw();
}

/** Requests were cleared or a state was loaded: read everything again. */
export function forget() {
  leads = [];
  drawn = "";
}

/** @param {StoredLead} lead */
const nameOf = ({ campaign, phone, receivedAt }) => `${campaign} ${phone} ${receivedAt}`;

/** @returns {HTMLInputElement} */
export const searching = () => $("[name=search]", view);

const older = oneAtATime(async () => {
  const of = asked;
  let from;
  let found;
  do {
    from = next;
    found = await reading(from);
  } while (!found && next && next !== from && of === asked); // new leads have moved it
  if (!found) return;
  leads = [...leads, ...found.page.leads];
  next = found.page.next;
  draw();
});

function draw() {
  const chosen = query().get("campaign") || "";
  const sought = query().get("search") || "";
  const search = searching();
  if (search !== document.activeElement) search.value = sought;
  drawCampaigns(chosen);
  const found = sought ? `${grouped(leads.length)}${next ? "+" : ""} found of ` : "";
  $("#lead-count").textContent = `${found}${plural(total, "lead")}${chosen ? ` in ${chosen}` : ""}`;
  if (!leads.length) return drawNone();
  const left = $(".scroll", view)?.scrollLeft ?? 0;
  fill($("#lead-table"), leadTable());
  $(".scroll", view).scrollLeft = left;
}

async function drawNone() {
  const known = await config().catch(() => null);
  if (leads.length) return; // the first lead has arrived meanwhile
  const none = [
    h("h2", {}, "No leads yet"),
    h("p", {}, "A lead appears here once a request is answered 201. Paste this line into a terminal to send one."),
    known && curlLine(known),
  ];
  const isFiltered = total > 0 || Boolean(query().get("search"));
  const noMatch = [
    h("h2", {}, "No lead matches"),
    button("Clear filters", () => change({ campaign: null, search: null })),
  ];
  fill($("#lead-table"), h("div", { class: "empty" }, isFiltered ? noMatch : none));
}

/** @param {string} chosen one that isn't known is offered, too */
function drawCampaigns(chosen) {
  /** @type {[string, string][]} */
  const known = campaigns.map(({ campaign, leads }) => [campaign, `${campaign} (${grouped(leads)})`]);
  if (chosen && !known.some(([name]) => name === chosen)) known.push([chosen, chosen]);
  /** @type {HTMLSelectElement} */
  const select = $("#lead-campaign");
  fill(select, options([["", "All campaigns"], ...known]));
  select.value = chosen;
}

function leadTable() {
  const columns = choices.leadColumns.filter(({ value }) => leads.some(({ lead }) => lead[value] != null));
  const heads = ["Received", "Phone", ...columns.map(({ label }) => label), "Campaign", "Request"];
  const rows = leads.map((each) => row(each, columns));
  return [
    scrollable("Leads, newest first", table(heads, rows, { class: "wide" })),
    next && h("p", {}, button("Show more", older)),
  ];
}

/**
 * @param {StoredLead} each
 * @param {Choice[]} columns
 */
const row = ({ receivedAt, phone: number, lead, campaign, request }, columns) =>
  tr(
    td(h("time", { datetime: receivedAt, title: receivedAt }, clock(receivedAt))),
    h("td", { class: "mono" }, phone(number)),
    columns.map(({ value: name }) => td(shownValue(name, lead[name]))),
    td(campaign),
    td(request ? link({ request }, request) : "imported"),
  );

/**
 * @param {string} name
 * @param {unknown} value
 */
function shownValue(name, value) {
  const text = String(value ?? "");
  return masks() && name === "lastName" && text ? `${text[0]}***` : masked(text);
}

async function clear() {
  const chosen = query().get("campaign");
  const where = chosen ? `of the campaign ${chosen}` : "of all campaigns";
  const words = `This deletes ${plural(total, "lead")} ${where}. Their numbers are accepted again; the record of requests stays.`;
  if (!(await confirmed("Clear leads", words, "Clear"))) return;
  /** @type {{ removed: number } | undefined} */
  const done = await trying(() =>
    send("DELETE", `leads${chosen ? `?${new URLSearchParams({ campaign: chosen })}` : ""}`),
  );
  if (done) toast(`${plural(done.removed, "lead")} deleted.`);
  show();
}

// export: the filtered leads, whole

async function exportJson() {
  const of = query(); // it may change meanwhile
  const all = [];
  let before = null;
  do {
    /** @type {LeadPage} */
    const page = await get("leads", asking({ limit: 1000, before }, of));
    all.push(...page.leads);
    before = page.next;
  } while (before);
  saveExport(`${JSON.stringify({ leads: all }, null, 2)}\n`, "json", "application/json", all.length, of);
}

/** As `leads export --format csv` writes it, so that `leads import` can read it. */
async function exportCsv() {
  const of = query();
  const got = await answer(`leads?${asking({ format: "csv" }, of)}`);
  saveExport(await got.text(), "csv", "text/csv", Number(got.headers.get("x-total-count")), of);
}

/**
 * @param {string} content
 * @param {string} ending
 * @param {string} type
 * @param {number} count
 * @param {URLSearchParams} of
 */
function saveExport(content, ending, type, count, of) {
  save(content, type, `leads-${of.get("campaign") || "all"}.${ending}`.replace(/[^A-Za-z0-9_.-]/g, "_"));
  toast(`${plural(count, "lead")} exported.`);
}
