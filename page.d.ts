// What the admin API sends, as its OpenAPI document describes it and the page's modules (sandbox/aktify_sandbox/inspector)
// use it. Only the type check reads it.

/** A request in the list. */
interface Summary {
  id: string;
  receivedAt: string;
  durationMs: number;
  delayMs?: number;
  hungUpAfterMs?: number;
  method: string;
  path: string;
  query: string;
  client: string | null;
  campaign: string | null;
  key: string | null;
  /** E.164, where it is known. */
  phone: string | null;
  response: Answer | null;
  reason: Reason;
  problems: LeadProblem[];
  fault?: string;
}

/** A request whole. */
interface RecordedRequest extends Summary {
  headers: Header[];
  body: string | null;
  bodyBytes: number;
  bodyEncoding?: string;
  bodyOmitted?: string;
  truncated?: boolean;
  masked?: boolean;
  notes: LeadProblem[];
  /** Where the body stops being JSON; both from 1. */
  syntaxError?: Place;
  /** Where an answer was forced. */
  forcedBy?: Origin;
  /** Of a duplicate; null when it isn't kept any more. */
  firstPost?: FirstPost | null;
}

type Header = [name: string, value: string];

interface Answer {
  status: number;
  headers?: Header[];
  body?: string | null;
  bodyEncoding?: string;
}

interface Reason {
  rule: string;
  objection: string;
  ruling: string | null;
  /** What is wrong with the key of a 401, as a code such as `quotes`. */
  keyMistake?: string;
  /** What forced the answer, as a name: `scenario flaky, rule 1`. */
  scenario: string | null;
}

interface Origin {
  kind: "scenario" | "force" | "key" | "number" | "header";
  name?: string;
  rule?: number;
}

interface Place {
  line: number;
  column: number;
}

interface LeadProblem {
  field: string;
  message: string;
  hint?: string;
  source?: string;
  quote?: string | null;
  ruling: string | null;
}

interface FirstPost {
  id: string | null;
  receivedAt: string;
  phone: string;
  phoneNumber: string;
  differences: { field: string; first: unknown; this: unknown }[];
}

interface RequestPage {
  requests: Summary[];
  next: string | null;
  dropped?: number;
}

/** Of the newest requests. */
interface Totals {
  /** How many were looked at. */
  counted: number;
  isComplete: boolean;
  newest: string | null;
  /** `none` for no answer. */
  statuses: Record<string, number>;
  reasons: Record<string, number>;
}

/** What came of sending a request again. */
interface Resent {
  request: string | null;
  status: number | null;
  outcome: string;
  body: string;
}

/** A request as curl, HAR or code; `needs` names the environment variable that has to be set first. */
interface Copyable {
  text: string;
  needs?: string | null;
}

interface StoredLead {
  campaign: string;
  phone: string;
  receivedAt: string;
  request: string | null;
  lead: Record<string, unknown>;
}

interface LeadPage {
  leads: StoredLead[];
  next: string | null;
}

interface Key {
  key: string;
  campaign: string;
  revoked: boolean;
  answer: string;
}

interface Campaign {
  campaign: string;
  leads: number;
}

interface Scenario {
  name: string;
  description: string;
  active: boolean;
  mistake: string | null;
  /** Whether it came with the sandbox. */
  shipped: boolean;
  rules: Record<string, unknown>[];
  hits: number[];
}

/** A forced answer that waits; its other members say what it is. */
interface Forced {
  id: number;
  times: number;
  left: number;
  [name: string]: unknown;
}

interface Status {
  trouble: string | null;
}

interface Config {
  endpoint: string;
  /** Where everybody knows it. */
  apiKey: string | null;
  curl: string | null;
  /** The environment variable without which `curl` doesn't work. */
  curlNeeds: string | null;
  magic: { keys: { key: string; does: string }[]; numbers: { phoneNumber: string; does: string }[] };
  choices: Choices;
  settings: Record<string, unknown>;
  rulings: Ruling[];
  calibration: Calibration | null;
  campaigns: { campaign: string; link: string }[];
}

/** How the rulings in force stand against a real endpoint. */
interface Calibration {
  url: string;
  startedAt: string;
  verified: string[];
  /** The endpoint's values where they are others. */
  differing: Record<string, string>;
}

interface Ruling {
  name: string;
  value: string;
  default: string;
  meanings: Record<string, string>;
  /** What may stand in the place of its words: `number` or `url`. */
  free: string | null;
  reason: string;
}

interface Choice {
  value: string;
  label: string;
}

/** What can be chosen and what it means: `choices` of the configuration. */
interface Choices {
  statusFilters: Choice[];
  reasons: Choice[];
  forcedStatuses: number[];
  /** After these a client should send again. */
  retriedStatuses: number[];
  faults: (Choice & { losesAnswer: boolean })[];
  encodings: Choice[];
  delimiters: Choice[];
  leadColumns: Choice[];
  /** As what a request can be copied. */
  forms: Choice[];
  /** How large a file may be. */
  fileBytes: number;
  masking: Masking;
}

interface Masking {
  /** Regular expressions: what is masked in a text, and which numbers are not. */
  email: string;
  lastName: string;
  number: string;
  spared: string;
  e164: string;
  /** What is written in front of an area code. */
  beforeArea: string;
  /** Values that hints show. */
  examples: string[];
  /** Fields whose values are nobody's, though they look like numbers. */
  impersonalFields: string[];
}

/** What the check of a file found. */
interface Findings {
  summary: {
    form: string;
    counts: string;
    duplicates: string | null;
    repairs: string | null;
    leftOut: string[];
    /** What to do about columns that are the problem. */
    advice: string[];
    /** What was accepted although it may be a mistake. */
    notes: string[];
  };
  kinds: Kind[];
  rejects: FilePart;
  fixed: FilePart;
  assignable: Assignable | null;
}

/** The report on the client; a browser has a `Report` of its own. */
interface ClientReport {
  requests: number;
  oldest: string | null;
  evicted: number;
  coverage: { percent: number; clauses: Clause[] };
  findings: Finding[];
  /** Why a finding isn't looked for, by its id. */
  switchedOff: Record<string, string>;
}

interface Clause {
  id: string;
  text: string;
  source: string;
  quote: string | null;
  ruling: string | null;
  met: boolean;
  entries: string[];
  provoke: string;
}

interface Finding {
  id: string;
  level: "error" | "warning" | "note";
  certainty: "proved" | "sequence" | "likely";
  count: number;
  entries: string[];
  example: string;
  sentence: string;
  fix: string;
  source: string;
  quote: string | null;
  ruling: string | null;
}

interface FilePart {
  rows: number;
  content: string;
}

/** Problems of one kind. */
interface Kind {
  problems: number;
  field: string;
  what: string;
  fix: string;
  word: string;
  rows: string;
  fixes: string[];
}

interface Assignable {
  columns: AssignableColumn[];
  fields: string[];
}

interface AssignableColumn {
  column: string;
  field: string | null;
  metadata: string;
}

/** Why a file can't be checked. */
interface Refusal {
  message: string;
  fix?: string | null;
  line?: number | null;
  assignable?: Assignable | null;
  /** The column that looks like phone numbers. */
  likely?: string | null;
}
