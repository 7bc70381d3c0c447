// A file of leads, checked by the server as the command does it: its sentences are shown, and nothing is kept.

import { choices, pairs } from "./choices.js";
import { save } from "./clipboard.js";
import { $, button, fill, h } from "./dom.js";
import { masked } from "./masking.js";
import { say, toast, trying } from "./messages.js";
import { answer, config } from "./server.js";
import { bytes, plural } from "./words.js";

const MOST_COLUMNS = 200;

const view = $("#check");
/** @type {any} */
let file = null; // `{name, content}`
/** @type {Record<string, string | undefined>} */
let wanted = {}; // campaign, encoding and delimiter, as the command's options have them
let assigned = new Map(); // columns that a person has said something about
/** @type {any} Findings */
let found = null; // what came of it
/** @type {any} Refusal */
let refused = null; // or why nothing did
/** @type {AbortController | null} */
let running = null;
/** @type {string[]} */
let campaigns = [];

export function start() {
  const input = h("input", {
    type: "file",
    hidden: true,
    id: "check-file",
    onchange: () => (choose(input.files), (input.value = "")),
  });
  const here = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  const where = here
    ? "The file stays on this machine"
    : `The file goes to the sandbox at ${location.host} and no further`;
  fill(
    view,
    h("h1", { id: "check-title" }, "Check a file of leads"),
    h(
      "p",
      {},
      `See what each lead would be answered before you send any. ${where}, and nothing of it is kept: no request, no lead, no copy.`,
    ),
    h(
      "div",
      { class: "drop", id: "check-drop" },
      h("p", {}, "Drop a file here, or"),
      button("Choose a file…", () => input.click(), { class: "primary", id: "check-choose" }),
      input,
      h("p", { class: "dim" }, `CSV, TSV, JSON or JSONL, ${choices.fileBytes / 1_000_000} MB at most`),
    ),
    h("div", { id: "check-result" }),
  );
  for (const name of ["dragover", "dragleave", "drop"]) addEventListener(name, dragged);
}

export async function show() {
  draw();
  campaigns = ((await trying(() => config(true)))?.campaigns || []).map((each) => each.campaign);
  if (!running && !view.contains(document.activeElement)) draw();
}

