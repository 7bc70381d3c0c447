// Converts the endpoint's document into a Postman collection, as Postman does when it imports it, and sends its requests.
import { readFileSync, writeFileSync } from "node:fs";
import converter from "openapi-to-postmanv2";
import sdk from "postman-collection";

const [document, target, baseUrl, apiKey] = process.argv.slice(2);
const options = { parametersResolution: "Example", folderStrategy: "Tags" };
const json = await new Promise((resolve, reject) =>
  converter.convertV2({ type: "string", data: readFileSync(document, "utf8") }, options, (error, result) =>
    error || !result.result ? reject(error ?? new Error(result.reason)) : resolve(result.output[0].data),
  ),
);
writeFileSync(target, JSON.stringify(json));

const collection = new sdk.Collection(json);
const variables = new sdk.VariableList(null, [
  { key: "baseUrl", value: baseUrl },
  { key: "apiKey", value: apiKey },
]);
const resolved = (value) => sdk.Property.replaceSubstitutionsIn(value, [variables]);

async function sent(request) {
  const { method, url, header = [], body, auth } = resolved(request.toJSON());
  const headers = Object.fromEntries(header.map(({ key, value }) => [key, value]));
  const given = Object.fromEntries((auth?.apikey ?? []).map(({ key, value }) => [key, value]));
  if (given.in === "header") headers[given.key] = given.value;
  const answer = await fetch(resolved(new sdk.Url(url).toString()), { method, headers, body: body?.raw });
  return [answer.status, await answer.text()];
}

const found = { folders: [], items: [] };
collection.forEachItemGroup((group) => found.folders.push(group.name));
const items = [];
collection.forEachItem((item) => items.push(item));
for (const item of items)
  found.items.push({
    name: item.name,
    method: item.request.method,
    path: item.request.url.getPath(),
    body: item.request.body?.raw,
    examples: item.responses.map(({ code, body, originalRequest }) => ({ code, body, sent: originalRequest.body?.raw })),
    answers: [await sent(item.request), await sent(item.request)],
  });
console.log(JSON.stringify(found));
