// What is forced: scenarios with their hits, the next answers on order, and what works by number and key.
import { query } from "./address.js";
import { choices, pairs } from "./choices.js";
import { copyButton } from "./clipboard.js";
import { $, button, fill, h } from "./dom.js";
import { masks, phone } from "./masking.js";
import { toast, trying } from "./messages.js";
import { config, get, send } from "./server.js";
import { plural } from "./words.js";

const view = $("#scenarios");
/** @type {Scenario[]} */
let scenarios = [];
let pointed = "";
let drawn = "";

export function start() {
  fill(
    view,
    h("h1", { id: "scenarios-title" }, "Scenarios"),
    h(
      "div",
      { class: "columns" },
      h("div", { id: "scenario-list" }),
      h(
        "div",
        {},
        forceCard(),
        h("section", { class: "card", id: "part-number", tabindex: "-1", "aria-label": "Magic numbers and keys" }),
      ),
    ),
  );
}

export async function show() {
  await refresh();
  await cheatSheet();
  point();
}

export async function refresh() {
  const found = await trying(() => Promise.all([get("scenarios"), get("force")]));
  if (!found) return;
  if (drawn === JSON.stringify([found, masks()])) return; // whoever has the focus in it keeps it
  drawn = JSON.stringify([found, masks()]);
  scenarios = found[0].scenarios;
  drawList();
  drawWaiting(found[1].forced);
}

// scenarios

function drawList() {
  const opened = new Set(
    [.../** @type {NodeListOf<HTMLElement>} */ (view.querySelectorAll("details[open]"))].map(
      (each) => each.dataset.name,
    ),
  );
  const switched = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest("[data-switch]"));
  const focused = switched?.dataset.switch;
  const active = scenarios.filter((each) => each.active);
  const rest = scenarios.filter((each) => !each.active);
  fill(
    $("#scenario-list"),
    h("h2", {}, "In force ", h("span", { class: "dim" }, active.length || "")),
    active.length
      ? active.map((each) => card(each, true))
      : h("p", { class: "dim" }, "None. The natural answers are given."),
    h("h2", {}, "To switch on"),
    rest.map((each) => card(each, opened.has(each.name))),
  );
  if (focused) $(`[data-switch="${CSS.escape(focused)}"]`)?.focus();
}

function card(each, open) {
  const switcher = h(
    "button",
    {
      type: "button",
      class: "switch",
      role: "switch",
      "aria-checked": String(each.active),
      "aria-label": each.name,
      "data-switch": each.name,
      disabled: Boolean(each.mistake) && !each.active,
      onclick: () => turn(each),
    },
    h("span", { class: "track", "aria-hidden": "true" }),
  );
  const rules = h(
    "details",
    { open, "data-name": each.name },
    h("summary", {}, plural(each.rules.length, "rule"), hitsOf(each)),
    h(
      "ol",
      { class: "rules" },
      each.rules.map((rule, index) => ruleLine(each, rule, index)),
    ),
  );
  return h(
    "section",
    {
      class: `card scenario${each.active ? " on" : ""}`,
      id: `scenario-${each.name}`,
      tabindex: "-1",
      "aria-label": each.name,
    },
    h("div", { class: "card-top" }, h("h3", {}, each.name), switcher),
    each.description && h("p", {}, each.description),
    each.mistake && h("pre", { class: "problem-line" }, each.mistake),
    each.rules.length > 0 && rules,
  );
}

function hitsOf(each) {
  const hits = (each.hits || []).reduce((sum, count) => sum + count, 0);
  return each.active && h("span", { class: "dim" }, `, answered ${plural(hits, "request")}`);
}

function ruleLine(each, rule, index) {
  const { answer, when, ...rest } = rule;
  const hits = each.hits?.[index] ?? 0;
  return h(
    "li",
    { "data-rule": index + 1 },
    h(
      "div",
      { class: "rule" },
      h("div", {}, h("span", { class: "dim" }, "when "), h("code", {}, when ? yaml(when) : "every request")),
      h("div", {}, h("span", { class: "dim" }, "answer "), h("code", {}, yaml(answer))),
      Object.keys(rest).length > 0 && h("div", {}, h("code", {}, yaml(rest))),
    ),
    each.active &&
      h(
        "span",
        { class: `hits${hits ? " some" : ""}`, title: "requests that this rule answered" },
        `${hits.toLocaleString("en")} hit${hits === 1 ? "" : "s"}`,
      ),
  );
}

/** A part of a rule in one line, as a file could say it. */
function yaml(value, inside = false) {
  if (Array.isArray(value)) return `[${value.map((each) => yaml(each, true)).join(", ")}]`;
  if (value && typeof value === "object") {
    const words = Object.entries(value)
      .map(([name, each]) => `${name}: ${yaml(each, true)}`)
      .join(", ");
    return inside ? `{${words}}` : words;
  }
  return typeof value === "string" && (value === "" || /[\n,:{}[\]]/.test(value))
    ? JSON.stringify(value)
    : String(value);
}

async function turn(each) {
  const names = scenarios.filter((other) => other.active && other.name !== each.name).map((other) => other.name);
  const active = each.active ? names : [...names, each.name];
  const done = await trying(() => send("PUT", "scenarios/active", { active }));
  if (done) toast(each.active ? `${each.name} is off.` : `${each.name} is in force.`);
  await refresh();
}

