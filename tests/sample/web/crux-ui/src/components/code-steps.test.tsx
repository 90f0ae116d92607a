import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { CodeSteps } from './code-steps'

const FLOW = { id: 'flow-1', csrfToken: 'token', state: null as string | null, email: '', code: '' }

describe('CodeSteps', () => {
  const post = jest.fn()
  const onAccepted = jest.fn()

  const setup = (flow = FLOW, email = '') => {
    render(
      <CodeSteps
        action="recovery"
        flow={flow}
        email={email}
        title="Forgot your password?"
        lead="We send you a code."
        sent={address => `A code is on its way to ${address}.`}
        onAccepted={onAccepted}
        post={post}
      />,
    )
    return userEvent.setup()
  }

  it('asks for the address, then for the code that was sent there', async () => {
    post.mockResolvedValueOnce({ ok: true, value: { state: 'sent_email' } })
    post.mockResolvedValueOnce({ ok: true, value: { state: 'passed_challenge' } })
    const user = setup()

    expect(screen.getByRole('heading', { name: 'Forgot your password?' })).toBeVisible()
    await user.type(screen.getByLabelText('E-mail'), 'jane@example.com{Enter}')
    expect(await screen.findByText('A code is on its way to jane@example.com.')).toBeVisible()

    await user.type(screen.getByLabelText('Code'), '123456{Enter}')
    expect(onAccepted).toHaveBeenCalledWith({ state: 'passed_challenge' })
  })

  it('asks for the code at once when it was sent already, and knows where to', () => {
    setup({ ...FLOW, state: 'sent_email', email: 'jane@example.com' })

    expect(screen.getByText('A code is on its way to jane@example.com.')).toBeVisible()
    expect(screen.getByLabelText('Code')).toHaveFocus()
  })

  it('has the code in its field that came with a link', () => {
    setup({ ...FLOW, state: 'sent_email', code: '123456' })

    expect(screen.getByLabelText('Code')).toHaveValue('123456')
  })

  it('goes back for another code, with the same address', async () => {
    const user = setup({ ...FLOW, state: 'sent_email' }, 'jane@example.com')

    await user.click(screen.getByRole('button', { name: 'Send another code' }))

    expect(screen.getByLabelText('E-mail')).toHaveValue('jane@example.com')
  })
})
