// In the backend's place: it is well as long as its database listens.
const http = require('http')
const net = require('net')

const { hostname, port } = new URL(process.env.DATABASE_URL)
const status = () =>
  new Promise(say => {
    const socket = net.connect(Number(port) || 5432, hostname)
    socket.on('connect', () => socket.destroy() && say('operational'))
    socket.on('error', () => say('disrupted'))
  })

http
  .createServer(async (request, answer) => {
    if (request.url === '/die') {
      console.log('told to die')
      process.exit(7)
    }
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ status: await status() }))
  })
  .listen(1848, () => console.log('crux listens'))
