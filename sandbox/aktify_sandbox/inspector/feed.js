// The live stream: opened again after every break from where it was, and closed while nobody looks.

const AGAIN_AFTER = 1000;
const HIDDEN_FOR = 10_000; // browsers allow six connections to a host: a tab that nobody looks at must not hold one

export class Feed {
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

  /** `on` has `state(word)`, `hello(again)`, `request(summary)`, `amended(summary)`, `reload()` and `refused()`. */
  constructor(on) {
    this.on = on;
    document.addEventListener("visibilitychange", () => this.#look());
  }

  /** From now on; `resume` goes on from where it was, if it has been anywhere. */
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
    const source = (this.#source = new EventSource(`requests/stream?${query}`));
    source.addEventListener("hello", (event) => this.#hello(JSON.parse(event.data)));
    source.addEventListener("amended", (event) => this.on.amended(JSON.parse(event.data)));
    source.addEventListener("cleared", () => this.on.reload());
    source.onmessage = (event) => {
      this.#after = event.lastEventId || this.#after;
      this.on.request(JSON.parse(event.data));
    };
    source.onerror = () => {
      this.#disconnect();
      this.on.state("reconnecting");
      if (!this.#greeted) this.on.refused();
      this.#timer = setTimeout(() => this.#connect(), AGAIN_AFTER);
    };
  }

  #hello({ newest, run }) {
    const again = this.#after !== null;
    const restarted = this.#run !== null && this.#run !== run;
    this.#run = run;
    this.#greeted = true;
    if (again && restarted) {
      this.#after = null; // another process may have another record: what was seen says nothing of it
      this.#connect();
      return;
    }
    this.#after ??= newest;
    this.on.state("live");
    this.on.hello(again);
  }

  #look() {
    clearTimeout(this.#asleep);
    if (document.hidden) {
      this.#asleep = setTimeout(() => this.#wanted && (this.#disconnect(), this.on.state("asleep")), HIDDEN_FOR);
    } else if (this.#wanted && !this.#source) {
      this.#connect();
    }
  }
}
