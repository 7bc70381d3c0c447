// One request: what came, what was answered, why, and what became of the same lead before and after.
import { change } from "./address.js";
import { choices } from "./choices.js";
import { copy } from "./clipboard.js";
import { $, badge, button, fill, h, link } from "./dom.js";
import { pretty } from "./json.js";
import { masked, phone } from "./masking.js";
import { say } from "./messages.js";
import { reasonToRetry } from "./outcome.js";
import { editAndSend, sendAgain } from "./resend.js";
import { get, text } from "./server.js";
import { bytes, clock, duration, plural, statusOf } from "./words.js";

const COPIES = [
  ["curl", "curl"],
  ["har", "HAR"],
  ["pytest", "pytest"],
  ["python", "Python"],
  ["node", "Node"],
];
const MOST_LINES = 3000;

const box = $("#detail");
/** @type {string | null} */
let open = null; // the id of what is shown or on its way
const NOTHING = /** @type {any} */ (null);
/** @type {Entry} what is shown; nothing until it is there */
let record = NOTHING;
let raw = false;
/** @type {Element[]} */
let changing = []; // the parts of what is shown that later requests and a client that hangs up change

/** `again`: it is shown already, and only what has become of it since is drawn. */
export async function show(id, { again = false } = {}) {
  if (open === id && !again) return;
  open = id;
  if (!again) record = NOTHING;
  let found;
  try {
    found = await get(`requests/${encodeURIComponent(id)}`);
  } catch (error) {
    if (open === id) missing(error);
    return;
  }
  const same = await sameLead(found);
  if (open !== id) return;
  const renewed = again && record?.receivedAt === found.receivedAt;
  record = found;
  if (renewed) renew(same);
  else draw(same);
}

export const redraw = () => open && show(open, { again: true });

export function hide() {
  open = null;
  record = NOTHING;
  box.hidden = true;
}

export function amended(summary) {
  if (summary.id === open) show(open, { again: true });
}

/** A later request of the same lead belongs into the timeline. */
export function arrived(summaries) {
  if (record?.phone && summaries.some((each) => each.phone === record.phone && each.campaign === record.campaign)) {
    show(open, { again: true });
  }
}

async function sameLead(found) {
  if (!found.phone || !found.campaign) return [];
  const asked = async (more) => {
    const query = new URLSearchParams({ phone: found.phone, campaign: found.campaign, ...more });
    return (await get(`requests?${query}`).catch(() => ({ requests: [] }))).requests.reverse();
  };
  const newest = await asked({ limit: 100 });
  if (newest.some((each) => each.id === found.id)) return newest;
  return [...(await asked({ limit: 8, before: found.id })), found, ...newest].slice(0, 100);
}

function missing(error) {
  record = NOTHING;
  box.hidden = false;
  fill(box, header("Not there"), h("div", { class: "why b-none" }, h("p", {}, error.message)));
}

const parts = (same) => [why(), facts(), timeline(same), first()].map((part) => part || h("section", { hidden: true }));

function draw(same) {
  box.hidden = false;
  changing = parts(same);
  fill(
    box,
    header(record.id, badge(statusOf(record), "big"), h("code", { class: "where" }, where())),
    actions(),
    changing,
    h("div", { class: "sides" }, side("Request", record, true), answer()),
  );
  box.scrollTop = 0;
  say(`${record.id} is open: ${statusOf(record) ?? "no answer"}, ${record.reason.rule}`, true);
  if (!$("#list").offsetParent) box.focus(); // a narrow screen shows it in the list's place
}

/** Whoever has the focus, a selection or a place in the rest keeps it. */
function renew(same) {
  changing = parts(same).map((part, index) => {
    const shown = changing[index];
    if (shown.isEqualNode(part)) return shown;
    const focused = shown.contains(document.activeElement) && document.activeElement?.getAttribute("href");
    shown.replaceWith(part);
    if (focused) $(`a[href="${CSS.escape(focused)}"]`, part)?.focus();
    return part;
  });
}

