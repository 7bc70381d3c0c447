// Types of sandbox.js, as in `aktify-sandbox schema openapi` (leads) and `aktify-sandbox schema openapi --admin`.

/**
 * Starts a sandbox in memory on a free port, or uses the one at AKTIFY_SANDBOX_URL. The first call starts it, later ones
 * return the same. It ends with this process. AKTIFY_SANDBOX_COMMAND names the command if it isn't `aktify-sandbox`.
 */
export function startSandbox(options?: StartOptions): Promise<Sandbox>

export interface StartOptions {
  /**
   * Options of `aktify-sandbox exec`, such as `['--scenario', 'flaky']`. Later calls can't change them. Ignored when
   * AKTIFY_SANDBOX_URL is set; `campaign({ scenarios: ['flaky'] })` works there too.
   */
  args?: string[]
  /** How long it may take to start; default: 30,000. */
  timeoutMs?: number
}

export interface Sandbox {
  /** The base URL, without a slash at its end. */
  readonly url: string
  /** Adds a campaign with a key, leads and requests of its own: one for each test. */
  campaign(options?: NewCampaign): Promise<Campaign>
  /**
   * Requests with another key or to a wrong path, which belong to none of these campaigns; oldest first. A sandbox at
   * AKTIFY_SANDBOX_URL may have other users: there, of those with a known key only the ones of the campaign `demo` count.
   */
  strays(): Promise<Request[]>
  /** Deletes leads, requests and forced answers of every campaign. */
  reset(): Promise<void>
  /** Stops the sandbox if this process started it. */
  stop(): Promise<void>
}

export interface Campaign {
  readonly url: string
  readonly apiKey: string
  readonly name: string
  /** AKTIFY_BASE_URL and AKTIFY_API_KEY, for `Object.assign(process.env, campaign.environment)`. */
  readonly environment: { AKTIFY_BASE_URL: string; AKTIFY_API_KEY: string }
  /** Forces the next answers, such as `{ status: 503, times: 2 }` or `{ fault: 'reset', lead: 'kept' }`. */
  force(order: Order): Promise<void>
  /** The leads that were kept, oldest first, each as its 201 showed it. */
  leads(): Promise<CreatedLead[]>
  /** The requests, oldest first, each whole. */
  requests(): Promise<RecordedRequest[]>
  /** Throws a SandboxError with the nearest misses, and the strays, unless that many requests arrived. */
  verify(expectation: Expectation): Promise<void>
  /** The same, but waits until they arrive: for code that posts in the background. */
  waitFor(expectation: Expectation): Promise<void>
  /** Throws unless every forced answer was used: for `afterEach`. */
  check(): Promise<void>
}

/** What requests to count, and how many. */
export interface Expectation {
  /** Conditions, such as `{ phone: '(509) 555-0100', status: 201, region: 'CA' }`; see docs/reference/expectations.md. */
  where?: Record<string, unknown>
  /** Default: at least one. */
  count?: number | { exactly?: number; atLeast?: number; atMost?: number }
  /** How long to wait for them; default: 0, of `waitFor` 4,000, below the 5,000 after which vitest and jest end a test. */
  timeoutMs?: number
}

/** The admin API refused, or an expectation wasn't met. */
export class SandboxError extends Error {
  readonly problem: Problem
}

/** A lead as a 201 shows it. */
export interface CreatedLead {
  phoneNumber: string
  /** A US state code. */
  region?: string
  zipCode?: string
  email?: string
  /** ISO 8601. */
  externalCreated?: string
  externalLeadId?: string
  firstName?: string
  lastName?: string
  source?: string
  link?: string
  metadata?: Record<string, string>
}

/** A lead as it is posted; it needs a region or a ZIP code. */
export interface Lead extends CreatedLead {
  linkToShorten?: string
}

export interface NewCampaign {
  name?: string | null
  profile?: 'lenient' | 'default' | 'strict' | null
  /** Our choices where Aktify's page is silent, such as `{ 'region-case': 'accept' }`. */
  rulings?: Record<string, string> | null
  link?: 'optional' | 'link' | 'tracking' | null
  /** These take the place of the sandbox's; an empty list means none. */
  scenarios?: string[] | null
  errorBodies?: 'detailed' | 'empty' | 'text' | 'html' | 'rotate' | null
  shuffle?: boolean | null
}

/** A forced answer. */
export interface Order {
  status?: number
  headers?: Record<string, string>
  body?: unknown
  /** Such as `250ms` or `2s`. */
  delay?: string | { from: string; to: string }
  fault?: 'hang' | 'reset' | 'empty' | 'truncate' | 'malformed-chunk' | 'dribble'
  /** Keep the lead all the same. */
  lead?: 'kept'
  /** How many answers; default: 1. */
  times?: number
  phone?: string
  key?: string
  /** `valid` (default): requests that would get 201 or 409; `any`: every request. */
  applies?: 'valid' | 'any'
}

/** An error of the admin API (RFC 9457). */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
}

export interface Request {
  id: string
  /** RFC 3339, UTC. */
  receivedAt: string
  durationMs: number
  delayMs?: number
  /** The client's own timeout, where it hung up first. */
  hungUpAfterMs?: number
  method: string
  path: string
  query: string
  client: string | null
  campaign: string | null
  /** Masked. */
  key: string | null
  /** E.164, where it is known. */
  phone: string | null
  /** Null where no answer was sent. */
  response: Answer | null
  reason: Reason
  problems: LeadProblem[]
  fault?: string
}

/** A request with headers, body and all that is known about it. */
export interface RecordedRequest extends Request {
  /** `1.1` or `1.0`. */
  httpVersion: string
  headers: [name: string, value: string][]
  body: string | null
  bodyBytes: number
  /** `base64` where the body isn't UTF-8. */
  bodyEncoding?: string
  /** Why there is no body. */
  bodyOmitted?: string
  truncated?: boolean
  /** Asked for with `mask=yes`. */
  masked?: boolean
  notes: LeadProblem[]
  /** Where the body stops being JSON; both from 1. */
  syntaxError?: Place
  /** What forced the answer. */
  forcedBy?: Origin
  /** Of a 409; null where it isn't kept any more. */
  firstPost?: FirstPost | null
}

export interface Answer {
  status: number
  headers?: [name: string, value: string][]
  body?: string | null
  bodyEncoding?: string
}

/** Why a request got its answer. */
export interface Reason {
  rule: string
  objection: string
  ruling: string | null
  /** What is wrong with the key, such as `placeholder`, where its form tells. */
  keyMistake?: string
  scenario: string | null
}

/** What is wrong with a lead. */
export interface LeadProblem {
  field: string
  message: string
  hint?: string
  /** Whose word it is. */
  source?: string
  quote?: string | null
  ruling: string | null
}

export interface Place {
  line: number
  column: number
}

export interface Origin {
  kind: 'scenario' | 'force' | 'key' | 'number' | 'header'
  name?: string
  rule?: number
}

export interface FirstPost {
  id: string | null
  receivedAt: string
  phone: string
  phoneNumber: unknown
  sent: Record<string, unknown>
  differences: { field: string; first: unknown; this: unknown }[]
}
