// The list of requests with its filters, live; and which request is open beside it.
import { change, filters, query } from "./address.js";
import { choices, pairs } from "./choices.js";
import { copyButton } from "./clipboard.js";
import * as detail from "./detail.js";
import { $, button, fill, h } from "./dom.js";
import { Feed } from "./feed.js";
import { say } from "./messages.js";
import { Rows } from "./rows.js";
import { config, get } from "./server.js";
import { plural, statusOf } from "./words.js";

const PAGE = 200;
const FAR = 1000; // pages grow with the list, so that a long scroll needs few
const HELD = 2000;

const form = $("#filters");
const view = $("#requests");
/** @type {Rows} */
let rows;
/** @type {string | null} */
let shown = null; // the filters of what is in the list, as text
/** @type {object | null} */
let loading = null;
/** @type {Summary[]} */
let waiting = []; // arrived, and not in the list yet
let paused = false;
let held = 0; // how many have arrived while paused
let due = 0;

const feed = new Feed({
  state: setState,
  hello: greeted,
  request: (summary) => arrived(summary),
  amended: (summary) => rows.update(summary) && detail.amended(summary),
  reload: () => reload(),
  refused: () => get(`requests?${withLimit(1)}`).catch(refused), // the list says why
});

export function start() {
  rows = new Rows({ open: (record) => open(record.id), older: loadOlder, seen: showNew });
  fill(
    $("[name=status]", form),
    [["", "Any status"], ...pairs(choices.statusFilters)].map(([value, words]) => h("option", { value }, words)),
  );
  form.addEventListener("input", () => (clearTimeout(due), (due = setTimeout(filterAsWritten, 250))));
  form.addEventListener("submit", (event) => (event.preventDefault(), clearTimeout(due), filterAsWritten()));
  $("#clear-filters").addEventListener("click", clearFilters);
  $("#pause").addEventListener("click", togglePause);
  $("#new").addEventListener("click", showArrived);
  $("#more-filters").addEventListener("click", toggleFields);
  form.addEventListener("focusin", suggest, { once: true });
}

// showing

export async function show() {
  const wanted = filters();
  writeFilters(wanted);
  follow(wanted.toString());
  const id = query().get("request");
  view.classList.toggle("open", Boolean(id));
  if (id) {
    if (rows.selected !== id) rows.select(id);
    await detail.show(id);
  } else {
    detail.hide();
  }
}

export function hide() {
  feed.close();
}

function follow(wanted) {
  if (shown === wanted && feed.isOpen) return;
  const resume = shown === wanted;
  shown = wanted;
  if (!resume) {
    waiting = [];
    held = 0;
    rows.select(query().get("request"), { scroll: false });
  }
  const wrong = mistake(filters());
  problem(wrong);
  if (!wrong) return feed.open(filters(), { resume });
  feed.close();
  rows.replace([], null);
  return showEmpty(wrong);
}

/** What is half written isn't asked for. */
function mistake(wanted) {
  const phone = wanted.get("phone") || "";
  const known = phone.replace(/[^0-9]/g, "").length >= 4 || !phone;
  return known ? "" : `“${phone}” isn't a phone number yet: its last four digits are enough.`;
}

async function reload() {
  const wanted = (loading = { of: shown });
  waiting = [];
  held = 0;
  try {
    const page = await get(`requests?${withLimit(PAGE)}`);
    if (loading !== wanted) return;
    rows.replace(page.requests, page.next);
    showNew();
    showDropped(page);
    problem("");
  } catch (error) {
    if (loading !== wanted) return;
    refused(error);
  }
  loading = null;
  take();
  showEmpty();
}

/** Why there is nothing to see: a filter that can't be, a token that is missing. */
function refused(error) {
  problem(error.status ? error.message : "");
  if (error.status !== 400) return;
  feed.close();
  rows.replace([], null);
  showEmpty(error.message);
}

function greeted(again) {
  problem("");
  if (again) return checkStillThere();
  detail.redraw();
  return reload();
}

/** What is no longer there is said. */
function showDropped({ dropped = 0 }) {
  const line = $("#dropped");
  line.hidden = !dropped;
  line.textContent = `${dropped.toLocaleString("en")} older requests were dropped by --keep.`;
}

let older = false;
async function loadOlder() {
  if (older || loading || !rows.more) return;
  older = true;
  const of = shown;
  try {
    const page = await get(`requests?${withLimit(rows.records.length < FAR ? PAGE : FAR, rows.more)}`);
    if (of === shown && !loading) rows.append(page.requests, page.next);
    showDropped(page);
  } catch {
    // asked for again at the next scroll
  }
  older = false;
}

/**
 * @param {number} limit
 * @param {string | null} [before]
 */
function withLimit(limit, before = null) {
  const asked = new URLSearchParams(shown ?? "");
  asked.set("limit", String(limit));
  if (before) asked.set("before", before);
  return asked;
}

/** After a break the stream goes on where it was, unless the record was cleared in between. */
async function checkStillThere() {
  const top = rows.records[0];
  if (top) await get(`requests/${top.id}`).catch((error) => (error.status === 404 ? reload() : undefined));
}

// what arrives

