// A virtual list: only the visible rows, and a few around them, are elements.
import { $, badge, h } from "./dom.js";
import { Entries } from "./entries.js";
import { masked, phone } from "./masking.js";
import { clock, day, duration, statusOf, targetOf } from "./words.js";

/** @param {Summary} entry */
const isOrdinary = ({ method, path, query }) => method === "POST" && path === "/api/v1/leads" && !query;

const AROUND = 8;
const MOST = 300_000; // an element can't be higher than some 30 million pixels

export class Rows {
  #entries = new Entries(MOST);
  height = 34;
  head = 30;
  hidden = 0; // how many have arrived above the visible rows
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();
  #slack = 0;
  #drawing = 0;
  /** @type {HTMLElement | null} */
  #pressed = null;

  /** @param {{ open: (id: string) => void, older: () => void, seen: () => void }} on */
  constructor(on) {
    this.on = on;
    this.box = $("#list");
    this.body = $("#rows");
    /** @type {string | null} */
    this.selected = null;
    this.box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.box.addEventListener("pointerdown", (event) => {
      this.#pressed = rowOf(event);
    });
    this.box.addEventListener("pointerup", (event) => this.#released(event));
    this.box.addEventListener("click", (event) => this.#open(rowOf(event)));
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
    if (before.height === this.height) return this.draw();
    this.#stay(before);
    this.#redraw();
  }

  /**
   * Row heights changed: keep the selected row in place, or else the first visible one.
   * @param {{ height: number, head: number, top: number }} before
   */
  #stay({ height, head, top }) {
    const selected = this.selected === null ? -1 : this.#entries.indexOf(this.selected);
    const place = selected * height - top;
    const seen = selected >= 0 && place > -height && head + place < this.box.clientHeight;
    const wanted = seen ? selected * this.height - place + this.head - head : (top / height) * this.height;
    if (this.#slack) this.#slack = wanted + this.box.clientHeight;
    this.draw();
    this.box.scrollTop = wanted;
  }

  // content

  get entries() {
    return this.#entries.all;
  }

  /** The id from which older entries continue; null: none. */
  get more() {
    return this.#entries.more;
  }

  /**
   * @param {Summary[]} entries
   * @param {string | null} more
   */
  replace(entries, more) {
    this.#entries.clear();
    this.hidden = 0;
    this.#slack = 0;
    this.append(entries, more);
    this.box.scrollTop = 0;
    if (this.selected !== null) this.#reveal(this.#entries.indexOf(this.selected));
    this.#redraw();
  }

  /**
   * @param {Summary[]} entries
   * @param {string | null} more
   */
  append(entries, more) {
    this.#entries.append(entries, more);
    this.draw();
  }

  /**
   * Add new entries in order, without moving the visible rows.
   * @param {Summary[]} entries
   */
  insert(entries) {
    const added = this.#entries.insert(entries.filter((entry) => !this.update(entry)));
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

  /**
   * Returns whether it was known.
   * @param {Summary} entry
   */
  update(entry) {
    if (!this.#entries.update(entry)) return false;
    this.#shown.get(entry.id)?.remove();
    this.#shown.delete(entry.id);
    this.draw();
    return true;
  }

  // selection

  /**
   * @param {string | null} id
   * @param {{ scroll?: boolean }} [how]
   */
  select(id, { scroll = true } = {}) {
    this.selected = id;
    if (scroll && id !== null) this.#reveal(this.#entries.indexOf(id));
    for (const [shown, row] of this.#shown) row.setAttribute("aria-selected", String(shown === id));
    this.draw();
  }

  /**
   * The entry at this distance from the selected one; the first visible one if none is selected.
   * @param {number} steps
   * @returns {Summary | undefined}
   */
  neighbour(steps) {
    const at = this.selected === null ? -1 : this.#entries.indexOf(this.selected);
    if (at < 0) return this.entries[Math.round(this.box.scrollTop / this.height)];
    return this.entries[Math.max(0, Math.min(this.entries.length - 1, at + steps))];
  }

  /** @param {number} index */
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

  // visible rows

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
    this.#drawNow(); // otherwise one frame would have no rows
  }

  redraw() {
    this.#redraw();
  }

  draw() {
    this.body.style.height = `${Math.max(this.entries.length * this.height, this.#slack - this.head)}px`;
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#drawNow();
    });
  }

  #drawNow() {
    const wanted = this.#inSight();
    for (const [id, row] of this.#shown) {
      if (!wanted.has(id)) {
        row.remove();
        this.#shown.delete(id);
      }
    }
    for (const [id, index] of wanted) this.#position(id, index);
    this.#order(wanted);
    this.#describe();
    const last = Math.max(0, ...wanted.values());
    if (this.more && last >= this.entries.length - 100) this.on.older();
  }

  /** The ids of visible rows (and a few around) with their indexes. */
  #inSight() {
    const top = this.box.scrollTop;
    const first = Math.max(0, Math.floor(top / this.height) - AROUND);
    const end = Math.ceil((top + this.box.clientHeight) / this.height) + AROUND;
    return new Map(this.entries.slice(first, end).map(({ id }, index) => [id, first + index]));
  }

