import 'reflect-metadata'
import { setDefaultResultOrder } from 'node:dns'
import { join } from 'node:path'
import { Logger } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { MicroserviceOptions, Transport } from '@nestjs/microservices'
import { AppModule } from './app.module'
import { loadEnvFile } from './config/env-file'
import { Environment, InvalidEnvironmentError, parseEnvironment } from './config/environment'
import { nestLogLevels } from './config/log-levels'
import { validationPipe } from './http/validation'
import { startMetricsServer } from './metrics/metrics.server'

const serve = async (environment: Environment): Promise<void> => {
  const { httpApiPort, grpcAgentPort, metricsApiPort, dnsResultOrder, logLevel } = environment

  if (dnsResultOrder) {
    setDefaultResultOrder(dnsResultOrder)
  }

  const app = await NestFactory.create(AppModule, { logger: nestLogLevels(logLevel) })
  app.setGlobalPrefix('api')
  app.useGlobalPipes(validationPipe())
  app.enableShutdownHooks()

  app.connectMicroservice<MicroserviceOptions>({
    transport: Transport.GRPC,
    options: {
      package: 'grpc.health.v1',
      protoPath: join(__dirname, '..', 'proto', 'health.proto'),
      url: `0.0.0.0:${grpcAgentPort}`,
    },
  })

  await app.startAllMicroservices()
  await app.listen(httpApiPort)

  const logger = new Logger('main')
  logger.log(`REST on port ${httpApiPort}, agents' gRPC on port ${grpcAgentPort}`)

  if (metricsApiPort) {
    const metrics = startMetricsServer(metricsApiPort)
    app.getHttpServer().once('close', () => metrics.close())
    logger.log(`metrics on port ${metricsApiPort}`)
  }
}

const main = async (): Promise<void> => {
  try {
    loadEnvFile()
    await serve(parseEnvironment(process.env))
  } catch (err) {
    // What the operator can mend is said in one sentence; a stack is for what nobody expected.
    console.error(err instanceof InvalidEnvironmentError ? err.message : err)
    process.exit(1)
  }
}

main()