function where() {
  const path = record.query ? `${record.path}?${record.query}` : record.path;
  return `${record.method} ${path}`.trim() || "no request of HTTP";
}

function close() {
  change({ request: null });
  $("#list").focus({ preventScroll: true });
}

function header(title, ...more) {
  return h(
    "header",
    { class: "detail-top" },
    button("Back", close, { class: "quiet narrow-only" }),
    more,
    h("h2", {}, title),
    h("span", { class: "grow" }),
    button("✕", close, { class: "quiet round wide-only", "aria-label": "Close the request", title: "Close (Esc)" }),
  );
}

function actions() {
  const id = record.id;
  const copies = COPIES.map(([kind, label]) =>
    button(label, () => copy(text(`requests/${id}/${kind}`), label), {
      class: "small",
      "data-copy": kind,
      "aria-label": `Copy as ${label}`,
    }),
  );
  return h(
    "div",
    { class: "actions" },
    h("span", { class: "group" }, h("span", { class: "dim" }, "Copy as"), copies),
    h("span", { class: "grow" }),
    button("Send again", () => sendAgain(record), { "data-do": "resend" }),
    button("Edit and send…", () => editAndSend(record), { "data-do": "edit" }),
  );
}

// why

function why() {
  const { reason } = record;
  const status = statusOf(record);
  const kind = status === null ? "none" : { 401: "401", 409: "409" }[status] || `${Math.floor(status / 100)}xx`;
  return h(
    "section",
    { class: `why b-${kind}`, "aria-label": "Why" },
    h("p", { class: "reason" }, reason.rule),
    reason.scenario && h("p", {}, "Forced by ", forcedBy(reason.scenario)),
    reason.ruling && h("p", {}, "Decided by the ", ruling(reason.ruling)),
    record.hungUpAfterMs != null && h("p", {}, `The client hung up after ${duration(record.hungUpAfterMs)}.`),
    record.truncated && h("p", {}, `The body is cut: it had ${bytes(record.bodyBytes)}.`),
    record.bodyOmitted && h("p", {}, "The body isn't recorded, since only fictional numbers may be kept here."),
  );
}

const ruling = (name) => link({ view: "setup", ruling: name }, `ruling ${name}`);

/** Links to the rule, order, key or number that forced it. */
function forcedBy(by) {
  const [, name, rule] = /^scenario (.+), rule (\d+)$/.exec(by) || [];
  if (name) return link({ view: "scenarios", scenario: name, rule }, by, { "data-forced": true });
  if (/^(force|key|number) /.test(by)) return link({ view: "scenarios", part: by.split(" ")[0] }, by);
  return h("strong", {}, by);
}

function facts() {
  const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h(
    "dl",
    { class: "facts" },
    fact("Received", h("time", { datetime: record.receivedAt, title: record.receivedAt }, clock(record.receivedAt))),
    fact("Took", duration(record.durationMs)),
    record.delayMs != null && fact("Forced delay", duration(record.delayMs)),
    record.hungUpAfterMs != null && fact("Client waited", duration(record.hungUpAfterMs)),
    fact("Lead", record.phone ? phone(record.phone) : "not known"),
    fact("Campaign", record.campaign || "unknown"),
    fact("Key", record.key || "none"),
    fact("Client", record.client || "unknown"),
  );
}

// the same lead, earlier and later

function timeline(same) {
  if (same.length < 2) return null;
  const at = same.findIndex((each) => each.id === record.id);
  const from = Math.max(0, Math.min(at - 4, same.length - 9));
  const steps = same.slice(from, from + 9).map((each, index) => step(each, same[from + index - 1]));
  return h(
    "section",
    { class: "timeline", "aria-label": "Requests of the same lead" },
    h("h3", {}, "The same lead ", h("span", { class: "dim" }, `${same.length >= 100 ? "100+" : same.length} requests`)),
    h("ol", {}, steps),
  );
}

