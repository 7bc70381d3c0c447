// The entries of the list, newest first. Doesn't use the DOM.

export class Entries {
  /** @type {Summary[]} */
  all = [];
  /** @type {string | null} the id before which older ones lie; null: none */
  more = null;
  /** @type {Map<string, Summary>} */
  #byId = new Map();

  /** @param {number} most how many are held; the oldest go first */
  constructor(most) {
    this.most = most;
  }

  clear() {
    this.all = [];
    this.#byId.clear();
  }

  /**
   * Append older entries.
   * @param {Summary[]} entries
   * @param {string | null} more
   */
  append(entries, more) {
    for (const entry of entries) if (!this.#byId.has(entry.id)) this.#add(entry, this.all.length);
    this.more = more;
  }

  /**
   * Add new entries in order. Returns how many were added.
   * @param {Summary[]} entries none of them known
   */
  insert(entries) {
    const before = this.all.length;
    const fresh = [...entries].sort((a, b) => (a.id < b.id ? 1 : -1));
    if (fresh.length && (!before || fresh[fresh.length - 1].id > this.all[0].id)) {
      for (const entry of fresh) this.#byId.set(entry.id, entry);
      this.all = [...fresh, ...this.all]; // adding one by one would move all others each time
    } else {
      for (const entry of fresh) this.#add(entry, this.#placeOf(entry.id));
    }
    const added = this.all.length - before;
    if (added) this.#trim();
    return added;
  }

  /**
   * Replace an entry. Returns whether it was known.
   * @param {Summary} entry
   */
  update(entry) {
    const known = this.#byId.get(entry.id);
    if (known) Object.assign(known, entry);
    return known !== undefined;
  }

  /** @param {string} id */
  find(id) {
    return this.#byId.get(id);
  }

  /** @param {string} id */
  indexOf(id) {
    const place = this.#placeOf(id);
    return this.all[place]?.id === id ? place : -1;
  }

  /** @param {string} id */
  #placeOf(id) {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle].id > id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * @param {Summary} entry
   * @param {number} place
   */
  #add(entry, place) {
    this.all.splice(place, 0, entry);
    this.#byId.set(entry.id, entry);
  }

  #trim() {
    if (this.all.length < this.most) return;
    for (const entry of this.all.splice(this.most)) this.#byId.delete(entry.id);
    this.more = this.all[this.most - 1].id;
  }
}
