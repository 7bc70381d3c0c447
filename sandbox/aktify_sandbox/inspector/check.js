// Checks a file of leads on the server, as `check` does. Nothing is stored.
import { choices } from "./choices.js";
import { $, button, fill, h } from "./dom.js";
import { readingCard } from "./file-options.js";
import { short, shown } from "./file-texts.js";
import { findingCards, refusalCard } from "./findings.js";
import { asError, say, toast, trying } from "./messages.js";
import { answer, config, RefusedError } from "./server.js";
import { bytes } from "./words.js";

const view = $("#check");
/** @type {{ name: string, content: ArrayBuffer | null } | null} */
let file = null;
/** @type {import("./file-options.js").Options} */
let options = {};
/** @type {Map<string, string>} columns that a person has said something about */
let assigned = new Map();
/** @type {Findings | null} what came of it */
let found = null;
/** @type {Refusal | null} or why nothing did */
let refused = null;
/** @type {AbortController | null} */
let running = null;
/** @type {string[]} */
let campaigns = [];

export function start() {
  const input = h("input", { type: "file", hidden: true, id: "check-file" });
  input.addEventListener("change", () => {
    choose(input.files);
    input.value = "";
  });
  const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  const where = isHere
    ? "The file stays on this machine"
    : `The file goes to the sandbox at ${location.host} and no further`;
  fill(
    view,
    h("h1", { id: "check-title" }, "Check a file of leads"),
    h(
      "p",
      {},
      `See how each lead would be answered before you send it. ${where}. Nothing is kept: no request, no lead, no copy.`,
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
  addEventListener("dragover", dragged);
  addEventListener("dragleave", dragged);
  addEventListener("drop", dragged);
}

export async function show() {
  draw();
  const known = await trying(() => config(true));
  campaigns = known?.campaigns.map((each) => each.campaign) ?? [];
  if (!running && !view.contains(document.activeElement)) draw();
}

// choosing a file

/** @param {DragEvent} event */
function dragged(event) {
  if (view.hidden || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault(); // otherwise the browser opens the file instead of the page
  if (event.type !== "dragleave" || !event.relatedTarget)
    $("#check-drop").classList.toggle("over", event.type === "dragover");
  if (event.type === "drop") choose(event.dataTransfer.files);
}

/** @param {FileList | null} files */
async function choose(files) {
  const first = files?.[0];
  if (!first) return;
  if (files.length > 1) toast(`Only the first of ${files.length} files is checked: ${first.name}.`, "bad");
  stop();
  forget();
  /** @type {{ name: string, content: ArrayBuffer | null }} */
  const mine = { name: first.name, content: null };
  file = mine;
  if (first.size > choices.fileBytes) {
    const message = `The file has ${bytes(first.size)}; the page takes at most ${bytes(choices.fileBytes)}.`;
    return refuse({ message, fix: "run `aktify-sandbox check` on it." });
  }
  try {
    mine.content = await first.arrayBuffer();
  } catch {
    const fix = "choose a file, not a folder. If it changed on disk, choose it again.";
    if (mine === file) refuse({ message: "The browser can't read the file.", fix });
    return;
  }
  if (mine === file) check();
}

/** Forget the findings, columns and options of the last file; the campaign stays. */
function forget() {
  found = null;
  refused = null;
  options = { campaign: options.campaign };
  assigned = new Map();
}

/** @param {Refusal} problem */
function refuse(problem) {
  found = null;
  refused = problem;
  drawAndSay(problem.message);
}

// the check

async function check() {
  if (!file) return;
  const mine = new AbortController();
  running = mine;
  draw();
  $("#check-name").focus();
  const asked = await ask(file, mine.signal).catch(asError);
  if (running !== mine) return;
  running = null;
  if (asked instanceof Error)
    return refuse({ message: asked.message, ...(asked instanceof RefusedError && asked.problem) });
  found = asked;
  refused = null;
  drawAndSay(asked.summary.counts);
}

/**
 * @param {{ name: string, content: ArrayBuffer | null }} file
 * @param {AbortSignal} signal
 * @returns {Promise<Findings>}
 */
async function ask({ name, content }, signal) {
  const given = Object.entries(options).filter(([, value]) => value);
  const query = new URLSearchParams({ name, rows: "no", ...Object.fromEntries(given) });
  for (const [column, field] of assigned) query.append("map", `${column}=${field}`);
  const headers = { "content-type": "application/octet-stream" };
  return (await answer(`check?${query}`, { method: "POST", body: content, headers, signal })).json();
}

/** @param {import("./file-options.js").Reading} reading */
function checkAgain(reading) {
  const isOther = ["encoding", "delimiter"].some((name) => option(reading.options, name) !== option(options, name));
  if (isOther)
    assigned = new Map(); // its columns may differ
  else for (const [column, field] of reading.columns) assigned.set(column, field);
  options = reading.options;
  check();
}

/**
 * @param {Record<string, string>} options
 * @param {string} name
 */
const option = (options, name) => options[name] || "";

function stop() {
  running?.abort();
  running = null;
}

// showing

/**
 * Show the result and announce it, without moving the focus if the user has left the view.
 * @param {string} words
 */
function drawAndSay(words) {
  draw();
  if (view.hidden) return;
  $("#check-name").focus();
  say(shown(words), true);
}

function draw() {
  const box = $("#check-result");
  if (!file) return fill(box);
  const title = h(
    "h2",
    { id: "check-name", tabindex: "-1" },
    running ? "Checking " : "",
    h("bdi", {}, short(file.name)),
    running && "…",
  );
  if (running) return fill(box, runningCard(title));
  fill(
    box,
    found
      ? findingCards(title, file.name, found)
      : refused
        ? refusalCard(title, refused)
        : h("section", { class: "card" }, title, h("p", { class: "dim" }, "The check was stopped.")),
    file.content && readingCard(found ?? refused ?? {}, options, campaigns, checkAgain),
  );
}

/** @param {HTMLElement} title */
function runningCard(title) {
  const end = () => {
    stop();
    draw();
    $("#check-choose").focus();
  };
  return h(
    "section",
    { class: "card", "aria-busy": "true" },
    h("div", { class: "card-top" }, title, button("Stop", end)),
  );
}
