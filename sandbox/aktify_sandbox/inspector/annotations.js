// Assigns remarks to the lines of a body. Doesn't use the DOM.

/** @typedef {import("./json.js").Line} Line */
/** @typedef {LeadProblem & { kind: "problem" | "note" }} Remark */
/**
 * A line with the kind of its remark, the name of a missing field, or a remark.
 * @typedef {{ line: Line, kind: Remark["kind"] | null } | { missing: string } | { remark: Remark }} Row
 */

/**
 * @param {Pick<RecordedRequest, "problems" | "notes">} entry
 * @returns {Remark[]}
 */
export const remarksOn = ({ problems, notes }) => [
  ...problems.map((each) => ({ ...each, kind: /** @type {const} */ ("problem") })),
  ...notes.map((each) => ({ ...each, kind: /** @type {const} */ ("note") })),
];

/**
 * Put each remark under the line of its field, once; for a missing field, before the end.
 * @param {Line[]} lines
 * @param {Remark[]} remarks
 */
export function annotated(lines, remarks) {
  const paths = new Set(lines.map(({ path }) => path));
  const missing = remarks.filter(({ field }) => field && !paths.has(field));
  const end = lines.at(-1)?.closes ? lines.length - 1 : -1;
  /** @type {Row[]} */
  const rows = [...(end < 0 ? missing : []), ...remarks.filter(({ field }) => !field)].map((remark) => ({ remark }));
  const done = new Set([""]);
  lines.forEach((line, index) => {
    if (index === end) rows.push(...missing.flatMap((remark) => [{ missing: remark.field }, { remark }]));
    const here = line.path === null || done.has(line.path) ? [] : remarks.filter(({ field }) => field === line.path);
    if (line.path !== null) done.add(line.path);
    rows.push({ line, kind: here[0]?.kind ?? null }, ...here.map((remark) => ({ remark })));
  });
  return rows;
}

/**
 * A text, marked at the character where its JSON syntax fails.
 * @param {string} text
 * @param {Place | null} place
 * @param {number} most how many lines are shown
 */
export function marked(text, place, most) {
  const lines = text.split("\n");
  const shown = lines.slice(0, most).map((line, index) => {
    if (place?.line !== index + 1) return { before: line, mark: null, after: "" };
    const at = place.column - 1;
    return { before: line.slice(0, at), mark: line.slice(at, at + 1) || "␣", after: line.slice(at + 1) };
  });
  return { lines: shown, left: Math.max(0, lines.length - most) };
}
