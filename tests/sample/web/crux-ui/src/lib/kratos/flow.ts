import { FormErrors, formError, hasErrors } from '../result'
import { AuthFlow, KratosFlow, KratosMessage, KratosSession, Viewer } from './types'

export const SIGN_IN_AGAIN = 'You signed in too long ago for this. Sign out, sign in, and try again.'

export const STALE_FLOW = 'This page was open for too long. Reload it and try again.'

/** Kratos' names of fields, and those of our forms */
const FIELDS: Record<string, string> = {
  identifier: 'email',
  email: 'email',
  'traits.email': 'email',
  'traits.name.first': 'firstName',
  'traits.name.last': 'lastName',
  password: 'password',
  code: 'code',
}

const WRONG_CODE = 'This code is wrong, or was used already.'

/** Complaints that Kratos words for every product there is, by its message ids, in the words of this one */
const OWN_WORDS: Record<number, string> = {
  4000006: 'The e-mail address or the password is wrong.',
  4000007: 'There is an account with this address already.',
  4000010: 'Verify your address first. The link for it is below.',
  4060006: WRONG_CODE,
  4070006: WRONG_CODE,
}

export const isFlow = (body: unknown): body is KratosFlow => {
  const flow = body as Partial<KratosFlow> | null
  return typeof flow?.id === 'string' && Array.isArray(flow.ui?.nodes)
}

export const toAuthFlow = (flow: KratosFlow): AuthFlow => {
  // Of several nodes with one name, as for sending a code and for sending another, one has the value.
  const value = (name: string): string =>
    String(flow.ui.nodes.find(it => it.attributes.name === name && it.attributes.value)?.attributes.value ?? '')

  return {
    id: flow.id,
    csrfToken: value('csrf_token'),
    state: flow.state ?? null,
    email: value('email'),
    code: value('code'),
  }
}

export const toViewer = (session: KratosSession): Viewer => {
  const { email = '', name } = session.identity?.traits ?? {}
  return { email, name: [name?.first, name?.last].filter(Boolean).join(' ') || email }
}

const errorsOf = (messages: KratosMessage[] = []): string[] =>
  messages.filter(it => it.type === 'error').map(it => OWN_WORDS[it.id] ?? it.text)

/** The complaints in a flow that Kratos did not accept, each where our form can show it. */
export const flowErrors = (flow: KratosFlow): FormErrors => {
  const form = errorsOf(flow.ui.messages)
  const fields: Record<string, string> = {}

  for (const node of flow.ui.nodes) {
    const [message] = errorsOf(node.messages)
    const field = FIELDS[node.attributes.name ?? '']
    if (message && field) {
      fields[field] ??= message
    } else if (message) {
      form.push(message)
    }
  }

  return { form, fields }
}

/** The complaints in any answer of Kratos that is not a success. */
export const answerErrors = (status: number, body: unknown): FormErrors => {
  if (isFlow(body)) {
    const errors = flowErrors(body)
    return hasErrors(errors) ? errors : formError('This was not accepted. Try again.')
  }

  const { error } = (body ?? {}) as { error?: { id?: string; reason?: string; message?: string } }
  if (error?.id === 'session_refresh_required') {
    return formError(SIGN_IN_AGAIN)
  }

  // 410: expired; 404: thrown away; 403: the cookie that belongs to the flow is gone.
  if ([403, 404, 410].includes(status)) {
    return formError(STALE_FLOW)
  }

  return formError(error?.reason ?? error?.message ?? 'This was not accepted. Try again.')
}

/** The flow that an answer asks to continue with, in the body's list or, from older configurations, in an address. */
export const nextFlowId = (body: unknown, action: 'show_verification_ui' | 'show_settings_ui'): string | null => {
  const { continue_with: steps, redirect_browser_to: address } = (body ?? {}) as {
    continue_with?: { action: string; flow?: { id: string } }[]
    redirect_browser_to?: string
  }

  const step = steps?.find(it => it.action === action)
  if (step?.flow) {
    return step.flow.id
  }
  return address && URL.canParse(address) ? new URL(address).searchParams.get('flow') : null
}
