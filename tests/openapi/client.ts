// A client made of both documents: `endpoint.ts` and `admin.ts` are what openapi-typescript writes.
import createClient from "openapi-fetch";
import type { paths as AdminPaths } from "./admin.js";
import type { components, paths } from "./endpoint.js";

declare const process: { argv: string[] };

type Lead = components["schemas"]["Lead"];
type Answers = paths["/api/v1/leads"]["post"]["responses"];
type Answer = {
  [Status in keyof Answers]: { status: Status; body: Answers[Status]["content"] extends { "application/json": infer Body } ? Body : string };
}[keyof Answers];

const [baseUrl, apiKey] = process.argv.slice(2) as [string, string];
const aktify = createClient<paths>({ baseUrl });
const admin = createClient<AdminPaths>({ baseUrl });

async function post(body: Lead, key = apiKey): Promise<Answer> {
  const { data, error, response } = await aktify.POST("/api/v1/leads", { body, headers: { "x-api-key": key } });
  return { status: response.status, body: data ?? error } as Answer;
}

const lead: Lead = { phoneNumber: "(509) 555-1234", region: "CA", metadata: { campaign: "spring" } };
// @ts-expect-error a lead needs a phone number
const withoutNumber: Lead = { region: "CA" };
// @ts-expect-error the region is a code
const named: Lead = { ...lead, region: "California" };

function told(answer: Answer): string {
  switch (answer.status) {
    case 201:
      return answer.body.phoneNumber;
    case 400:
    case 401:
    case 409:
      return answer.body.problems.map(({ field }) => field).join();
    default:
      return String(answer.status);
  }
}

const said: Record<string, unknown> = {};
for (const [name, answer] of Object.entries({
  created: await post(lead),
  duplicate: await post(lead),
  invalid: await post(withoutNumber),
  unknown: await post(named, "nobody"),
}))
  said[name] = [answer.status, told(answer)];

const { data: listed } = await admin.GET("/_sandbox/requests", { params: { query: { status: "409", key: apiKey, limit: 5 } } });
said.listed = listed?.requests.map(({ response, phone }) => [response?.status, phone]);

const forced = await admin.POST("/_sandbox/force", { body: { status: 503, times: 1 } });
said.forced = [forced.response.status, forced.data?.left, (await post(lead)).status];

const verified = await admin.POST("/_sandbox/requests/verify", { body: { where: { status: 503 }, count: { exactly: 1 } } });
const missed = await admin.POST("/_sandbox/requests/verify", { body: { where: { status: 418 } } });
said.verified = [verified.data?.ok, missed.error?.status];
console.log(JSON.stringify(said));
