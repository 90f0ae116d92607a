import { APIRequestContext, expect } from '@playwright/test'
import { MAILSLURPER_URL } from './environment'

type Mail = {
  id: string
  subject: string
  /** HTML, or text when the mail has no HTML */
  body: string
  toAddresses: string[]
}

/** What the mail catcher has for one address. */
export class Mailbox {
  private readonly read = new Set<string>()

  constructor(
    private readonly request: APIRequestContext,
    private readonly address: string,
  ) {}

  /** The code in the next mail. */
  async code(): Promise<string> {
    const { body } = await this.next()
    const text = body.replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ')
    return found(/\b\d{6}\b/.exec(text), 'code', body)
  }

  /** The link in the next mail. */
  async link(): Promise<string> {
    const { body } = await this.next()
    return found(/https?:\/\/[^\s"'<>]+/.exec(body), 'link', body).replaceAll('&amp;', '&')
  }

  /** Waits for a mail that was not read yet. */
  private async next(): Promise<Mail> {
    let mail: Mail | undefined
    await expect
      .poll(async () => (mail = (await this.mails()).find(it => !this.read.has(it.id))), {
        message: `a mail for ${this.address} should arrive`,
        intervals: [50, 100, 200],
      })
      .toBeDefined()

    this.read.add(mail!.id)
    return mail!
  }

  /** All mails for this address, the newest first. */
  async mails(): Promise<Mail[]> {
    const response = await this.request.get(`${MAILSLURPER_URL}/mail`)
    expect(response, 'the mail catcher should answer').toBeOK()

    const { mailItems } = (await response.json()) as { mailItems: Mail[] }
    return mailItems.filter(it => it.toAddresses.some(to => to.includes(this.address)))
  }
}

const found = (match: RegExpExecArray | null, what: string, body: string): string => {
  if (!match) {
    throw new Error(`There is no ${what} in the mail: ${body}`)
  }
  return match[0]
}
