// The report: which clauses of the contract the client met, and what it does wrong.
import { copyButton } from "./clipboard.js";
import { $, button, fill, h, link } from "./dom.js";
import { masks } from "./masking.js";
import { asError, say } from "./messages.js";
import { wordOf } from "./remarks.js";
import { withCode } from "./rulings.js";
import { answer } from "./server.js";
import { grouped, plural } from "./words.js";

const SHOWN = 5; // requests shown for a finding; the rest is collapsed
/** @type {Record<Finding["level"], { heading: string, sign: string }>} */
const LEVELS = {
  error: { heading: "Errors", sign: "✕" },
  warning: { heading: "Warnings", sign: "!" },
  note: { heading: "Notes", sign: "i" },
};
/** @type {Record<Finding["certainty"], string>} */
const CERTAINTY = {
  proved: "proved by one request",
  sequence: "proved by a sequence of requests",
  likely: "likely",
};

const view = $("#report");
/** @type {ClientReport | null} */
let report = null;
/** @type {Error | null} why there is none */
let failure = null;
/** @type {AbortController | null} */
let running = null;
let isMasked = true; // as in the last report

export function start() {
  fill(
    view,
    h("h1", { id: "report-title" }, "Is the client ready?"),
    h(
      "p",
      { class: "dim" },
      "Which parts of Aktify's contract the recorded requests met, and what the client does wrong.",
    ),
    h("div", { class: "actions files", id: "report-actions" }),
    h("div", { id: "report-result", tabindex: "-1" }),
  );
}

export function show() {
  if (isMasked !== masks())
    remask(); // switched in another view
  else if (!report && !running) read();
}

/** Personal data in the examples is masked by the sandbox. */
export function remask() {
  report = null;
  read();
}

async function read() {
  stop();
  isMasked = masks();
  const mine = new AbortController();
  running = mine;
  draw();
  const asked = await ask(mine.signal).catch(asError);
  if (running !== mine) return;
  running = null;
  [report, failure] = asked instanceof Error ? [null, asked] : [asked, null];
  draw();
  if (!view.hidden) say(report ? inOneLine(report) : (failure?.message ?? ""), true);
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<ClientReport>}
 */
const ask = async (signal) => (await answer(address("json"), { signal })).json();

/** @param {string} form */
const address = (form) => `report?${new URLSearchParams({ format: form, mask: masks() ? "yes" : "no" })}`;

function stop() {
  running?.abort();
  running = null;
}

// showing

function draw() {
  const end = () => {
    stop();
    failure = new Error("The report was stopped.");
    draw();
    $("button", $("#report-actions")).focus();
  };
  const hadFocus = $("#report-actions").contains(document.activeElement);
  fill(
    $("#report-actions"),
    running ? button("Stop", ({ detail }) => detail < 2 && end()) : button("Read again", read, { class: "primary" }),
    report && !running && [download("HTML", "html"), download("JSON", "json")],
  );
  if (hadFocus) $("button", $("#report-actions")).focus();
  const box = $("#report-result");
  box.setAttribute("aria-busy", String(Boolean(running)));
  if (running) fill(box, h("p", { class: "card" }, "Reading the requests…"));
  else if (report) fill(box, cards(report));
  else fill(box, h("p", { class: "card problem-line" }, failure?.message));
}

/**
 * @param {string} label
 * @param {string} form
 */
const download = (label, form) =>
  h("a", { class: "button", href: address(form), download: `aktify-report.${form}` }, `Download ${label}`);

/** @param {ClientReport} report */
function inOneLine({ coverage, findings }) {
  const counts = Object.keys(LEVELS)
    .map((level) => [level, findings.filter((each) => each.level === level).length])
    .filter(([, count]) => count)
    .map(([level, count]) => plural(Number(count), String(level)));
  return `${coverage.percent} % of the contract met, ${counts.join(", ") || "no findings"}`;
}

/** @param {ClientReport} report */
function cards(report) {
  const { coverage, findings, switchedOff } = report;
  const missing = coverage.clauses.filter((each) => !each.met);
  const met = coverage.clauses.filter((each) => each.met);
  const off = Object.entries(switchedOff);
  return [
    summaryCard(report, met.length),
    h(
      "div",
      { class: "columns even" },
      h("div", {}, findingCards(findings), off.length > 0 && offCard(off)),
      h("div", {}, missing.length > 0 && missingCard(missing), met.length > 0 && metCard(met)),
    ),
  ];
}

