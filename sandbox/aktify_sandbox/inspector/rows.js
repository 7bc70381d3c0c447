// The list: any number of rows, of which only those in sight (and a few around) are elements.
import { $, badge, h } from "./dom.js";
import { Entries } from "./entries.js";
import { masked, phone } from "./masking.js";
import { clock, duration, statusOf } from "./words.js";

const ordinary = (record) => record.method === "POST" && record.path === "/api/v1/leads" && !record.query;

const AROUND = 8;
const MOST = 300_000; // an element can't be higher than some 30 million pixels

export class Rows {
  #entries = new Entries(MOST);
  height = 34;
  head = 30;
  hidden = 0; // how many have arrived above what is in sight
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();
  #slack = 0;
  #drawing = 0;

  /** `on` has `open(record)`, `older()` and `seen()`. */
  constructor(on) {
    this.on = on;
    this.box = $("#list");
    this.body = $("#rows");
    /** @type {string | null} */
    this.selected = null;
    this.box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.box.addEventListener("click", (event) => this.#clicked(event));
    new ResizeObserver(() => this.#measure()).observe(this.box);
    this.#measure();
  }

  #measure() {
    if (!this.box.clientWidth) return; // hidden: nothing to measure
    const compact = this.box.clientWidth < 760;
    const before = { height: this.height, head: this.head, top: this.box.scrollTop };
    this.box.classList.toggle("compact", compact);
    this.height = compact ? 54 : 34;
    this.head = compact ? 0 : 30;
    if (before.height !== this.height) this.#stay(before);
    this.#redraw();
  }

  /** Rows have another height now: the selected one stays where it is on the screen, or else the first in sight. */
  #stay({ height, head, top }) {
    const selected = this.selected === null ? -1 : this.#entries.indexOf(this.selected);
    const place = selected * height - top;
    const seen = selected >= 0 && place > -height && head + place < this.box.clientHeight;
    const wanted = seen ? selected * this.height - place + this.head - head : (top / height) * this.height;
    if (this.#slack) this.#slack = wanted + this.box.clientHeight;
    this.draw();
    this.box.scrollTop = wanted;
  }

  // what is in it

  get records() {
    return this.#entries.all;
  }

  /** The id before which older ones lie; null: none. */
  get more() {
    return this.#entries.more;
  }

  replace(records, more) {
    this.#entries.clear();
    this.hidden = 0;
    this.#slack = 0;
    this.append(records, more);
    this.box.scrollTop = 0;
    if (this.selected !== null) this.#reveal(this.#entries.indexOf(this.selected));
    this.#redraw();
  }

  append(records, more) {
    this.#entries.append(records, more);
    this.draw();
  }

  /** New ones on top (or where they belong); what is in sight stays where it is. */
  insert(records) {
    const added = this.#entries.insert(records.filter((record) => !this.update(record)));
    if (!added) return;
    if (this.selected !== null || this.box.scrollTop > 0) {
      this.hidden += added;
      const top = this.box.scrollTop + added * this.height;
      this.#slack = top + this.box.clientHeight;
      this.draw();
      this.box.scrollTop = top;
    }
    this.draw();
  }

  /** Whether it was known. */
  update(record) {
    if (!this.#entries.update(record)) return false;
    this.#shown.get(record.id)?.remove();
    this.#shown.delete(record.id);
    this.draw();
    return true;
  }

  // which one is meant

  select(id, { scroll = true } = {}) {
    this.selected = id;
    if (scroll && id !== null) this.#reveal(this.#entries.indexOf(id));
    for (const [shown, row] of this.#shown) row.setAttribute("aria-selected", String(shown === id));
    this.draw();
  }

  /** The record so many places from the selected one; the first in sight when none is. */
  neighbour(steps) {
    const at = this.selected === null ? -1 : this.#entries.indexOf(this.selected);
    if (at < 0) return this.records[Math.round(this.box.scrollTop / this.height)];
    return this.records[Math.max(0, Math.min(this.records.length - 1, at + steps))];
  }

  #reveal(index) {
    if (index < 0) return;
    const top = index * this.height;
    const room = this.box.clientHeight - this.head - this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top > this.box.scrollTop + room) this.box.scrollTop = top - room;
  }

  toTop() {
    this.box.scrollTop = 0;
    this.#scrolled();
  }

  // what is in sight

  #scrolled() {
    if (this.box.scrollTop < this.hidden * this.height) {
      this.hidden = Math.floor(this.box.scrollTop / this.height);
      this.on.seen();
    }
    if (this.box.scrollTop === 0) this.#slack = 0;
    this.draw();
  }

  #redraw() {
    for (const row of this.#shown.values()) row.remove();
    this.#shown.clear();
    this.draw();
    this.#drawNow(); // not a frame without rows
  }

  redraw() {
    this.#redraw();
  }

  draw() {
    this.body.style.height = `${Math.max(this.records.length * this.height, this.#slack - this.head)}px`;
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#drawNow();
    });
  }

  #drawNow() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - AROUND);
    const last = Math.min(
      this.records.length,
      Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + AROUND,
    );
    const wanted = new Map();
    for (let index = first; index < last; index++) wanted.set(this.records[index].id, index);
    for (const [id, row] of this.#shown) {
      if (!wanted.has(id)) {
        row.remove();
        this.#shown.delete(id);
      }
    }
    for (const [id, index] of wanted) this.#place(id, index);
    this.#order(wanted);
    this.box.setAttribute("aria-rowcount", this.more ? "-1" : this.records.length + 1);
    const active = this.selected === null ? null : this.#shown.get(this.selected);
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
    if (this.more && last > this.records.length - 100) this.on.older();
  }

  #place(id, index) {
    const row = this.#shown.get(id) ?? this.#row(this.records[index]);
    this.#shown.set(id, row);
    row.style.transform = `translateY(${index * this.height}px)`;
    row.setAttribute("aria-rowindex", String(index + 2));
  }

  /** In the document's order too, for those who read it in that order. */
  #order(wanted) {
    /** @type {HTMLElement | null} */
    let previous = null;
    for (const id of wanted.keys()) {
      const row = /** @type {HTMLElement} */ (this.#shown.get(id));
      /** @type {ChildNode | null} */
      const place = previous ? previous.nextSibling : this.body.firstChild;
      if (row !== place) this.body.insertBefore(row, place);
      previous = row;
    }
  }

  #row(record) {
    const cell = (name, ...content) => h("span", { class: `c-${name}`, role: "gridcell" }, content);
    const odd = !ordinary(record);
    const where = record.query ? `${record.path}?${record.query}` : record.path;
    const reason = masked(record.reason.rule);
    return h(
      "div",
      {
        class: "row",
        role: "row",
        id: `row-${record.id}`,
        "data-id": record.id,
        "aria-selected": String(record.id === this.selected),
      },
      cell("time", h("time", { datetime: record.receivedAt, title: record.receivedAt }, clock(record.receivedAt))),
      cell("status", badge(statusOf(record))),
      cell("lead", phone(record.phone)),
      cell("campaign", record.campaign),
      cell(
        "why",
        odd && record.method && h("code", { class: "where" }, masked(`${record.method} ${where}`.slice(0, 200))),
        record.reason.scenario && h("span", { class: "tag" }, "forced"),
        h("span", { title: reason.slice(0, 500) }, reason.slice(0, 300)),
      ),
      cell("ms", duration(record.durationMs + (record.delayMs || 0)).replace(" ms", "")),
    );
  }

  #clicked(event) {
    const row = event.target.closest("[data-id]");
    if (row) this.on.open(this.#entries.find(row.dataset.id));
  }
}
