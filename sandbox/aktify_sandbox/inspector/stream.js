// The live stream: resumes after a break, and closes while the page is hidden.

const AGAIN_AFTER = 1000;
const HIDDEN_FOR = 10_000; // browsers allow six connections to a host: a hidden tab must not use one

/** @typedef {"connecting" | "live" | "reconnecting" | "asleep"} State */
/**
 * @typedef {object} Listener
 * @property {(word: State) => void} state
 * @property {(again: boolean) => void} hello the stream is open; `again` after a break
 * @property {(summary: Summary) => void} request
 * @property {(summary: Summary) => void} amended
 * @property {() => void} reload the record was cleared or loaded
 * @property {() => void} refused the stream was never open: the listener finds out why, and sets the state
 */

export class RequestStream {
  /** @type {EventSource | null} */
  #source = null;
  #query = new URLSearchParams();
  /** @type {string | null} the id of the newest that was seen */
  #after = null;
  /** @type {string | null} the process that answers */
  #run = null;
  #timer = 0;
  #asleep = 0;
  #wanted = false;
  #greeted = false;

  /** @param {Listener} on */
  constructor(on) {
    this.on = on;
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /**
   * Start; `resume` continues from the last position, if there is one.
   * @param {URLSearchParams} query
   * @param {{ resume?: boolean }} [how]
   */
  open(query, { resume = false } = {}) {
    this.close();
    this.#wanted = true;
    if (!resume || query.toString() !== this.#query.toString()) this.#after = null;
    this.#query = query;
    this.on.state("connecting");
    this.#connect();
    this.#look(); // it may have been opened in the background
  }

  get isOpen() {
    return this.#wanted;
  }

  get isLive() {
    return this.#source !== null && this.#greeted;
  }

  close() {
    this.#wanted = false;
    this.#disconnect();
  }

  #disconnect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    this.#disconnect();
    this.#greeted = false;
    const query = new URLSearchParams(this.#query);
    if (this.#after) query.set("after", this.#after);
    const source = new EventSource(`requests/stream?${query}`);
    this.#source = source;
    source.addEventListener("hello", (event) => this.#hello(JSON.parse(event.data)));
    source.addEventListener("amended", (event) => this.on.amended(JSON.parse(event.data)));
    source.addEventListener("cleared", () => this.on.reload());
    source.onmessage = (event) => {
      this.#after = event.lastEventId || this.#after;
      this.on.request(JSON.parse(event.data));
    };
    source.onerror = () => {
      this.#disconnect();
      if (this.#greeted) this.on.state("reconnecting");
      else this.on.refused();
      this.#timer = setTimeout(() => this.#connect(), AGAIN_AFTER);
    };
  }

  /** @param {{ newest: string, run: string }} greeting */
  #hello({ newest, run }) {
    const again = this.#after !== null;
    const restarted = this.#run !== null && this.#run !== run;
    this.#run = run;
    this.#greeted = true;
    if (again && restarted) {
      this.#after = null; // another process may have other requests, so this position means nothing
      this.on.reload();
      this.#connect();
      return;
    }
    this.#after ??= newest;
    this.on.state("live");
    this.on.hello(again);
  }

  #sleep() {
    if (!this.#wanted) return;
    this.#disconnect();
    this.on.state("asleep");
  }

  #look() {
    clearTimeout(this.#asleep);
    if (document.hidden) {
      this.#asleep = setTimeout(() => this.#sleep(), HIDDEN_FOR);
    } else if (this.#wanted && !this.#source) {
      this.#connect();
    }
  }
}
