// What a client does about each answer: the same for both.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startSandbox } from './sandbox.js'

const LEAD = { phoneNumber: '(509) 555-0100', region: 'CA' }
const ANOTHER = { phoneNumber: '(509) 555-0101', region: 'CA' }

export function behaves({ Aktify, GaveUp, KeyRefused, NotSet }) {
  /** A campaign of the sandbox, a client for it, and how long the client has slept, each time. */
  async function setUp(options) {
    const sandbox = await startSandbox()
    const aktify = await sandbox.campaign()
    Object.assign(process.env, aktify.environment)
    const naps = []
    const client = new Aktify({ sleep: async (wait) => naps.push(wait), ...options })
    return { aktify, client, naps }
  }

  test('a lead gets in', async () => {
    const { aktify, client } = await setUp()
    assert.equal(await client.send({ ...LEAD, firstName: 'John' }), true)
    assert.deepEqual(await aktify.leads(), [{ ...LEAD, firstName: 'John' }])
  })

  for (const name of ['AKTIFY_BASE_URL', 'AKTIFY_API_KEY']) {
    test(`a missing variable sends nothing anywhere: ${name}`, async () => {
      await setUp()
      const value = process.env[name]
      try {
        for (const nothing of [undefined, '']) {
          delete process.env[name]
          if (nothing !== undefined) process.env[name] = nothing
          assert.throws(() => new Aktify(), (error) => error instanceof NotSet && error.message.startsWith(name))
        }
      } finally {
        process.env[name] = value
      }
    })
  }

  test('a lead that was in already is done too', async () => {
    const { aktify, client } = await setUp()
    assert.equal(await client.send(LEAD), true)
    assert.equal(await client.send({ ...LEAD, phoneNumber: '+1 509 555 0100' }), true)
    await aktify.verify({ where: { status: 409 }, count: 1 })
  })

  test('a wrong lead is parked, and the next one sent', async () => {
    const { aktify, client } = await setUp()
    const wrong = { ...LEAD, region: 'California' }
    const queue = [wrong, ANOTHER]
    const parked = []
    await client.drain(queue, parked)
    assert.deepEqual({ queue, parked }, { queue: [], parked: [wrong] })
    await aktify.verify({ where: { status: 400 }, count: 1 }) // no retry
    assert.deepEqual(await aktify.leads(), [ANOTHER])
  })

  test('a refused key stops everything', async () => {
    const { aktify, client } = await setUp()
    await aktify.force({ status: 401 })
    const queue = [LEAD, ANOTHER]
    await assert.rejects(client.drain(queue, []), KeyRefused)
    assert.deepEqual(queue, [LEAD, ANOTHER])
    await aktify.verify({ count: 1 })
  })

  test('it waits as long as it is told', async () => {
    const { aktify, client, naps } = await setUp()
    await aktify.force({ status: 429, headers: { 'Retry-After': '7' } })
    assert.equal(await client.send(LEAD), true)
    assert.deepEqual(naps, [7000])
    await aktify.verify({ where: { status: 201 }, count: 1 })
  })

  test('it waits until it is told', async () => {
    const { aktify, client, naps } = await setUp()
    const then = new Date(Date.now() + 3_600_000).toUTCString()
    await aktify.force({ status: 503, headers: { 'Retry-After': then } })
    assert.equal(await client.send(LEAD), true)
    assert.ok(naps[0] > 3_000_000 && naps[0] <= 3_600_000, `${naps}`)
  })

  for (const status of [500, 502, 503, 504, 418]) {
    test(`trouble on the other side passes: ${status}`, async () => {
      const { aktify, client, naps } = await setUp()
      await aktify.force({ status, times: 3 })
      assert.equal(await client.send(LEAD), true)
      assert.deepEqual(naps, naps.toSorted((one, other) => one - other)) // longer each time
      await aktify.verify({ count: 4 })
    })
  }

  test('a redirect is not followed', async () => {
    const { aktify, client } = await setUp()
    await aktify.force({ status: 302, headers: { Location: '/elsewhere' } })
    assert.equal(await client.send(LEAD), true)
    await aktify.verify({ where: { path: '/elsewhere' }, count: 0 })
  })

  test('when it does not pass, the queue is kept', async () => {
    const { aktify, client } = await setUp()
    await aktify.force({ status: 503, times: 100 })
    const queue = [LEAD]
    await assert.rejects(client.drain(queue, []), GaveUp)
    assert.deepEqual(queue, [LEAD])
    await aktify.verify({ count: 6 })
  })

  for (const fault of ['reset', 'empty', 'truncate', 'malformed-chunk']) {
    for (const kept of [{ lead: 'kept' }, {}]) {
      test(`a lost answer is asked for again: ${fault}${kept.lead ? ', the lead was kept' : ''}`, async () => {
        const { aktify, client } = await setUp()
        await aktify.force({ fault, ...kept })
        assert.equal(await client.send(LEAD), true)
        assert.deepEqual(await aktify.leads(), [LEAD])
        await aktify.verify({ count: 2 })
      })
    }
  }

  for (const kept of [{ lead: 'kept' }, {}]) {
    test(`silence is a lost answer too${kept.lead ? ', the lead was kept' : ''}`, async () => {
      const { aktify, client } = await setUp({ timeout: 500 })
      await aktify.force({ fault: 'hang', ...kept })
      assert.equal(await client.send(LEAD), true)
      assert.deepEqual(await aktify.leads(), [LEAD])
      await aktify.verify({ count: { atLeast: 2 } })
    })
  }

  for (const status of [400, 409]) {
    test(`the body of an error is not looked at: ${status}`, async () => {
      const { aktify, client } = await setUp()
      await aktify.force({ status, body: '<html>', headers: { 'Content-Type': 'application/json' } })
      assert.equal(await client.send(LEAD), status === 409)
    })
  }
}
