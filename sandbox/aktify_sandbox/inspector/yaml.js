// Formats a part of a scenario rule as one line of YAML.

/**
 * @param {unknown} value
 * @param {boolean} [isInside] whether it stands in an object or array
 * @returns {string}
 */
export function inline(value, isInside = false) {
  if (Array.isArray(value)) return `[${value.map((each) => inline(each, true)).join(", ")}]`;
  if (value && typeof value === "object") {
    const words = Object.entries(value).map(([name, each]) => `${name}: ${inline(each, true)}`);
    return isInside ? `{${words.join(", ")}}` : words.join(", ");
  }
  const needsQuotes = typeof value === "string" && (value === "" || /[\n,:{}[\]]/.test(value));
  return needsQuotes ? JSON.stringify(value) : String(value);
}