function step(each, previous) {
  const lost = reasonToRetry(each, choices);
  const gap = previous && Date.parse(each.receivedAt) - Date.parse(previous.receivedAt);
  const after = previous
    ? `${reasonToRetry(previous, choices) ? "retry " : ""}+${duration(gap)}`
    : clock(each.receivedAt);
  const here = each.id === record.id;
  const words = h("span", { class: "words" }, masked(each.reason.rule));
  return h(
    "li",
    { class: lost ? "lost" : null, "aria-current": here ? "true" : null },
    badge(statusOf(each)),
    h("span", { class: "gap" }, after),
    here ? h("b", {}, each.id) : link({ request: each.id }, each.id),
    lost && h("span", { class: "tag bad" }, lost),
    words,
  );
}

// the first post of a duplicate

function first() {
  if (!("firstPost" in record)) return null;
  const { firstPost: post } = record;
  if (!post) return h("p", { class: "dim" }, "The first post of this number is no longer kept.");
  const value = (of) => (of == null ? h("span", { class: "dim" }, "nothing") : h("code", {}, JSON.stringify(of)));
  const now = post.differences.find((each) => each.field === "phoneNumber");
  const rows = [
    ["phoneNumber", post.phoneNumber, now ? now.this : post.phoneNumber],
    ...post.differences.filter((each) => each !== now).map((each) => [each.field, each.first, each.this]),
  ];
  return h(
    "section",
    { class: "first", "aria-label": "The first post" },
    h(
      "h3",
      {},
      "First post ",
      post.id ? link({ request: post.id }, post.id) : "imported",
      h("span", { class: "dim" }, ` at ${clock(post.receivedAt)}; both numbers are ${phone(post.phone)}`),
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "What differs" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Field", "Then", "Now"].map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map(([name, then, that]) =>
            h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value(then)), h("td", {}, value(that))),
          ),
        ),
      ),
    ),
  );
}

// request and answer

function answer() {
  const response = record.response;
  if (response) return side(`Answer ${response.status}`, response, false);
  return h(
    "section",
    { class: "side", "aria-label": "Answer" },
    h("div", { class: "side-top" }, h("h3", {}, "No answer")),
    h("p", { class: "dim pad" }, record.reason.rule),
  );
}

function side(title, of, isRequest) {
  const body = of.body || "";
  const content = h("div", { class: "body" });
  const show = () => fill(content, bodyOf(of, isRequest));
  const ways = [false, true].map((value) =>
    button(value ? "Raw" : "Pretty", () => pick(value), { "aria-pressed": String(raw === value) }),
  );
  const pick = (value) => {
    raw = value;
    for (const each of box.querySelectorAll(".side")) each.dispatchEvent(new CustomEvent("redraw"));
  };
  show();
  const section = h(
    "section",
    { class: "side", "aria-label": title },
    h(
      "div",
      { class: "side-top" },
      h("h3", {}, title),
      h("span", { class: "dim" }, bytes(isRequest ? record.bodyBytes : new Blob([body]).size)),
      h("span", { class: "grow" }),
      h("span", { class: "segments", role: "group", "aria-label": `How ${title} is shown` }, ways),
    ),
    content,
    headers(of.headers || []),
  );
  section.addEventListener("redraw", () => {
    for (const [index, way] of ways.entries()) way.setAttribute("aria-pressed", String(raw === Boolean(index)));
    show();
  });
  return section;
}

