// A client for Aktify's lead API, with axios. AKTIFY_BASE_URL and AKTIFY_API_KEY say where and as whom.

import { setTimeout as sleepFor } from 'node:timers/promises'

import axios from 'axios'

/** A variable is missing. */
export class NotSet extends Error {}

/** Nothing gets in with this key: stop everything, and tell a person. */
export class KeyRefused extends Error {}

/** The other side had trouble for too long. The lead is still in the queue: come back later. */
export class GaveUp extends Error {}

export class Aktify {
  #http
  #options

  constructor({ apiKey = setting('AKTIFY_API_KEY'), ...options } = {}) {
    this.#http = axios.create({
      baseURL: new URL(setting('AKTIFY_BASE_URL')).href,
      headers: { 'x-api-key': apiKey },
      validateStatus: () => true, // a status is an answer, not an exception
      maxRedirects: 0,
      responseType: 'text', // a body says nothing that a program may rely on
    })
    this.#options = { tries: 6, pause: 500, timeout: 10_000, sleep: sleepFor, ...options }
  }

  /** Sends what is in the queue; a lead leaves it when it is in, or parked. Throws KeyRefused, GaveUp. */
  async drain(queue, parked) {
    while (queue.length > 0) {
      if (!(await this.send(queue[0]))) parked.push(queue[0])
      queue.shift()
    }
  }

  /** Whether the lead is in; if not, something is wrong with it. Throws KeyRefused, GaveUp. */
  async send(lead) {
    const { tries, pause, sleep } = this.#options
    let last = { asked: 0 }
    for (let number = 0; number < tries; number++) {
      if (number > 0) await sleep(Math.max(last.asked, pause * 2 ** number * (0.75 + Math.random() / 2)))
      last = await this.#post(lead)
      const { status } = last
      if (status === 201 || status === 409) return true // 409: in already, maybe by a try whose answer was lost
      if (status === 400) return false
      if (status === 401) throw new KeyRefused()
    }
    throw new GaveUp(`${tries} tries; the last one: ${last.status ?? 'no answer'}`, { cause: last.error })
  }

  /** The status (none if the answer was lost), and for how many milliseconds the answer asks us to wait. */
  async #post(lead) {
    const signal = AbortSignal.timeout(this.#options.timeout)
    try {
      const { status, headers } = await this.#http.post('/api/v1/leads', lead, { signal })
      return { status, asked: milliseconds(headers['retry-after']) }
    } catch (error) {
      return { error, asked: 0 } // the lead may be in, or not: sending it again is right in both cases
    }
  }
}

/** An environment variable. There is no default: a forgotten one would send leads of tests to production. */
function setting(name) {
  const value = process.env[name]
  if (!value) throw new NotSet(`${name} isn't set. AKTIFY_BASE_URL is https://api.aktify.io in production alone.`)
  return value
}

/** Retry-After is a number of seconds, or a date. */
function milliseconds(retryAfter) {
  if (!retryAfter) return 0
  const wait = /^\d+$/.test(retryAfter) ? retryAfter * 1000 : Date.parse(retryAfter) - Date.now()
  return Number.isNaN(wait) ? 0 : wait
}
