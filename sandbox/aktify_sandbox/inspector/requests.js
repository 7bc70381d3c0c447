// The live list of requests, and the open request beside it.
import { change, filters, query } from "./address.js";
import { curlLine } from "./clipboard.js";
import * as detail from "./detail.js";
import { $, button, fill, h } from "./dom.js";
import * as form from "./filters.js";
import { asError, say, showState, toast } from "./messages.js";
import { Rows } from "./rows.js";
import { config, get, getRequest, RefusedError } from "./server.js";
import { RequestStream } from "./stream.js";
import * as totals from "./totals.js";
import { grouped, plural, statusOf } from "./words.js";

const PAGE = 200;
const FAR = 1000; // pages grow with the list, so a long scroll needs few of them
const HELD = 2000;
const AGAIN_AFTER = 1000;

const view = $("#requests");
/** @type {Rows} */
let rows;
/** @type {string | null} the filters of what is in the list, as text */
let shown = null;
/** @type {object | null} */
let loading = null;
/** @type {Summary[]} arrived, and not in the list yet */
let waiting = [];
let paused = false;
let held = 0; // how many have arrived while paused

const stream = new RequestStream({
  state: setState,
  hello: greeted,
  request: arrived,
  amended: (summary) => rows.update(summary) && detail.amended(summary),
  reload,
  refused: findOut,
});

export function start() {
  rows = new Rows({ open, older: loadOlder, seen: showNew });
  form.start();
  $("#pause").addEventListener("click", togglePause);
  $("#new").addEventListener("click", showArrived);
}

// showing

export async function show() {
  const wanted = filters();
  form.write(wanted);
  follow(wanted);
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
  stream.close();
}

/** Read everything again when the view is shown. */
export function forget() {
  shown = null;
}

/** @param {URLSearchParams} wanted */
function follow(wanted) {
  const resume = shown === wanted.toString();
  if (resume && stream.isOpen) return;
  shown = wanted.toString();
  if (!resume) {
    loading = null;
    waiting = [];
    held = 0;
    rows.select(query().get("request"), { scroll: false });
  }
  const mistake = form.mistakeIn(wanted);
  form.tellProblem(mistake);
  if (mistake) showNothing(mistake);
  else stream.open(wanted, { resume });
}

/** @param {string} mistake in the filters, as the server or the form says it */
function showNothing(mistake) {
  stream.close();
  loading = null;
  setState("stopped");
  totals.hide();
  rows.replace([], null);
  showNew();
  showEmpty(mistake);
}

async function reload() {
  const wanted = {};
  loading = wanted;
  waiting = [];
  held = 0;
  try {
    const page = await get("requests", withLimit(PAGE));
    if (loading !== wanted) return;
    rows.replace(page.requests, page.next);
    showNew();
    showDropped(page);
    form.tellProblem("");
    totals.load(new URLSearchParams(shown ?? ""));
    if (stream.isLive) setState("live");
  } catch (error) {
    if (loading !== wanted) return;
    if (stream.isOpen) refused(error);
    setTimeout(() => loading === wanted && (stream.isOpen ? reload() : forget()), AGAIN_AFTER);
    return;
  }
  loading = null;
  insertWaiting();
  showEmpty();
}

/** Show why the stream can't be opened: the error of the list says it. */
async function findOut() {
  const of = shown;
  const error = await get("requests", withLimit(1)).then(() => null, asError);
  if (of !== shown || !stream.isOpen || stream.isLive) return;
  if (error) refused(error);
  else setState("reconnecting");
}

/**
 * Show why the list can't be read: a wrong filter or a missing token.
 * @param {unknown} error
 */
function refused(error) {
  const isRefused = error instanceof RefusedError;
  form.tellProblem(isRefused ? error.message : "");
  if (isRefused && error.status === 400) showNothing(error.message);
  else setState("reconnecting");
}

/** @param {boolean} again */
function greeted(again) {
  form.tellProblem("");
  detail.redraw();
  return again ? checkStillThere() : reload();
}

