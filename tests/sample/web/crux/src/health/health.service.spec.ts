import { Logger } from '@nestjs/common'
import { HealthController } from './health.controller'
import { HealthGrpcController, NOT_SERVING, SERVING } from './health.grpc.controller'
import { HealthService } from './health.service'

describe('health', () => {
  const ping = jest.fn<Promise<void>, []>()
  const service = new HealthService({ ping }, '1.2.3')

  beforeAll(() => Logger.overrideLogger(false))

  describe('while the database answers', () => {
    beforeEach(() => ping.mockResolvedValue())

    it('is operational', async () => {
      await expect(new HealthController(service).get()).resolves.toEqual({
        status: 'operational',
        cruxVersion: '1.2.3',
        database: { status: 'operational' },
      })
    })

    it('serves over gRPC', async () => {
      await expect(new HealthGrpcController(service).check()).resolves.toEqual({ status: SERVING })
    })
  })

  describe('while the database is down', () => {
    beforeEach(() => ping.mockRejectedValue(new Error('connect ECONNREFUSED')))

    it('is disrupted, and still answers', async () => {
      await expect(new HealthController(service).get()).resolves.toMatchObject({
        status: 'disrupted',
        database: { status: 'disrupted' },
      })
    })

    it('does not tell strangers why', async () => {
      const health = await service.check()

      expect(JSON.stringify(health)).not.toContain('ECONNREFUSED')
    })

    it('does not serve over gRPC', async () => {
      await expect(new HealthGrpcController(service).check()).resolves.toEqual({ status: NOT_SERVING })
    })

    it('recovers with the database', async () => {
      await service.check()
      ping.mockResolvedValue()

      await expect(service.check()).resolves.toMatchObject({ status: 'operational' })
    })
  })
})
