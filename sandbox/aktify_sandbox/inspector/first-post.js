// The first post of a duplicate, and the differences from it.
import { h, link, rowHead, scrollable, table, td, tr } from "./dom.js";
import { phone } from "./masking.js";
import { clock } from "./words.js";

/** @param {RecordedRequest} entry */
export function firstPost({ firstPost: post }) {
  if (post === undefined) return null;
  if (!post) return h("p", { class: "dim" }, "The first post of this number is no longer in the record.");
  const rows = differences(post).map(([name, then, now]) => tr(rowHead(name), td(value(then)), td(value(now))));
  return h(
    "section",
    { class: "first", "aria-label": "The first post" },
    h(
      "h3",
      {},
      "First post ",
      post.id ? link({ request: post.id }, post.id) : "imported",
      h("span", { class: "dim" }, ` at ${clock(post.receivedAt)}; both numbers normalize to ${phone(post.phone)}`),
    ),
    scrollable("What differs", table(["Field", "Then", "Now"], rows)),
  );
}

/**
 * The phone number first, also when it is unchanged.
 * @param {FirstPost} post
 * @returns {[field: string, then: unknown, now: unknown][]}
 */
function differences({ phoneNumber, differences }) {
  const isNumber = (/** @type {{ field: string }} */ { field }) => field === "phoneNumber";
  const number = differences.find(isNumber);
  const others = differences.filter((each) => !isNumber(each));
  return [
    ["phoneNumber", phoneNumber, number ? number.this : phoneNumber],
    ...others.map((each) => /** @type {[string, unknown, unknown]} */ ([each.field, each.first, each.this])),
  ];
}

/** @param {unknown} of */
const value = (of) => (of == null ? h("span", { class: "dim" }, "not sent") : h("code", {}, JSON.stringify(of)));