/**
 * Say that a request no longer exists.
 * @param {RequestPage} page
 */
function showDropped({ dropped = 0 }) {
  const line = $("#dropped");
  line.hidden = !dropped;
  line.textContent = `${plural(dropped, "older request")} dropped by --keep.`;
}

let older = false;
async function loadOlder() {
  if (older || loading || !rows.more) return;
  older = true;
  const of = shown;
  const { more } = rows;
  try {
    const page = await get("requests", withLimit(rows.entries.length < FAR ? PAGE : FAR, more));
    if (of === shown && more === rows.more && !loading) rows.append(page.requests, page.next);
    showDropped(page);
  } catch {
    // requested again at the next scroll
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

/** After a break the stream continues from its last position, unless requests were cleared meanwhile. */
async function checkStillThere() {
  const top = rows.entries[0];
  if (!top) return;
  try {
    await getRequest(top.id);
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) await reload();
  }
}

// arriving requests

/** @param {Summary} summary */
function arrived(summary) {
  waiting.push(summary);
  if (paused) {
    held++;
    if (waiting.length > HELD) waiting.shift(); // the oldest are read again when needed
    showNew();
  } else if (waiting.length === 1) {
    setTimeout(insertWaiting, 16);
  }
}

function insertWaiting() {
  if (loading || paused || !waiting.length) return;
  const fresh = waiting;
  waiting = [];
  rows.insert(fresh);
  showNew();
  showEmpty();
  totals.arrived(fresh);
  detail.arrived(fresh);
  const newest = fresh[fresh.length - 1];
  say(`${plural(fresh.length, "new request")}, the latest: ${statusOf(newest) ?? "no answer"}, ${newest.reason.rule}`);
}

function showNew() {
  const count = paused ? held : rows.hidden;
  $("#new").hidden = !count;
  $("#new").textContent = `${grouped(count)} new`;
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
    if (all) insertWaiting();
    else reload();
  }
  showNew();
  setState();
}

let state = "connecting";
function setState(now = state) {
  state = now;
  showState(paused && state === "live" ? "paused" : state);
}

// the empty list

async function showEmpty(mistake = "") {
  const none = !rows.entries.length;
  $("#empty").hidden = !none;
  $("#list").classList.toggle("without", none);
  if (none) fill($("#empty"), shown ? noneMatches(mistake) : await noneYet());
}

/** @param {string} mistake in the filters */
const noneMatches = (mistake) => [
  h("h2", {}, mistake ? "Fix or clear the filter to see requests" : "No request matches"),
  !mistake && h("p", {}, "Matching requests appear here as they arrive."),
  button("Clear filters", form.clear),
];

async function noneYet() {
  const known = await config().catch(() => null);
  return [
    h("h2", {}, "No requests yet"),
    h("p", {}, "Paste this line into a terminal to send one. It appears here with the reason for its answer."),
    known && curlLine(known),
  ];
}

// the keyboard, and the open request

/**
 * @param {string} id
 * @param {{ replace?: boolean }} [how]
 */
export const open = (id, how) => change({ request: id }, how);

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
/** @param {number} steps */
export function move(steps) {
  const entry = rows.neighbour(steps);
  if (!entry) return;
  if (document.activeElement === document.body) $("#list").focus({ preventScroll: true }); // so that Enter opens the selected row
  rows.select(entry.id);
  clearTimeout(follows);
  const openIt = () => query().get("request") && rows.selected === entry.id && open(entry.id, { replace: true });
  follows = setTimeout(openIt, 60);
}

export function openSelected() {
  if (rows.selected !== null) open(rows.selected);
}

export function copySelected() {
  if (rows.selected === null) toast("Select a request first.");
  else detail.copyAs(rows.selected, "curl", "curl");
}

export { searching } from "./filters.js";

export const redraw = () => rows.redraw();

export const redrawDetail = () => detail.redraw();