function arrived(summary) {
  waiting.push(summary);
  if (paused) {
    held++;
    if (waiting.length > HELD) waiting.shift(); // what is too much is read anew when it is wanted
    showNew();
  } else if (waiting.length === 1) {
    setTimeout(take, 16);
  }
}

function take() {
  if (loading || paused || !waiting.length) return;
  const fresh = waiting;
  waiting = [];
  rows.insert(fresh);
  showNew();
  showEmpty();
  detail.arrived(fresh);
  const newest = fresh[fresh.length - 1];
  say(`${plural(fresh.length, "new request")}, the latest: ${statusOf(newest) ?? "no answer"}, ${newest.reason.rule}`);
}

function showNew() {
  const count = paused ? held : rows.hidden;
  $("#new").hidden = !count;
  $("#new").textContent = `${count.toLocaleString("en")} new`;
}

function showArrived() {
  if (paused) togglePause();
  rows.toTop();
  $("#list").focus({ preventScroll: true });
}

export function togglePause() {
  paused = !paused;
  $("#pause").setAttribute("aria-pressed", String(paused));
  $("#pause").textContent = paused ? "Paused" : "Pause";
  if (!paused) {
    const all = held <= HELD;
    held = 0;
    if (all) take();
    else reload();
  }
  showNew();
  setState();
}

let state = "connecting";
function setState(now = state) {
  state = now;
  const words = paused && state === "live" ? "paused" : state;
  $("#state").dataset.state = words;
  $("#state").textContent = words === "reconnecting" ? "reconnecting…" : words;
}

// filters

function writeFilters(wanted) {
  for (const input of form.elements) {
    if (!input.name) continue;
    const value = wanted.get(input.name) || "";
    if (input.type === "checkbox") input.checked = value === "yes";
    else if (input.tagName === "SELECT") choose(input, value);
    else if (input !== document.activeElement || !value) input.value = value;
  }
  $("#clear-filters").hidden = !wanted.toString();
  $("#more-filters").textContent = wanted.size ? `Filters (${wanted.size})` : "Filters";
}

function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.append(h("option", { value }, value));
  select.value = value;
}

function filterAsWritten() {
  const parts = Object.fromEntries([...form.elements].filter((e) => e.name).map((e) => [e.name, written(e)]));
  if (typeof parts.forced !== "string" && query().get("forced") !== "yes") delete parts.forced;
  change(parts, { replace: true });
}

const written = (input) => (input.type === "checkbox" ? (input.checked ? "yes" : null) : input.value.trim() || null);

function clearFilters() {
  form.reset();
  filterAsWritten();
  change({ forced: null }, { replace: true });
  $("[name=search]", form).focus();
}

function toggleFields() {
  const opened = form.classList.toggle("unfolded");
  $("#more-filters").setAttribute("aria-expanded", String(opened));
}

function problem(words) {
  $("#filter-problem").hidden = !words;
  $("#filter-problem").textContent = words;
  const named = (input) => Boolean(input.value) && words.startsWith(`“${filters().get(input.name)}”`);
  for (const input of form.elements) if (input.name) input.setAttribute("aria-invalid", String(named(input)));
}

/** What campaigns and keys there are, once somebody begins to choose. */
async function suggest() {
  const [campaigns, keys] = await Promise.all([get("campaigns"), get("keys")]).catch(() => [{}, {}]);
  const options = (values) => [...new Set(values)].map((value) => h("option", { value }));
  fill($("#campaigns"), options((campaigns.campaigns || []).map((each) => each.campaign)));
  fill($("#keys"), options((keys.keys || []).map((each) => each.key)));
}

// when there is nothing

async function showEmpty(wrong = "") {
  const none = !rows.records.length;
  $("#empty").hidden = !none;
  $("#list").classList.toggle("without", none);
  if (!none) return;
  if (shown) {
    const clear = button("Clear the filters", clearFilters);
    const then = wrong ? "A filter isn't understood, so nothing is looked for." : "New ones that do will appear here.";
    fill($("#empty"), h("h2", {}, wrong ? "Nothing is shown" : "No request matches"), h("p", {}, then), clear);
    return;
  }
  const { curl } = await config().catch(() => ({}));
  fill(
    $("#empty"),
    h("h2", {}, "Nothing has arrived yet"),
    h("p", {}, "Paste this line into a terminal. The request appears here by itself, with the reason for its answer."),
    curl && h("div", { class: "code" }, h("pre", { tabindex: "0" }, curl), copyButton(curl, "the curl line")),
  );
}

// the keyboard, and what is open

export const open = (id, replace = false) => change({ request: id }, { replace });

export function close() {
  if (query().get("request")) {
    change({ request: null });
    $("#list").focus({ preventScroll: true });
  } else if (rows.selected !== null) {
    rows.select(null);
    showNew();
  }
}

let follows = 0;
export function move(steps) {
  const record = rows.neighbour(steps);
  if (!record) return;
  if (document.activeElement === document.body) $("#list").focus({ preventScroll: true }); // so that Enter opens it
  rows.select(record.id);
  clearTimeout(follows);
  if (query().get("request")) follows = setTimeout(() => open(record.id, true), 60);
}

export function openSelected() {
  if (rows.selected !== null) open(rows.selected);
}

export const searching = () => $("[name=search]", form);

export const redraw = () => rows.redraw();

export const redrawDetail = () => detail.redraw();
