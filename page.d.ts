// What the admin API answers, as the page's modules (sandbox/aktify_sandbox/inspector) use it. Only the type check reads it.

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
  reason: { rule: string; objection: string | null; ruling: string | null; scenario: string | null };
  problems: Problem[];
  fault?: string;
}

/** A request whole. */
interface Entry extends Summary {
  headers: [string, string][];
  body: string | null;
  bodyBytes: number;
  bodyEncoding?: string;
  bodyOmitted?: string;
  truncated?: boolean;
  notes?: Problem[];
  /** Of a duplicate; null when it isn't kept any more. */
  firstPost?: FirstPost | null;
}

interface Answer {
  status: number;
  headers?: [string, string][];
  body?: string | null;
  bodyEncoding?: string;
}

interface Problem {
  field: string;
  message: string;
  hint?: string;
  source?: string;
  quote?: string | null;
  ruling?: string | null;
}

interface FirstPost {
  id: string | null;
  receivedAt: string;
  phone: string;
  phoneNumber: string;
  differences: { field: string; first: unknown; this: unknown }[];
}

interface StoredLead {
  campaign: string;
  phone: string;
  receivedAt: string;
  request: string | null;
  lead: Record<string, any>;
}

interface Scenario {
  name: string;
  description: string | null;
  active: boolean;
  mistake?: string | null;
  rules: Record<string, any>[];
  hits?: number[];
}

/** What the check of a file found. */
interface Findings {
  summary: { form: string; counts: string; duplicates: string | null; repairs: string | null; leftOut: string[] };
  kinds: Kind[];
  rejects: { rows: number; content: string };
  fixed: { rows: number; content: string };
  assignable: Assignable | null;
  likely?: string | null;
}

interface Kind {
  problems: number;
  field: string;
  what: string;
  fix: string;
  word: string;
  rows: string;
}

interface Assignable {
  columns: { column: string; field: string | null; metadata: string }[];
  fields: string[];
}

/** Why a file can't be checked. */
interface Refusal {
  message: string;
  fix?: string | null;
  line?: number | null;
  assignable?: Assignable | null;
  likely?: string | null;
}

interface Choice {
  value: string;
  label: string;
}

/** What can be chosen and what it means: `choices` of the configuration. */
interface Choices {
  statusFilters: Choice[];
  forcedStatuses: number[];
  /** After these a client should send again. */
  retriedStatuses: number[];
  faults: (Choice & { losesAnswer: boolean })[];
  encodings: Choice[];
  delimiters: Choice[];
  leadColumns: Choice[];
  /** How large a file may be. */
  fileBytes: number;
  /** Regular expressions: what is masked in a text, and which numbers are not. */
  masking: { email: string; number: string; spared: string };
}