  /** For screen readers. */
  #describe() {
    this.box.setAttribute("aria-rowcount", this.more ? "-1" : String(this.entries.length + 1));
    const active = this.selected === null ? null : this.#shown.get(this.selected);
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /**
   * @param {string} id
   * @param {number} index
   */
  #position(id, index) {
    const row = this.#shown.get(id) ?? this.#row(this.entries[index]);
    this.#shown.set(id, row);
    const isFirstOfDay = index > 0 && dayOf(this.entries[index]) !== dayOf(this.entries[index - 1]);
    if (isFirstOfDay) row.dataset.day = dayOf(this.entries[index]);
    else delete row.dataset.day;
    row.style.transform = `translateY(${index * this.height}px)`;
    row.setAttribute("aria-rowindex", String(index + 2));
  }

  /**
   * Keep the order of the document too, for screen readers.
   * @param {Map<string, number>} wanted
   */
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

  /** @param {Summary} entry */
  #row(entry) {
    return h(
      "div",
      {
        class: "row",
        role: "row",
        id: `row-${entry.id}`,
        "data-id": entry.id,
        "aria-selected": String(entry.id === this.selected),
      },
      cell("time", h("time", { datetime: entry.receivedAt, title: entry.receivedAt }, clock(entry.receivedAt))),
      cell("status", badge(statusOf(entry))),
      cell("lead", phone(entry.phone)),
      cell("campaign", entry.campaign),
      cell("why", why(entry)),
      cell("ms", duration(entry.durationMs + (entry.delayMs || 0)).replace(" ms", "")),
    );
  }

  /**
   * Open the pressed row if it was drawn anew meanwhile: the browser then sends no click.
   * @param {PointerEvent} event
   */
  #released(event) {
    const row = rowOf(event);
    if (this.#pressed?.isConnected === false && row?.dataset.id === this.#pressed.dataset.id) this.#open(row);
  }

  /** @param {HTMLElement | null} row */
  #open(row) {
    if (row?.dataset.id) this.on.open(row.dataset.id);
  }
}

/**
 * @param {Event} event
 * @returns {HTMLElement | null}
 */
const rowOf = ({ target }) => /** @type {Element} */ (target).closest("[data-id]");

/** @param {Summary} entry */
const dayOf = ({ receivedAt }) => day(receivedAt);

/**
 * @param {string} name
 * @param {import("./dom.js").Child} content
 */
const cell = (name, content) => h("span", { class: `c-${name}`, role: "gridcell" }, content);

/** @param {Summary} entry */
function why(entry) {
  const reason = masked(entry.reason.rule);
  const isOdd = !isOrdinary(entry) && entry.method;
  return [
    isOdd && h("code", { class: "where" }, masked(`${entry.method} ${targetOf(entry)}`.slice(0, 200))),
    entry.reason.scenario && h("span", { class: "tag" }, "forced"),
    h("span", { title: reason.slice(0, 500) }, reason.slice(0, 300)),
  ];
}
