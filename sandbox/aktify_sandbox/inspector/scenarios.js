// Forced answers: scenarios with their hits, pending answers, and magic numbers and keys.
import { query } from "./address.js";
import { $, fill, h, released, searchField } from "./dom.js";
import { drawWaiting, forceCard } from "./force.js";
import { drawMagic, magicCard } from "./magic-numbers.js";
import { masks } from "./masking.js";
import { toast, trying } from "./messages.js";
import { config, get, order, send } from "./server.js";
import { grouped, plural } from "./words.js";
import { inline } from "./yaml.js";

const view = $("#scenarios");
/** @type {Scenario[]} */
let scenarios = [];
let pointed = "";
let drawn = "";
const inOrder = order();
/** @type {Promise<unknown>} */
let turned = Promise.resolve();

export function start() {
  fill(
    view,
    h("h1", { id: "scenarios-title" }, "Scenarios"),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        searchField("Filter scenarios by name or description", "Filter scenarios", drawList),
        h("div", { id: "scenario-list" }),
      ),
      h("div", {}, forceCard(refresh), magicCard()),
    ),
  );
}

/** @returns {HTMLInputElement} */
export const searching = () => $("[name=search]", view);

export async function show() {
  await refresh();
  const found = await trying(() => config());
  if (found) drawMagic(found.magic);
  point();
}

export async function refresh() {
  const isNews = inOrder();
  const found = await trying(() => Promise.all([get("scenarios"), get("force")]));
  await released;
  if (!found || !isNews()) return;
  if (drawn === JSON.stringify([found, masks()])) return; // drawing again would lose the focus
  drawn = JSON.stringify([found, masks()]);
  scenarios = found[0].scenarios;
  drawList();
  drawWaiting(found[1].forced, refresh);
}

function drawList() {
  if (!drawn) return; // a filter may be typed before the list is loaded
  /** @type {NodeListOf<HTMLElement>} */
  const details = view.querySelectorAll("details[open]");
  const opened = new Set([...details].map((each) => each.dataset.name));
  /** @type {HTMLElement | null | undefined} */
  const switched = document.activeElement?.closest("[data-switch]");
  const focused = switched?.dataset.switch;
  const sought = searching().value.trim().toLowerCase();
  const found = scenarios.filter((each) => `${each.name} ${each.description}`.toLowerCase().includes(sought));
  const active = found.filter((each) => each.active);
  const group = (/** @type {string} */ title, /** @type {boolean} */ isShipped) => {
    const members = found.filter((each) => !each.active && each.shipped === isShipped);
    return members.length > 0 && [h("h2", {}, title), members.map((each) => card(each, opened.has(each.name)))];
  };
  fill(
    $("#scenario-list"),
    h("h2", {}, "Active ", h("span", { class: "dim" }, active.length || "")),
    active.length ? active.map((each) => card(each, true)) : h("p", { class: "dim" }, noneActive()),
    group("Yours, in scenarios/", false),
    group("Shipped with the sandbox", true),
    !found.length && h("p", { class: "empty" }, "No scenario matches."),
  );
  if (focused) $(`[data-switch="${CSS.escape(focused)}"]`)?.focus();
}

const noneActive = () =>
  scenarios.some((each) => each.active)
    ? "No active scenario matches."
    : "No scenario is active: requests get their normal answers.";

/**
 * @param {Scenario} scenario
 * @param {boolean} isOpen
 */
function card(scenario, isOpen) {
  const { name, description, active, mistake, rules } = scenario;
  return h(
    "section",
    { class: `card scenario${active ? " on" : ""}`, id: `scenario-${name}`, tabindex: "-1", "aria-label": name },
    h("div", { class: "card-top" }, h("h3", {}, name), switcher(scenario)),
    description && h("p", {}, description),
    mistake && h("pre", { class: "problem-line" }, mistake),
    rules.length > 0 && ruleList(scenario, isOpen),
  );
}

/** @param {Scenario} scenario */
const switcher = (scenario) =>
  h(
    "button",
    {
      type: "button",
      class: "switch",
      role: "switch",
      "aria-checked": String(scenario.active),
      "aria-label": scenario.name,
      "data-switch": scenario.name,
      disabled: Boolean(scenario.mistake) && !scenario.active,
      onclick: () => (turned = turned.then(() => turn(scenario))), // the next must know which are on
    },
    h("span", { class: "track", "aria-hidden": "true" }),
  );

/**
 * @param {Scenario} scenario
 * @param {boolean} isOpen
 */
function ruleList({ name, active, rules, hits }, isOpen) {
  const answered = hits.reduce((sum, count) => sum + count, 0);
  return h(
    "details",
    { open: isOpen, "data-name": name },
    h(
      "summary",
      {},
      plural(rules.length, "rule"),
      active && h("span", { class: "dim" }, `, answered ${plural(answered, "request")}`),
    ),
    h(
      "ol",
      { class: "rules" },
      rules.map((rule, index) => ruleLine(rule, index, active ? (hits[index] ?? 0) : null)),
    ),
  );
}

/**
 * @param {Record<string, unknown>} rule
 * @param {number} index
 * @param {number | null} hits nothing of a scenario that isn't in force
 */
function ruleLine({ answer, when, ...rest }, index, hits) {
  const part = (/** @type {string} */ name, /** @type {string} */ words) =>
    h("div", {}, h("span", { class: "dim" }, name), h("code", {}, words));
  return h(
    "li",
    { "data-rule": index + 1 },
    h(
      "div",
      { class: "rule" },
      part("when ", when ? inline(when) : "every request"),
      part("answer ", inline(answer)),
      Object.keys(rest).length > 0 && h("div", {}, h("code", {}, inline(rest))),
    ),
    hits !== null &&
      h(
        "span",
        { class: `hits${hits ? " some" : ""}`, title: "requests that this rule answered" },
        `${grouped(hits)} hit${hits === 1 ? "" : "s"}`,
      ),
  );
}

/** @param {Scenario} scenario */
async function turn({ name, active }) {
  const others = scenarios.filter((other) => other.active && other.name !== name).map((other) => other.name);
  const done = await trying(() => send("PUT", "scenarios/active", { active: active ? others : [...others, name] }));
  if (done) toast(active ? `${name} is off.` : `${name} is on.`);
  await refresh();
}

/** The target of a link from a request: the rule, or its part, that forced the answer. */
function point() {
  const wanted = query();
  const scenario = wanted.get("scenario");
  const part = wanted.get("part");
  if (!scenario && !part) {
    pointed = "";
    return;
  }
  if (pointed === location.search) return;
  pointed = location.search;
  const name = scenario ? `scenario-${scenario}` : part === "force" ? "part-force" : "part-number";
  const card = document.getElementById(name);
  if (!card) return toast(`There is no scenario ${scenario} any more.`, "bad");
  for (const each of card.querySelectorAll("details")) each.open = true;
  const target = card.querySelector(`[data-rule="${CSS.escape(wanted.get("rule") || "")}"]`) || card;
  target.classList.add("pointed");
  target.scrollIntoView({ block: "center" });
  card.focus({ preventScroll: true });
}
