// Request and answer side by side: bodies (pretty or raw) and headers.
import { annotated, marked, remarksOn } from "./annotations.js";
import { button, fill, h } from "./dom.js";
import { pretty } from "./json.js";
import { remark } from "./remarks.js";
import { bytes, plural } from "./words.js";

const MOST_LINES = 3000;

/** @typedef {import("./annotations.js").Remark} Remark */
/** @typedef {import("./annotations.js").Row} Row */
/**
 * @typedef {object} Content What a side shows.
 * @property {string} title
 * @property {string} label of the body
 * @property {Header[]} headers
 * @property {string} body
 * @property {number} size in bytes
 * @property {boolean} isBase64
 * @property {string} whenEmpty
 * @property {Remark[]} remarks
 * @property {Place | null} syntaxError
 */

let raw = false;

/** @param {RecordedRequest} entry */
export function sides(entry) {
  const answer = entry.response;
  const both = answer ? [side(requestOf(entry)), side(answerOf(answer))] : [side(requestOf(entry))];
  const draw = () => {
    for (const each of both) each.draw();
  };
  draw();
  const box = h(
    "div",
    { class: "sides" },
    both.map(({ section }) => section),
    !answer && noAnswer(entry),
  );
  box.addEventListener("raw", draw);
  return box;
}

/**
 * @param {RecordedRequest} entry
 * @returns {Content}
 */
const requestOf = (entry) => ({
  title: "Request",
  label: "Request body",
  headers: entry.headers,
  body: entry.body ?? "",
  size: entry.bodyBytes,
  isBase64: Boolean(entry.bodyEncoding),
  whenEmpty: entry.bodyOmitted ? "Not recorded." : "Empty.",
  remarks: remarksOn(entry),
  syntaxError: entry.syntaxError ?? null,
});

/**
 * @param {Answer} answer
 * @returns {Content}
 */
const answerOf = ({ status, headers = [], body, bodyEncoding }) => ({
  title: `Answer ${status}`,
  label: "Answer body",
  headers,
  body: body ?? "",
  size: new Blob([body ?? ""]).size,
  isBase64: Boolean(bodyEncoding),
  whenEmpty: "Empty.",
  remarks: [],
  syntaxError: null,
});

/** @param {RecordedRequest} entry */
const noAnswer = (entry) =>
  h(
    "section",
    { class: "side", "aria-label": "Answer" },
    h("div", { class: "side-top" }, h("h3", {}, "No answer")),
    h("p", { class: "dim pad" }, entry.reason.rule),
  );

/** @param {Content} content */
function side(content) {
  const body = h("div", { class: "body" });
  const ways = [false, true].map((isRaw) => {
    const pick = (/** @type {MouseEvent} */ { target }) => {
      raw = isRaw;
      target?.dispatchEvent(new CustomEvent("raw", { bubbles: true }));
    };
    return button(isRaw ? "Raw" : "Pretty", pick);
  });
  const draw = () => {
    for (const [index, way] of ways.entries()) way.setAttribute("aria-pressed", String(raw === Boolean(index)));
    fill(body, bodyOf(content));
  };
  const section = h(
    "section",
    { class: "side", "aria-label": content.title },
    h(
      "div",
      { class: "side-top" },
      h("h3", {}, content.title),
      h("span", { class: "dim" }, bytes(content.size)),
      h("span", { class: "grow" }),
      h("span", { class: "segments", role: "group", "aria-label": `How ${content.title} is shown` }, ways),
    ),
    body,
    headerList(content.headers),
  );
  return { section, draw };
}

/** @param {Header[]} headers */
const headerList = (headers) =>
  h(
    "details",
    { open: true },
    h("summary", {}, `Headers (${headers.length})`),
    h(
      "dl",
      { class: "headers" },
      headers.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    ),
  );

/** @param {Content} content */
function bodyOf({ body, label, remarks, syntaxError, isBase64, whenEmpty }) {
  const code = (/** @type {import("./dom.js").Child} */ shown) =>
    h("div", { class: "code", tabindex: "0", role: "region", "aria-label": label }, shown);
  const said = (/** @type {string} */ words) => h("p", { class: "dim pad" }, words);
  if (isBase64) return [remarks.map(remark), said("Not UTF-8; shown as base64:"), code(h("pre", {}, body))];
  if (!body) return [remarks.map(remark), said(whenEmpty)];
  if (raw) return code(h("pre", {}, body));
  const lines = pretty(body);
  if (lines) return code(annotated(lines, remarks).map(rowOf));
  const place = syntaxError && syntaxError.line <= MOST_LINES ? syntaxError : null;
  const [placed, others] = place
    ? [remarks.filter(isOnWhole), remarks.filter((each) => !isOnWhole(each))]
    : [[], remarks];
  return [others.map(remark), code(textOf(body, place, placed))];
}

/** @param {Remark} remark */
const isOnWhole = ({ field }) => !field;

/** @param {Row} row */
function rowOf(row) {
  if ("remark" in row) return remark(row.remark);
  if ("missing" in row) return lineOf(`"${row.missing}"`, 1, "ghost");
  const { line, kind } = row;
  const parts = line.parts.map(([name, part]) => h("span", { class: `j-${name}` }, part));
  return lineOf(parts, line.depth, kind && `has-${kind}`);
}

/**
 * @param {import("./dom.js").Child} content
 * @param {number} depth
 * @param {string | null} kind
 */
function lineOf(content, depth, kind) {
  const row = h("div", { class: kind ? `line ${kind}` : "line" }, content);
  row.style.paddingInlineStart = `${depth * 2 + 2}ch`;
  return row;
}

/**
 * A text that isn't JSON, with the remark where its syntax fails.
 * @param {string} body
 * @param {Place | null} place
 * @param {Remark[]} remarks
 */
function textOf(body, place, remarks) {
  const { lines, left } = marked(body, place, MOST_LINES);
  const shown = lines.map(({ before, mark, after }) => [
    h("div", { class: "line plain" }, before, mark && h("mark", {}, mark), after),
    mark && remarks.map(remark),
  ]);
  return [shown, left > 0 && h("p", { class: "dim pad" }, `${plural(left, "more line")}. Choose Raw to see them.`)];
}