// the next answers

function forceCard() {
  const what = h(
    "select",
    { id: "force-what" },
    h(
      "optgroup",
      { label: "A status" },
      choices.forcedStatuses.map((code) => h("option", { value: code }, code)),
    ),
    h(
      "optgroup",
      { label: "A fault" },
      pairs(choices.faults).map(([value, words]) => h("option", { value }, words)),
    ),
  );
  what.value = "503";
  const input = (id, more) => h("input", { id, autocomplete: "off", spellcheck: "false", ...more });
  const times = input("force-times", { type: "number", min: 1, max: 1000, value: 1 });
  const number = input("force-phone", { placeholder: "any", inputmode: "tel" });
  const key = input("force-key", { placeholder: "any" });
  const delay = input("force-delay", { placeholder: "none, or 250ms" });
  const any = h("input", { id: "force-any", type: "checkbox" });
  const field = (label, control) => h("div", { class: "labelled" }, h("label", { for: control.id }, label), control);
  const problem = h("p", { class: "problem-line", role: "alert", hidden: true });
  const go = async (event) => {
    event.preventDefault();
    const isStatus = choices.forcedStatuses.includes(Number(what.value));
    const order = {
      ...(isStatus ? { status: Number(what.value) } : { fault: what.value }),
      times: Number(times.value) || 1,
      ...optional({ phone: number.value, key: key.value, delay: delay.value }),
      ...(any.checked ? { applies: "any" } : {}),
    };
    try {
      await send("POST", "force", order);
      problem.hidden = true;
      toast(`The next ${order.times === 1 ? "answer is" : `${order.times} answers are`} forced: ${what.value}.`);
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
    await refresh();
  };
  return h(
    "section",
    { class: "card", id: "part-force", tabindex: "-1", "aria-label": "Force the next answers" },
    h("h2", {}, "Force the next answers"),
    h(
      "form",
      { class: "force", onsubmit: go },
      field("Answer", what),
      field("Times", times),
      field("Only this phone", number),
      field("Only this key", key),
      field("Delay", delay),
      h("label", { class: "check" }, any, "Also requests that are refused anyway"),
      problem,
      h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Force")),
    ),
    h("div", { id: "waiting", "aria-live": "polite" }),
  );
}

const optional = (parts) =>
  Object.fromEntries(
    Object.entries(parts)
      .map(([n, v]) => [n, v.trim()])
      .filter(([, v]) => v),
  );

function drawWaiting(forced) {
  const line = (order) => {
    const { id, left, times, ...what } = order;
    const words = Object.entries(what).map(([name, value]) =>
      name === "phone" ? `phone: ${phone(value)}` : `${name}: ${yaml(value, true)}`,
    );
    return h("li", {}, h("code", {}, words.join(", ")), h("span", { class: "hits some" }, `${left} of ${times} left`));
  };
  const clear = async () => {
    await trying(() => send("DELETE", "force"));
    await refresh();
  };
  fill(
    $("#waiting"),
    h("h3", {}, "Still waiting"),
    forced.length
      ? [h("ul", { class: "rules" }, forced.map(line)), button("Forget them", clear)]
      : h("p", { class: "dim" }, "Nothing is forced."),
  );
}

// what works without being asked for

async function cheatSheet() {
  const found = await trying(() => config());
  const { numbers = [], keys = [] } = found?.magic || {};
  const table = (caption, rows) =>
    h(
      "table",
      {},
      h("caption", {}, caption),
      h(
        "thead",
        { class: "away" },
        h(
          "tr",
          {},
          ["What to send", "What is answered", "Copy"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([what, does]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row", class: "mono" }, what),
            h("td", {}, does),
            h("td", { class: "end" }, copyButton(what, what)),
          ),
        ),
      ),
    );
  fill(
    $("#part-number"),
    h("h2", {}, "Magic numbers and keys"),
    h("p", { class: "dim" }, "In any area code. A wrong lead still gets its true 400."),
    numbers.length
      ? table(
          "Phone numbers",
          numbers.map((each) => [`(509) ${each.phoneNumber}`, each.does]),
        )
      : h("p", { class: "dim" }, "Numbers are ordinary here (--no-magic)."),
    keys.length > 0 &&
      table(
        "Keys",
        keys.map((each) => [each.key, each.does]),
      ),
  );
}

/** Where a link from a request leads: the rule, or the part, that forced its answer. */
function point() {
  const wanted = query();
  const scenario = wanted.get("scenario");
  const part = wanted.get("part");
  if (!scenario && !part) return void (pointed = "");
  if (pointed === location.search) return;
  pointed = location.search;
  const card = document.getElementById(
    scenario ? `scenario-${scenario}` : part === "force" ? "part-force" : "part-number",
  );
  if (!card) return toast(`${scenario} isn't there any more.`, "bad");
  for (const each of card.querySelectorAll("details")) each.open = true;
  const target = card.querySelector(`[data-rule="${CSS.escape(wanted.get("rule") || "")}"]`) || card;
  target.classList.add("pointed");
  target.scrollIntoView({ block: "center" });
  card.focus({ preventScroll: true });
}
