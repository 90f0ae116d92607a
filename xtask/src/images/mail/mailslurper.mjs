// MailSlurper's API on MailDev's mails: https://github.com/mailslurper/mailslurper/wiki/Email-Endpoints

const PAGE = 50
// What may be asked to be deleted: mail older than so many days, or all.
const PRUNE = ['60plus', '30plus', '2wksplus', 'all']

// `YYYY-MM-DD HH:MM:SS`, in UTC.
const stamp = time => time.toISOString().slice(0, 19).replace('T', ' ')

const header = (mail, name) => {
  const value = mail.headers[name] ?? ''
  return typeof value === 'string' ? value : (value.value ?? '')
}

const item = mail => ({
  id: mail.id,
  dateSent: stamp(mail.time),
  fromAddress: mail.envelope.from.address,
  toAddresses: mail.envelope.to.map(to => to.address),
  subject: mail.subject || '(No Subject)',
  xmailer: header(mail, 'x-mailer'),
  mimeVersion: header(mail, 'mime-version'),
  // The HTML if there is any, else the text with its lines as HTML has them.
  body: mail.html ?? (mail.text ?? '').replaceAll('\n', '<br />'),
  contentType: header(mail, 'content-type'),
  boundary: '',
  attachments: mail.attachments.map(({ generatedFileName: fileName, contentType }) => ({
    id: fileName,
    mailId: mail.id,
    headers: { fileName, contentType },
  })),
})

const contains = (text, part) => !part || text.toLowerCase().includes(part.toLowerCase())

// Newest first; of two with the same time, the one that came later.
const search = async (storage, query) => {
  const mails = (await storage.getAll()).map(item).reverse()
  return mails
    .filter(mail => contains(`${mail.subject}\n${mail.body}`, query.get('message')))
    .filter(mail => contains(mail.fromAddress, query.get('from')))
    .filter(mail => contains(mail.toAddresses.join('; '), query.get('to')))
    .sort((one, other) => (one.dateSent < other.dateSent ? 1 : one.dateSent > other.dateSent ? -1 : 0))
}

const readJson = async request => {
  let text = ''
  for await (const chunk of request) text += chunk
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const answer = async (storage, smtp, request, { pathname, searchParams }) => {
  const [, first, id, third] = pathname.split('/')
  const path = `${request.method} /${first}${id ? '/:id' : ''}${third ? `/${third}` : ''}`
  switch (path) {
    case 'GET /mail': {
      const page = Number(searchParams.get('pageNumber') || 1)
      if (!Number.isInteger(page) || page < 1) return [400, 'A valid page number is required']
      const mails = await search(storage, searchParams)
      const mailItems = mails.slice((page - 1) * PAGE, page * PAGE)
      return [200, { mailItems, totalPages: Math.ceil(mails.length / PAGE), totalRecords: mails.length }]
    }
    case 'GET /mailcount':
      return [200, { mailCount: (await storage.getAll()).length }]
    case 'GET /mail/:id':
    case 'GET /mail/:id/message': {
      const mail = await storage.getById(id)
      if (!mail) return [500, 'Problem getting mail item']
      return third ? [200, item(mail).body, 'text/html; charset=UTF-8'] : [200, item(mail)]
    }
    case 'DELETE /mail': {
      const { pruneCode } = (await readJson(request)) ?? {}
      if (!PRUNE.includes(pruneCode)) return [400, 'Invalid prune type']
      // No mail here is weeks old.
      return [200, String(pruneCode === 'all' ? await smtp.deleteAllEmails() : 0)]
    }
    default:
      return [404, { message: 'Not Found' }]
  }
}

/** A request listener that answers as MailSlurper does. */
export const mailSlurper = (storage, smtp) => async (request, response) => {
  response.setHeader('access-control-allow-origin', '*')
  let status, body, type
  try {
    ;[status, body, type] = await answer(storage, smtp, request, new URL(request.url, 'http://mail'))
  } catch (error) {
    ;[status, body] = [500, error.message]
  }
  const json = typeof body !== 'string'
  response.writeHead(status, { 'content-type': type ?? (json ? 'application/json' : 'text/plain; charset=UTF-8') })
  response.end(json ? JSON.stringify(body) : body)
}
