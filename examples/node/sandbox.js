// Starts aktify-sandbox for the tests of this process, or uses the one at AKTIFY_SANDBOX_URL. Copy it with sandbox.d.ts.

import { spawn } from 'node:child_process'

/** The admin API refused, or an expectation wasn't met; `problem` is what it answered. */
export class SandboxError extends Error {
  constructor(problem) {
    super(problem.detail)
    this.name = 'SandboxError'
    this.problem = problem
  }
}

const FIX = `Fix: install aktify-sandbox (docs/how-to/node.md), or set AKTIFY_SANDBOX_COMMAND to the command that runs it, such as
/path/to/.venv/bin/aktify-sandbox or uvx --from /path/to/checkout aktify-sandbox. Put a path with spaces in quotes.`

const ARGS_FIX = 'Fix: pass all args to the first startSandbox(), or activate scenarios by sandbox.campaign({ scenarios }).'
const GIVEN_FIX = 'Fix: start it, or unset AKTIFY_SANDBOX_URL to let the tests start their own.'
const MOST_STRAYS = 5

let running
let argsInUse

/** The sandbox of this process: the first call starts it, later ones return the same. */
export const startSandbox = pointing(async ({ args, timeoutMs = 30_000 } = {}) => {
  if (running && args && args.join(' ') !== argsInUse.join(' ')) {
    throw new Error(`The sandbox was already started with the args [${argsInUse}]. ${ARGS_FIX}`)
  }
  if (!running) {
    argsInUse = args ?? []
    running = started(argsInUse, timeoutMs)
    running.catch(() => (running = undefined))
  }
  return running
})

async function started(args, timeoutMs) {
  const given = process.env.AKTIFY_SANDBOX_URL
  if (given === '') throw new Error('AKTIFY_SANDBOX_URL is empty. Fix: unset it, or set it to the address of a sandbox.')
  const own = given === undefined ? await launched(args, timeoutMs) : undefined
  const url = own ? own.url : originOf(given)
  bypassProxies(new URL(url).hostname)
  let isStopped = false
  const ask = asking(url, () => {
    if (isStopped) return 'It was stopped by stop().'
    return own ? 'It has ended.' : GIVEN_FIX
  })
  if (given) await ask('GET', '/health')
  const [newest] = (await ask('GET', '/requests?limit=1')).requests
  const names = new Set()
  /** Oldest first. A sandbox that was started here is used by these tests only. */
  const straysAfter = async (id) => {
    const isStray = ({ campaign }) =>
      campaign === null ||
      (own ? !names.has(campaign) : campaign === 'demo' || [...names].some((name) => campaign.startsWith(`${name}.`)))
    return (await pages(ask, `/requests?after=${id}&limit=1000`, 'requests')).filter(isStray)
  }
  return pointingAll({
    url,
    campaign: async (options = {}) => {
      const made = await ask('POST', '/campaigns', options)
      names.add(made.campaign)
      return campaignOf(url, ask, made, () => straysAfter(made.after))
    },
    strays: () => straysAfter(newest?.id ?? 'r000000000'),
    reset: () => ask('POST', '/reset', {}),
    stop: async () => {
      running = undefined
      isStopped = own !== undefined
      await own?.stop()
    },
  })
}

/** Takes an address as the commands do: also without `http://`. */
function originOf(given) {
  try {
    return new URL(given.includes('://') ? given : `http://${given}`).origin
  } catch {
    throw new Error(`AKTIFY_SANDBOX_URL: "${given}" isn't an address. Fix: write it as http://127.0.0.1:8509.`)
  }
}

/** Starts the command. It ends when its stdin does, so also when this process is killed. */
function launched(args, timeoutMs) {
  const command = process.env.AKTIFY_SANDBOX_COMMAND || 'aktify-sandbox'
  const inside = 'echo "$AKTIFY_SANDBOX_URL"; cat > /dev/null'
  const env = { ...process.env, GITHUB_STEP_SUMMARY: '' }
  const child = spawn('sh', ['-c', `${command} exec "$@"`, 'sh', ...args, '--', 'sh', '-c', inside], { env })
  const streams = [child.stdin, child.stdout, child.stderr]
  const ended = new Promise((resolve) => child.once('close', resolve))
  const stop = () => {
    for (const each of [child, ...streams]) each.ref()
    child.stdin.end()
    return ended
  }
  return new Promise((resolve, reject) => {
    let errors = ''
    const timer = setTimeout(() => {
      child.stdin.end()
      reject(new Error(`"${command}" didn't start within ${timeoutMs} ms.\n${errors}`))
    }, timeoutMs)
    child.stdin.on('error', () => {}) // the command ended first: `close` says why
    child.stderr.on('data', (data) => (errors += data))
    child.stdout.once('data', (line) => {
      clearTimeout(timer)
      for (const each of [child, ...streams]) each.unref() // the tests may end without `stop`
      resolve({ url: String(line).trim(), stop })
    })
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      reject(new Error(code === 127 ? `"${command}" wasn't found.\n${FIX}` : `"${command}" ended with exit code ${code}.\n${errors}`))
    })
  })
}

