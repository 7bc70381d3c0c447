// Phone numbers and keys that force an answer by themselves.
import { copyButton } from "./clipboard.js";
import { $, fill, h, rowHead, table, td, tr } from "./dom.js";

export const magicCard = () =>
  h("section", { class: "card", id: "part-number", tabindex: "-1", "aria-label": "Magic numbers and keys" });

/** @param {Config["magic"]} magic */
export function drawMagic({ numbers, keys }) {
  fill(
    $("#part-number"),
    h("h2", {}, "Magic numbers and keys"),
    h("p", { class: "dim" }, "Numbers work with any area code. An invalid lead still gets its real 400."),
    numbers.length
      ? sheet(
          "Phone numbers",
          numbers.map(({ phoneNumber, does }) => [`(509) ${phoneNumber}`, does]),
        )
      : h("p", { class: "dim" }, "Magic numbers are off (--no-magic)."),
    keys.length > 0 &&
      sheet(
        "Keys",
        keys.map(({ key, does }) => [key, does]),
      ),
  );
}

/**
 * @param {string} caption
 * @param {[what: string, does: string][]} lines
 */
function sheet(caption, lines) {
  const rows = lines.map(([what, does]) =>
    tr(rowHead(what, "mono"), td(does), h("td", { class: "end" }, copyButton(what, what))),
  );
  return table(["What to send", "What is answered", "Copy"], rows, {}, { caption, areHeadsHidden: true });
}