function dragged(event) {
  if (view.hidden || !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault(); // else the browser would open the file in place of the page
  if (event.type !== "dragleave" || !event.relatedTarget)
    $("#check-drop").classList.toggle("over", event.type === "dragover");
  if (event.type === "drop") choose(event.dataTransfer.files);
}

async function choose(files) {
  const [first] = files;
  if (!first) return;
  if (files.length > 1) toast(`Only the first of ${files.length} files is checked: ${first.name}.`, "bad");
  stop();
  [found, refused, wanted, assigned] = [null, null, { campaign: wanted.campaign }, new Map()];
  file = { name: first.name, content: null };
  if (first.size > choices.fileBytes)
    return refuse({
      message: `It has ${bytes(first.size)}; the page takes ${bytes(choices.fileBytes)} at most.`,
      fix: "check it with `aktify-sandbox check`.",
    });
  const mine = file;
  try {
    file.content = await first.arrayBuffer();
  } catch {
    if (mine === file)
      refuse({
        message: "The browser can't read it.",
        fix: "choose a file, not a folder, and choose it again if it has changed.",
      });
    return;
  }
  if (mine === file) check();
}

function refuse(problem) {
  [found, refused] = [null, problem];
  drawn(problem.message);
}

async function check() {
  const mine = (running = new AbortController());
  draw();
  $("#check-name").focus();
  const query = new URLSearchParams(
    Object.entries({ name: file.name, rows: "no", ...wanted }).filter(([, value]) => value),
  );
  for (const [column, field] of assigned) query.append("map", `${column}=${field}`);
  try {
    const options = {
      method: "POST",
      body: file.content,
      headers: { "content-type": "application/octet-stream" },
      signal: mine.signal,
    };
    found = await (await answer(`check?${query}`, options)).json();
    refused = null;
  } catch (error) {
    if (running !== mine) return;
    [found, refused] = [null, { message: error.message, ...error.problem }];
  }
  if (running !== mine) return;
  running = null;
  drawn(found ? found.summary.counts : refused.message);
}

function stop() {
  running?.abort();
  running = null;
}

/** Show what came, and say it; whoever has gone elsewhere meanwhile isn't called back. */
function drawn(words) {
  draw();
  if (view.hidden) return;
  $("#check-name").focus();
  say(shown(words), true);
}

/** What can't be seen, or would turn the text around, is written out. */
const visible = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, "0")}`);

const shown = (text) => visible(masked(text));

const short = (text) => (text.length > 300 ? `${shown(text.slice(0, 300))}…` : shown(text));

/** Moments and the examples of a fix are nobody's: they aren't masked. */
function ofKind(kind, text) {
  if (kind.field === "externalCreated") return visible(text);
  const [own, example = ""] = text.split(/(?= (?:as in|such as) [^“]*$)/);
  return short(own) + visible(example);
}

function draw() {
  if (!file) return fill($("#check-result"));
  const title = h(
    "h2",
    { id: "check-name", tabindex: "-1" },
    running ? "Checking " : "",
    h("bdi", {}, short(file.name)),
    running && "…",
  );
  const again = { onclick: () => (stop(), draw(), $("#check-choose").focus()) };
  if (running)
    return fill(
      $("#check-result"),
      h(
        "section",
        { class: "card", "aria-busy": "true" },
        h("div", { class: "card-top" }, title, button("Stop", again.onclick)),
      ),
    );
  fill(
    $("#check-result"),
    found ? results(title) : refused ? refusal(title) : stopped(title),
    file.content && reading(),
  );
}

const stopped = (title) => h("section", { class: "card" }, title, h("p", { class: "dim" }, "The check was stopped."));

function refusal(title) {
  const { message, fix, line } = refused;
  return h(
    "section",
    { class: "card", "aria-labelledby": "check-name" },
    h("div", { class: "card-top" }, title, h("span", { class: "tag bad" }, "can’t be checked")),
    h("p", { class: "problem-line" }, line && `line ${line}: `, short(message)),
    fix && h("p", {}, h("strong", {}, "Fix: "), short(fix)),
  );
}

function results(title) {
  const { summary, kinds, rejects, fixed } = found;
  const problems = kinds.reduce((sum, kind) => sum + kind.problems, 0);
  const name =
    file.name
      .replace(/\.[^.]*$/, "")
      .replace(/[^A-Za-z0-9_-]+/g, "_")
      .slice(0, 80) || "leads";
  const file_ = (label, kind, part) =>
    button(
      `Download ${label} (${part.rows.toLocaleString("en")})`,
      () => save(part.content, "text/csv", `${name}-${kind}.csv`),
      { disabled: !part.rows, class: kind === "fixed" ? "primary" : "" },
    );
  return [
    h(
      "section",
      { class: "card", "aria-labelledby": "check-name" },
      title,
      h("p", { class: "dim" }, summary.form),
      h("p", { id: "check-counts" }, summary.counts),
      summary.duplicates && h("p", {}, summary.duplicates),
      summary.repairs && h("p", {}, summary.repairs),
      summary.leftOut.length > 0 &&
        h(
          "ul",
          { "aria-label": "Left out" },
          summary.leftOut.slice(0, MOST_COLUMNS).map((each) => h("li", { class: "dim" }, "Left out: ", short(each))),
        ),
      h(
        "div",
        { class: "actions files" },
        file_("rejects", "rejects", rejects),
        file_("fixed", "fixed", fixed),
        h(
          "span",
          { class: "dim" },
          "Rejects: refused rows with problem and fix. Fixed: rows that would be accepted, as they are or repaired.",
        ),
      ),
    ),
    kinds.length > 0 &&
      h(
        "section",
        { class: "card", "aria-label": "Problems" },
        h("h2", {}, `${plural(problems, "problem")}, by kind`),
        problemTable(kinds),
      ),
  ];
}

function problemTable(kinds) {
  const heads = ["Count", "What is wrong", "Fix", "Whose word", "Where"];
  return h(
    "table",
    { class: "kinds" },
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
      kinds.map((kind) =>
        h(
          "tr",
          {},
          h("td", { class: "count" }, kind.problems.toLocaleString("en")),
          h("td", {}, ofKind(kind, kind.what)),
          h("td", {}, ofKind(kind, kind.fix)),
          h("td", { class: "dim" }, kind.word),
          h("td", {}, kind.rows),
        ),
      ),
    ),
  );
}

// how it is read: the command's options

function reading() {
  const { assignable = null, likely = null } = found || refused || {};
  const select = (name, options) => {
    const control = h(
      "select",
      { id: `check-${name}` },
      options.map(([value, words]) => h("option", { value }, words)),
    );
    control.value = wanted[name] || "";
    return control;
  };
  const guessed = (list) => [["", "guessed"], ...pairs(list)];
  const controls = {
    encoding: select("encoding", guessed(choices.encodings)),
    delimiter: select("delimiter", guessed(choices.delimiters)),
  };
  if (campaigns.length > 1)
    controls.campaign = select("campaign", [
      ["", `${campaigns[0]} (the first)`],
      ...campaigns.slice(1).map((name) => [name, name]),
    ]);
  const selects = assignable ? columnSelects(assignable, likely) : [];
  const go = (event) => {
    event.preventDefault();
    const before = wanted;
    wanted = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
    const other = ["encoding", "delimiter"].some((name) => wanted[name] !== (before[name] || ""));
    if (other)
      assigned = new Map(); // it has other columns then
    else
      for (const [column, field, control] of selects)
        if (control.value !== (field || "")) assigned.set(column, control.value);
    check();
  };
  const label = (name) =>
    h("label", { for: `check-${name}` }, name[0].toUpperCase() + name.slice(1), " ", h("code", {}, `--${name}`));
  return h(
    "section",
    { class: "card", "aria-label": "How the file is read" },
    h("h2", {}, "How it is read"),
    h(
      "form",
      { onsubmit: go },
      h(
        "div",
        { class: "force options" },
        Object.entries(controls).map(([name, control]) => h("div", { class: "labelled" }, label(name), control)),
      ),
      selects.length > 0 && columnTable(selects, assignable.columns.length),
      h("div", { class: "actions" }, h("button", { type: "submit" }, "Check again")),
    ),
  );
}

function columnSelects({ columns, fields }, likely) {
  return columns.slice(0, MOST_COLUMNS).map(({ column, field, metadata }, index) => {
    const choices = [...new Set(["", ...fields, metadata, field || ""])];
    const control = h(
      "select",
      { id: `check-column-${index}` },
      choices.map((value) => h("option", { value }, short(value) || "left out")),
    );
    control.value = column === likely ? "phoneNumber" : field || "";
    return [column, field, control];
  });
}

function columnTable(selects, all) {
  return [
    h(
      "table",
      { class: "assign" },
      h("caption", {}, "Columns ", h("code", {}, "--map")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["In the file", "Is"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        selects.map(([column, , control]) =>
          h(
            "tr",
            {},
            h("td", {}, h("label", { for: control.id }, h("bdi", {}, short(column)))),
            h("td", { class: "labelled" }, control),
          ),
        ),
      ),
    ),
    all > selects.length &&
      h(
        "p",
        { class: "dim" },
        `${(all - selects.length).toLocaleString("en")} more columns can be assigned by the command.`,
      ),
  ];
}
