import { ExecutionContext, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common'
import { Identity } from './identity'
import { KratosClient, KratosUnavailableError } from './kratos.client'
import { SessionGuard } from './session.guard'

const JANE: Identity = { id: '5f0c5e4e-6c70-4a55-9b1c-0f6c6ec5a1d3', email: 'jane@example.com' }

describe('SessionGuard', () => {
  const whoami = jest.fn<Promise<Identity | null>, [string]>()
  const guard = new SessionGuard({ whoami } as unknown as KratosClient)

  const contextOf = (request: object): ExecutionContext =>
    ({ switchToHttp: () => ({ getRequest: () => request }) }) as ExecutionContext

  it('lets a signed-in caller through and remembers who it is', async () => {
    whoami.mockResolvedValue(JANE)
    const request = { headers: { cookie: 'ory_kratos_session=abc' } }

    await expect(guard.canActivate(contextOf(request))).resolves.toBe(true)

    expect(request).toHaveProperty('identity', JANE)
    expect(whoami).toHaveBeenCalledWith('ory_kratos_session=abc')
  })

  it('refuses a request without a cookie, and does not bother Kratos with it', async () => {
    await expect(guard.canActivate(contextOf({ headers: {} }))).rejects.toBeInstanceOf(UnauthorizedException)

    expect(whoami).not.toHaveBeenCalled()
  })

  it('refuses a cookie that Kratos does not know', async () => {
    whoami.mockResolvedValue(null)

    await expect(guard.canActivate(contextOf({ headers: { cookie: 'a=b' } }))).rejects.toThrow('Sign in first.')
  })

  it('answers that the service is unavailable when Kratos is', async () => {
    whoami.mockRejectedValue(new KratosUnavailableError('it does not answer'))

    await expect(guard.canActivate(contextOf({ headers: { cookie: 'a=b' } }))).rejects.toBeInstanceOf(
      ServiceUnavailableException,
    )
  })
})