/**
 * @param {ClientReport} report
 * @param {number} met how many clauses were
 */
function summaryCard(report, met) {
  const { requests, oldest, evicted, coverage } = report;
  const all = coverage.clauses.length;
  const dropped = `Not in this report: ${plural(evicted, "older request")} that --keep dropped.`;
  return h(
    "section",
    { class: "card", "aria-label": "Summary" },
    h(
      "p",
      { class: "percent" },
      h("strong", {}, `${coverage.percent} %`),
      ` ${inOneLine(report).replace(/^\d+ % /, "")}`,
    ),
    h("progress", { value: met, max: all, "aria-label": "Clauses met" }),
    h(
      "p",
      { class: "dim" },
      `${met} of ${plural(all, "clause")}, ${plural(requests, "request")}`,
      oldest && [" since ", requestLink(oldest)],
      ".",
    ),
    evicted > 0 && h("p", {}, `${dropped} A finding that needs them is missing.`),
  );
}

/** @param {Clause[]} clauses */
const missingCard = (clauses) =>
  h(
    "section",
    { class: "card", "aria-label": "Missing clauses" },
    h("h2", {}, `Missing (${clauses.length})`),
    h(
      "p",
      { class: "dim" },
      "Run the command of a clause. It forces the next answer, or it posts a lead that counts as one of the client's.",
    ),
    h(
      "ul",
      { class: "clauses" },
      clauses.map((each) =>
        h(
          "li",
          { "data-clause": each.id },
          h("h3", {}, each.text),
          h("p", { class: "dim" }, wordOf(each)),
          h(
            "div",
            { class: "code" },
            h("pre", {}, each.provoke),
            copyButton(each.provoke, `the command for: ${each.text}`),
          ),
        ),
      ),
    ),
  );

/** @param {Clause[]} clauses */
const metCard = (clauses) =>
  h(
    "section",
    { class: "card", "aria-label": "Clauses that were met" },
    h("h2", {}, `Met (${clauses.length})`),
    h(
      "ul",
      { class: "clauses" },
      clauses.map((each) =>
        h("li", { class: "card-top", "data-clause": each.id }, h("span", {}, each.text), each.entries.map(requestLink)),
      ),
    ),
  );

/** @param {Finding[]} findings */
function findingCards(findings) {
  if (!findings.length) return h("section", { class: "card" }, h("h2", {}, "No findings"));
  const levels = /** @type {Finding["level"][]} */ (Object.keys(LEVELS));
  return levels.map((level) => {
    const found = findings.filter((each) => each.level === level);
    const { heading } = LEVELS[level];
    return found.length > 0 && [h("h2", {}, `${heading} (${found.length})`), found.map(findingCard)];
  });
}

/** @param {Finding} finding */
function findingCard(finding) {
  const { id, level, certainty, count, entries, example, sentence, fix } = finding;
  const rest = entries.slice(SHOWN);
  return h(
    "section",
    { class: `card finding ${level}`, "aria-label": id, "data-finding": id },
    h(
      "h3",
      {},
      h("span", { class: "level" }, h("span", { "aria-hidden": "true" }, `${LEVELS[level].sign} `), level),
      " ",
      h("code", {}, id),
    ),
    h("p", {}, withCode(sentence)),
    h("p", {}, h("strong", {}, "Fix: "), withCode(fix)),
    h("p", { class: "dim" }, `${grouped(count)} ×, ${CERTAINTY[certainty]}. First: `, h("code", {}, example)),
    h("p", { class: "links" }, entries.slice(0, SHOWN).map(requestLink)),
    rest.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, `${plural(rest.length, "more request")}${count > entries.length ? " of the first" : ""}`),
        h("p", { class: "links" }, rest.map(requestLink)),
      ),
    h("p", { class: "dim" }, wordOf(finding)),
  );
}

/** @param {[string, string][]} off */
const offCard = (off) =>
  h(
    "section",
    { class: "card", "aria-label": "Switched off" },
    h("h2", {}, "Switched off in the configuration"),
    off.map(([name, reason]) => h("p", {}, h("code", {}, name), ` ${reason}`)),
  );

/** @param {string} id */
const requestLink = (id) => link({ request: id }, id, { class: "mono" });
