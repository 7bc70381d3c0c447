// JSON, pretty, exactly as it was sent: a parser would lose repeated names and turn 1.0 into 1.

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[{}[\],:]/y;
const MOST = 3000;

/** Lines of `{depth, path, parts}`, each part `[kind, text]`; null when it isn't JSON, or too much of it. */
export function pretty(text) {
  const source = text.replace(/^\ufeff/, "");
  try {
    JSON.parse(source);
  } catch {
    return null;
  }
  const tokens = tokensOf(source);
  const lines = [];
  const inside = []; // `{names, index, path}` of every object and array around
  let line;
  const begin = () => lines.push((line = { depth: inside.length, path: null, parts: [] }));
  begin();
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const around = inside[inside.length - 1];
    if (line.path === null && !line.parts.length && around && !around.names && token !== "]") {
      line.path = join(around.path, around.index);
    }
    if (token === "{" || token === "[") {
      if (tokens[at + 1] === (token === "{" ? "}" : "]")) {
        line.parts.push(["mark", token + tokens[++at]]);
        continue;
      }
      line.parts.push(["mark", token]);
      inside.push({ names: token === "{", index: 0, path: line.path ?? "" });
      begin();
    } else if (token === "}" || token === "]") {
      inside.pop();
      begin();
      line.closes = true;
      line.parts.push(["mark", token]);
    } else if (token === ",") {
      line.parts.push(["mark", ","]);
      around.index++;
      begin();
    } else if (token === ":") {
      line.parts.push(["mark", ": "]);
    } else if (around?.names && !line.parts.length) {
      line.path = join(around.path, JSON.parse(token));
      line.parts.push(["name", token]);
    } else {
      line.parts.push([token[0] === '"' ? "text" : "value", token]);
    }
    if (lines.length > MOST) return null;
  }
  return lines;
}

const join = (path, name) => (path ? `${path}.${name}` : String(name));

function tokensOf(source) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(source)); ) if (match[0].trim()) found.push(match[0]);
  return found;
}
