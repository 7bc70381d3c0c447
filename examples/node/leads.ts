// A small client for Aktify's lead API in TypeScript. fetch.js does more: a queue, parked leads, Retry-After.

import { setTimeout as sleep } from 'node:timers/promises'

export interface Lead {
  phoneNumber: string
  region?: string
  zipCode?: string
  firstName?: string
}

export type Outcome = 'created' | 'duplicate'

/** Posts a lead, up to five times while there is trouble. Throws when it is refused, or the trouble stays. */
export async function sendLead(lead: Lead, { url, apiKey, pauseMs = 500 }: Options): Promise<Outcome> {
  let last: unknown
  for (let attempt = 0; attempt < 5; attempt++) {
    if (attempt > 0) await sleep(pauseMs * 2 ** (attempt - 1))
    try {
      const answer = await fetch(`${url}/api/v1/leads`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
        body: JSON.stringify(lead),
        redirect: 'manual',
        signal: AbortSignal.timeout(10_000),
      })
      const body = await answer.text() // half an answer throws, as no answer does
      if (answer.status === 201) return 'created'
      if (answer.status === 409) return 'duplicate'
      last = new Error(`${answer.status}: ${body}`)
      if (answer.status === 400 || answer.status === 401) break
    } catch (error) {
      last = error // the lead may have been kept: sending it again is safe, a 409 says so
    }
  }
  throw last
}

export interface Options {
  url: string
  apiKey: string
  /** Before the first retry, doubled each time. */
  pauseMs?: number
}
