import { createServer, Server } from 'node:http'
import { collectDefaultMetrics, register } from 'prom-client'

/** Serves this process' Prometheus metrics at `/metrics`, on a port that only the operators' network should reach. */
export const startMetricsServer = (port: number): Server => {
  collectDefaultMetrics()

  return createServer(async (request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }

    response.writeHead(200, { 'content-type': register.contentType }).end(await register.metrics())
  }).listen(port)
}
