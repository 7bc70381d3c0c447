// The tests of leads.ts with vitest.

import { beforeAll, beforeEach, expect, test } from 'vitest'

import { sendLead } from './leads'
import { type Campaign, type Sandbox, startSandbox } from './sandbox'

const LEAD = { phoneNumber: '(509) 555-0100', region: 'CA' }

let sandbox: Sandbox
let aktify: Campaign

beforeAll(async () => {
  sandbox = await startSandbox()
}, 30_000)

beforeEach(async () => {
  aktify = await sandbox.campaign()
})

const send = () => sendLead(LEAD, { ...aktify, pauseMs: 1 })

test('a lead is created, and a second one is a duplicate', async () => {
  expect(await send()).toBe('created')
  expect(await send()).toBe('duplicate')
  expect(await aktify.leads()).toEqual([LEAD])
})

test('an outage is waited out', async () => {
  await aktify.force({ status: 503, times: 2 })
  expect(await send()).toBe('created')
  await aktify.verify({ where: { phone: LEAD.phoneNumber }, count: 3 })
})

test('an answer is lost, and the lead was kept', async () => {
  await aktify.force({ fault: 'reset', lead: 'kept' })
  expect(await send()).toBe('duplicate')
  expect(await aktify.leads()).toEqual([LEAD])
})

test('a refused lead is not sent again', async () => {
  const wrong = { ...LEAD, region: 'California' }
  await expect(sendLead(wrong, aktify)).rejects.toThrow('400')
  const [request] = await aktify.requests()
  expect(request?.problems[0]?.field).toBe('region')
})