function headers(list) {
  return h(
    "details",
    { open: true },
    h("summary", {}, `Headers (${list.length})`),
    h(
      "dl",
      { class: "headers" },
      list.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
  );
}

function bodyOf(of, isRequest) {
  const body = of.body || "";
  const remarks = isRequest ? remarksOn(record) : [];
  const code = (content) =>
    h(
      "div",
      { class: "code", tabindex: "0", role: "region", "aria-label": isRequest ? "Request body" : "Answer body" },
      content,
    );
  if (of.bodyEncoding)
    return [remarks.map(remark), h("p", { class: "dim pad" }, "Not UTF-8 text; in base64:"), code(h("pre", {}, body))];
  if (!body)
    return [
      remarks.map(remark),
      h("p", { class: "dim pad" }, isRequest && record.bodyOmitted ? "Not recorded." : "Empty."),
    ];
  const lines = raw ? null : pretty(body);
  if (lines) return code(annotated(lines, remarks));
  if (raw) return code(h("pre", {}, body));
  return [remarks.filter((each) => !placed(each)).map(remark), code(unparsed(body, remarks))];
}

const remarksOn = (of) => [
  ...of.problems.map((each) => ({ ...each, kind: "problem" })),
  ...(of.notes || []).map((each) => ({ ...each, kind: "note" })),
];

/** Each remark under the line of its field; the field may be missing: then before the end. */
function annotated(lines, remarks) {
  const left = new Set(remarks);
  const shown = [];
  const take = (field) => {
    for (const each of left) {
      if (each.field === field) {
        left.delete(each);
        shown.push(remark(each));
      }
    }
  };
  take("");
  const last = lines.length - 1;
  lines.forEach((line, index) => {
    if (index === last && line.closes)
      for (const each of left) if (ends(each, lines)) left.delete(each), shown.push(ghost(each), remark(each));
    const row = h(
      "div",
      { class: "line" },
      line.parts.map(([kind, part]) => h("span", { class: `j-${kind}` }, part)),
    );
    row.style.paddingInlineStart = `${line.depth * 2 + 2}ch`;
    if (line.path !== null && [...left].some((each) => each.field === line.path))
      row.classList.add(`has-${kindOf(left, line.path)}`);
    shown.push(row);
    if (line.path !== null && !line.closes) take(line.path);
  });
  return [[...left].map(remark), shown];
}

const kindOf = (remarks, path) => [...remarks].find((each) => each.field === path).kind;
const ends = (each, lines) => !lines.some((line) => line.path === each.field);

/** A field that should be there. */
function ghost(each) {
  const row = h("div", { class: "line ghost" }, `"${each.field}"`);
  row.style.paddingInlineStart = "4ch";
  return row;
}

function remark(each) {
  const said = each.field && !each.message.startsWith(each.field) ? `${each.field}: ` : "";
  return h(
    "div",
    { class: `remark ${each.kind}`, "data-field": each.field },
    h("span", { class: "away" }, `${each.kind === "note" ? "Note on" : "Problem in"} ${said || "the body: "}`),
    h("span", {}, each.message),
    each.hint && h("span", { class: "hint" }, " ", each.hint),
    wordOf(each),
  );
}

/** Whose word it is: Aktify's page, a ruling, HTTP, or a limit of ours. */
function wordOf({ source, quote, ruling: name }) {
  if (name) return [" ", ruling(name)];
  if (source === "documented") return h("span", { class: "word" }, " documented by Aktify: ", h("q", {}, quote));
  if (source === "http") return h("span", { class: "word" }, ` HTTP (${quote})`);
  return source === "limit" && h("span", { class: "word" }, " limit of the sandbox");
}

/** Where the parser stumbled, if that is shown. */
function placed({ message }) {
  const [, line, column] = /at line (\d+), column (\d+)/.exec(message) || [];
  return Number(line) <= MOST_LINES ? { line: Number(line), column: Number(column) } : null;
}

function unparsed(body, remarks) {
  const lines = body.split("\n");
  const shown = lines.slice(0, MOST_LINES).map((line, index) => {
    const here = remarks.filter((each) => placed(each)?.line === index + 1);
    const row = h("div", { class: "line plain" });
    const column = here.length && placed(here[0])?.column;
    fill(
      row,
      column
        ? [line.slice(0, column - 1), h("mark", {}, line.slice(column - 1, column) || "␣"), line.slice(column)]
        : line,
    );
    return [row, here.map(remark)];
  });
  const left = lines.length - MOST_LINES;
  return [shown, left > 0 && h("p", { class: "dim pad" }, `${plural(left, "more line")}: Raw shows them.`)];
}