/** axios and others send requests to the proxy of the environment, even those to this machine. */
function bypassProxies(host) {
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const hosts = (process.env[name] ?? '').split(',').filter(Boolean)
    if (!hosts.includes(host)) process.env[name] = [...hosts, host].join(',')
  }
}

/** Makes the errors of a method point to the line that called it, not into this file. */
function pointing(method) {
  return async function called(...args) {
    const caller = {}
    Error.captureStackTrace(caller, called)
    try {
      return await method(...args)
    } catch (error) {
      error.stack = [String(error), ...caller.stack.split('\n').slice(1)].join('\n')
      throw error
    }
  }
}

function pointingAll(members) {
  const entries = Object.entries(members)
  return Object.fromEntries(entries.map(([name, each]) => [name, typeof each === 'function' ? pointing(each) : each]))
}

/** Sends requests to the admin API. `whyNone` says what may be wrong when nothing answers. */
function asking(url, whyNone) {
  return async (method, path, content) => {
    const token = process.env.AKTIFY_SANDBOX_TOKEN
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const body = content && JSON.stringify(content)
    let answer
    try {
      answer = await fetch(`${url}/_sandbox${path}`, { method, headers, body })
    } catch (error) {
      throw new Error(`No sandbox answers at ${url}. ${whyNone()}`, { cause: error })
    }
    const text = await answer.text()
    if (answer.ok) return text ? JSON.parse(text) : undefined
    const isProblem = answer.headers.get('content-type') === 'application/problem+json'
    if (!isProblem) throw new Error(`${url} isn't a sandbox: it answered ${answer.status}.`)
    throw new SandboxError(JSON.parse(text))
  }
}

function campaignOf(url, ask, { campaign: name, apiKey }, strays) {
  const here = `campaign=${encodeURIComponent(name)}`
  const verify = async ({ where, timeoutMs = 0, ...rest }) => {
    try {
      await ask('POST', '/requests/verify', { ...rest, where: { ...where, campaign: name }, timeout: timeoutMs / 1000 })
    } catch (error) {
      if (error.problem?.status === 422) error.message += described(await strays())
      throw error
    }
  }
  return pointingAll({
    url,
    apiKey,
    name,
    environment: { AKTIFY_BASE_URL: url, AKTIFY_API_KEY: apiKey },
    force: async (order) => {
      await ask('POST', '/force', { ...order, campaign: name })
    },
    leads: async () => (await pages(ask, `/leads?${here}&limit=1000`, 'leads')).map(({ lead }) => lead),
    requests: async () => {
      const found = await pages(ask, `/requests?${here}&limit=1000`, 'requests')
      return Promise.all(found.map(({ id }) => ask('GET', `/requests/${id}`)))
    },
    verify,
    waitFor: (expectation) => verify({ timeoutMs: 4000, ...expectation }),
    check: async () => {
      const { forced } = await ask('GET', '/force')
      const unused = forced.filter(({ campaign }) => campaign === name)
      if (unused.length === 0) return
      const rows = unused.map(({ id, campaign, times, left, ...order }) => {
        return `  ${JSON.stringify(order)}: ${left} of ${times} left`
      })
      throw new Error(['Forced answers that no request used:', ...rows].join('\n'))
    },
  })
}

/** The strays, for the message of an expectation that wasn't met. */
function described(strays) {
  if (strays.length === 0) return ''
  const rows = strays.slice(-MOST_STRAYS).map(({ id, response, method, path, campaign, key, reason }) => {
    const sender = campaign === null ? '' : ` with the key ${key} of the campaign ${campaign}`
    return `  ${id} ${response?.status ?? 'no answer'} ${method} ${path}${sender}: ${reason.rule}`
  })
  const count = strays.length === 1 ? '1 request' : `${strays.length} requests`
  return [`\n${count} didn't reach this campaign:`, ...rows].join('\n')
}

/** All of a list, oldest first. */
async function pages(ask, path, name) {
  const found = []
  for (let next = ''; next !== null; ) {
    const page = await ask('GET', `${path}${next && `&before=${next}`}`)
    found.push(...page[name])
    next = page.next
  }
  return found.reverse()
}
