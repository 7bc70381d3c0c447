// Pretty-prints JSON without parsing it: a parser would lose repeated names and turn 1.0 into 1.

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|\{\s*\}|\[\s*\]|[{}[\],:]/y;
const MOST = 3000;

/**
 * @typedef {object} Line
 * @property {number} depth how many objects and arrays are around it
 * @property {string | null} path that of the value that begins on it, such as `metadata.source`
 * @property {[kind: "mark" | "name" | "text" | "value", text: string][]} parts
 * @property {boolean} closes whether it ends an object or array
 */

/**
 * Its lines; null if it isn't JSON or is too long.
 * @param {string} text
 */
export function pretty(text) {
  const source = text.replace(/^\ufeff/, "");
  try {
    JSON.parse(source);
  } catch {
    return null;
  }
  const layout = new Layout();
  for (const token of tokensOf(source)) {
    layout.add(token);
    if (layout.lines.length > MOST) return null;
  }
  return layout.lines;
}

/**
 * Add line breaks and change nothing else.
 * @param {string} text
 */
export function indented(text) {
  const lines = pretty(text);
  if (!lines) return text;
  return lines.map(({ depth, parts }) => "  ".repeat(depth) + parts.map(([, part]) => part).join("")).join("\n");
}

/** Collects tokens into lines. */
class Layout {
  /** @type {Line[]} */
  lines = [];
  /** @type {{ isObject: boolean, index: number, path: string }[]} every object and array around */
  #around = [];

  constructor() {
    this.#begin();
  }

  /** @param {string} token */
  add(token) {
    switch (token) {
      case "{":
      case "[":
        return this.#open(token);
      case "}":
      case "]":
        return this.#close(token);
      case ",":
        return this.#separate();
      case ":":
        return this.#line.parts.push(["mark", ": "]);
      default:
        return this.#put(token);
    }
  }

  get #line() {
    return this.lines[this.lines.length - 1];
  }

  get #inside() {
    return this.#around.at(-1);
  }

  #begin() {
    this.lines.push({ depth: this.#around.length, path: null, parts: [], closes: false });
  }

  /** @param {string} mark */
  #open(mark) {
    this.#beginElement();
    this.#line.parts.push(["mark", mark]);
    this.#around.push({ isObject: mark === "{", index: 0, path: this.#line.path ?? "" });
    this.#begin();
  }

  /** @param {string} mark */
  #close(mark) {
    this.#around.pop();
    this.#begin();
    this.#line.closes = true;
    this.#line.parts.push(["mark", mark]);
  }

  #separate() {
    this.#line.parts.push(["mark", ","]);
    if (this.#inside) this.#inside.index++;
    this.#begin();
  }

  /** @param {string} token */
  #put(token) {
    const inside = this.#inside;
    if (inside?.isObject && !this.#line.parts.length) {
      this.#line.path = join(inside.path, JSON.parse(token));
      this.#line.parts.push(["name", token]);
      return;
    }
    this.#beginElement();
    const isEmpty = token === "{}" || token === "[]";
    this.#line.parts.push([isEmpty ? "mark" : token[0] === '"' ? "text" : "value", token]);
  }

  /** The name of an array's element is its index. */
  #beginElement() {
    const inside = this.#inside;
    if (inside && !inside.isObject && !this.#line.parts.length) this.#line.path = join(inside.path, inside.index);
  }
}

/**
 * @param {string} path
 * @param {string | number} name
 */
const join = (path, name) => (path ? `${path}.${name}` : String(name));

/** @param {string} source */
function tokensOf(source) {
  TOKEN.lastIndex = 0;
  const found = [];
  for (let match = TOKEN.exec(source); match; match = TOKEN.exec(source)) {
    const [token] = match;
    if (token.trim()) found.push("{[".includes(token[0]) ? token.replace(/\s/g, "") : token);
  }
  return found;
}
