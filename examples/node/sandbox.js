// What the tests ask of the sandbox. `aktify-sandbox exec -- npm test` sets the variables.

const { AKTIFY_API_KEY, AKTIFY_SANDBOX_URL, AKTIFY_SANDBOX_TOKEN } = process.env

async function ask(method, path, content) {
  const headers = { 'content-type': 'application/json' }
  if (AKTIFY_SANDBOX_TOKEN) headers.authorization = `Bearer ${AKTIFY_SANDBOX_TOKEN}`
  const body = content && JSON.stringify(content)
  const answer = await fetch(new URL(`/_sandbox${path}`, AKTIFY_SANDBOX_URL), { method, headers, body })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.detail)
  return said
}

let count = 0

/** A part of the sandbox for one test: whatever stands behind the key and a dot has leads and a record of its own. */
export function sandbox() {
  const name = `${process.pid}-${++count}`
  const apiKey = `${AKTIFY_API_KEY}.${name}`
  return {
    apiKey,
    /** Forces the next answers, such as { status: 503, times: 2 } or { fault: 'reset', lead: 'kept' }. */
    force: (answer) => ask('POST', '/force', { ...answer, key: apiKey }),
    /** Makes sure of what was sent, such as { where: { status: 409 }, count: 1 }; else an error with the nearest misses. */
    verify: ({ where, count }) => ask('POST', '/requests/verify', { where: { ...where, key: apiKey }, count }),
    /** The leads that are kept. */
    leads: async () => (await ask('GET', `/leads?campaign=demo.${name}`)).leads.map(({ lead }) => lead),
  }
}
