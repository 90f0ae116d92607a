/** @jest-environment node */
import { answerErrors, flowErrors, nextFlowId, SIGN_IN_AGAIN, STALE_FLOW, toAuthFlow, toViewer } from './flow'
import { KratosFlow } from './types'

const node = (name: string, value?: string, error?: string) => ({
  attributes: { name, value },
  messages: error ? [{ id: 4000000, text: error, type: 'error' as const }] : [],
})

const flow = (...nodes: KratosFlow['ui']['nodes']): KratosFlow => ({ id: 'flow-1', ui: { nodes } })

describe('Kratos flow', () => {
  it('is cut down to what a page needs', () => {
    const kratosFlow = { ...flow(node('password'), node('csrf_token', 'token')), state: 'sent_email' }

    expect(toAuthFlow(kratosFlow)).toEqual({
      id: 'flow-1',
      csrfToken: 'token',
      state: 'sent_email',
      email: '',
      code: '',
    })
  })

  it('brings the code that Kratos took from the link of a mail, and whom it was sent to', () => {
    const kratosFlow = flow(node('code', '123456'), node('email'), node('email', 'jane@example.com'))

    expect(toAuthFlow(kratosFlow)).toMatchObject({ code: '123456', email: 'jane@example.com' })
  })

  it('shows the complaints beside our own fields', () => {
    const errors = flowErrors(
      flow(
        node('traits.email', '', 'That is not an address.'),
        node('traits.name.first', '', 'Too short.'),
        node('password', '', 'Found in a data breach.'),
      ),
    )

    expect(errors).toEqual({
      form: [],
      fields: {
        email: 'That is not an address.',
        firstName: 'Too short.',
        password: 'Found in a data breach.',
      },
    })
  })

  it('shows complaints about the whole, or about fields that we do not have, above the form', () => {
    const kratosFlow = flow(node('totp', '', 'Wrong code.'))
    kratosFlow.ui.messages = [
      { id: 4000006, text: 'The provided credentials are invalid, check for …', type: 'error' },
      { id: 1010003, text: 'Please confirm.', type: 'info' },
    ]

    expect(flowErrors(kratosFlow).form).toEqual(['The e-mail address or the password is wrong.', 'Wrong code.'])
  })

  it.each([403, 404, 410])('is stale when Kratos answers %s', status => {
    expect(answerErrors(status, { error: { message: 'nope' } }).form).toEqual([STALE_FLOW])
  })

  it('asks to sign in again when the session is too old for what was asked', () => {
    expect(answerErrors(403, { error: { id: 'session_refresh_required' } }).form).toEqual([SIGN_IN_AGAIN])
  })

  it("gives Kratos' reason for anything else", () => {
    expect(answerErrors(500, { error: { reason: 'The courier is ill.' } }).form).toEqual(['The courier is ill.'])
    expect(answerErrors(500, null).form).toEqual(['This was not accepted. Try again.'])
  })

  it('says which flow comes next', () => {
    const body = { continue_with: [{ action: 'show_verification_ui', flow: { id: 'next' } }] }

    expect(nextFlowId(body, 'show_verification_ui')).toBe('next')
    expect(nextFlowId(body, 'show_settings_ui')).toBeNull()
  })

  it('says which flow comes next, when it is only in an address', () => {
    expect(nextFlowId({ redirect_browser_to: 'http://ui.test/settings?flow=next' }, 'show_settings_ui')).toBe('next')
  })

  it('names the viewer, or shows the address instead', () => {
    const identity = { id: '1', traits: { email: 'jane@example.com', name: { first: 'Jane', last: 'Doe' } } }

    expect(toViewer({ identity }).name).toBe('Jane Doe')
    expect(toViewer({ identity: { id: '1', traits: { email: 'jane@example.com' } } }).name).toBe('jane@example.com')
  })
})
