import type { NextApiHandler, NextApiRequest } from 'next'
import { KratosClient, KratosUnavailableError } from '../kratos/client'
import { answerErrors } from '../kratos/flow'
import { FormErrors, formError } from '../result'
import { kratosUrl } from './environment'

export type Submission = Record<string, string>

type Outcome = { value: object } | { errors: FormErrors; status?: number }

/** An answer of Kratos that was not a success, for the form that caused it. */
export const rejected = (status: number, body: unknown): Outcome => ({ errors: answerErrors(status, body) })

/** Only text, whatever the request's body says. */
const submissionOf = (req: NextApiRequest): Submission =>
  Object.fromEntries(
    Object.entries((req.body ?? {}) as Record<string, unknown>).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : '',
    ]),
  )

/** A route that submits something to Kratos, and hands its cookies back to the visitor. */
export const authRoute =
  (submit: (kratos: KratosClient, values: Submission) => Promise<Outcome>): NextApiHandler =>
  async (req, res) => {
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST')
      res.status(405).json({ errors: formError('Only POST is allowed here.') })
      return
    }

    const kratos = new KratosClient(kratosUrl(), req.headers.cookie)
    try {
      const outcome = await submit(kratos, submissionOf(req))

      res.setHeader('set-cookie', kratos.setCookies)
      res.setHeader('cache-control', 'no-store')
      if ('value' in outcome) {
        res.status(200).json(outcome.value)
      } else {
        res.status(outcome.status ?? 400).json({ errors: outcome.errors })
      }
    } catch (err) {
      if (!(err instanceof KratosUnavailableError)) {
        throw err
      }
      console.error(err)
      res.status(503).json({ errors: formError('The sign-in service does not answer. Try again in a moment.') })
    }
  }
