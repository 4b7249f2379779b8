import { saveByRename, routingText } from '../../support/gateway.ts'
import { expect, test } from 'vitest'
import { call, gatewayForTest, upstreamForTest } from '../gateway/support.ts'

test('a gateway whose state directory cannot be made serves, says so, and refuses changes', async () => {
  const upstream = await upstreamForTest()
  const gateway = await gatewayForTest({ legacyUrl: upstream.url, env: { STATE_DIR: '/dev/null/state' } })
  const why = 'changes of the configuration cannot be recorded (ENOTDIR in mkdir of state)'
  const state = { name: 'state', ok: false, advisory: true, why }
  const ready = async () => {
    const { status, body } = await call(gateway.adminUrl, '/readyz')
    return { status, body }
  }
  expect(await ready()).toMatchObject({ body: { checks: expect.arrayContaining([state]) } })
  expect((await call(gateway.url, '/api/anything')).status).toBe(200)

  await saveByRename(gateway.configFile, routingText({ killSwitch: true }))
  const [problem] = await gateway.waitForLog(({ msg, problems }) =>
    msg === 'routing configuration refused, the revision stays' && Array.isArray(problems) ? problems : undefined
  )
  expect(problem).toContain(why)
  const configuration = expect.objectContaining({ name: 'configuration', ok: false })
  expect(await ready()).toMatchObject({ body: { checks: expect.arrayContaining([state, configuration]) } })
})
