// A mail catcher: MailDev's, with MailSlurper's API in front of it. SMTPS on 1025, MailDev's pages
// on 4436, MailSlurper's API on 4437.
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStorage } from '@maildev/core'
import { SMTPServer } from '@maildev/smtp'
import { mailSlurper } from './mailslurper.mjs'

// The address that takes IPv4, too, where the kernel knows IPv6 at all.
const HOST = existsSync('/proc/net/if_inet6') ? '::' : '0.0.0.0'

// As MailSlurper, it takes mail from everybody: with any user and password, and without.
class OpenServer extends SMTPServer {
  buildServerConfig() {
    const onAuth = (auth, _session, done) => done(null, { user: auth.username })
    const open = { authOptional: true, disabledCommands: [], onAuth }
    // Nobody needs the names of the clients, and a slow resolver would hold up each mail.
    return { ...super.buildServerConfig(), ...open, disableReverseLookup: true }
  }
}

// MailDev's pages are loaded when somebody looks: they take longer than all the rest.
const pages = (storage, smtp) => {
  let loading
  const load = async () => {
    const [{ createAPIServer }, { registerUI }] = await Promise.all([import('@maildev/api'), import('@maildev/ui/server')])
    const api = createAPIServer({ port: 0, host: '127.0.0.1', basePath: '', storage, smtp })
    await api.registerPlugins()
    await registerUI(api.server, { basePath: '' })
    await api.listen()
    return api.getAddress().port
  }
  return createServer(async client => {
    client.on('error', () => client.destroy())
    const server = connect(await (loading ??= load()), '127.0.0.1')
    server.on('error', () => client.destroy())
    client.on('close', () => server.destroy())
    client.pipe(server).pipe(client)
  })
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))

const storage = new MemoryStorage({ maxEmails: 0 })
await storage.initialize()
const smtp = new OpenServer({
  port: 1025,
  host: HOST,
  storage,
  mailDir: mkdtempSync(join(tmpdir(), 'mail-')),
  logger: false,
  secure: true,
  certPath: join(import.meta.dirname, 'cert.pem'),
  keyPath: join(import.meta.dirname, 'key.pem'),
})
smtp.on('new', mail => {
  console.log(`mail to ${mail.envelope.to.map(to => to.address).join(', ')}: ${mail.subject}`)
})

const listening = (server, port) => new Promise((done, fail) => server.on('error', fail).listen(port, HOST, done))
await Promise.all([
  smtp.start(),
  listening(createHttpServer(mailSlurper(storage, smtp)), 4437),
  listening(pages(storage, smtp), 4436),
])
console.log('ready: SMTPS on 1025, pages on 4436, the API on 4437')
