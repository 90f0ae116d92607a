import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { EnterCodeForm, SendCodeForm } from './code-forms'
import { LoginForm } from './login-form'
import { RegisterForm } from './register-form'
import { SignOutButton } from './sign-out-button'

const FLOW = { id: 'flow-1', csrfToken: 'token', state: null, email: '', code: '' }

describe('auth forms', () => {
  const post = jest.fn()
  const done = jest.fn()

  it('sign in with the flow that the page began', async () => {
    post.mockResolvedValue({ ok: true, value: {} })
    const user = userEvent.setup()
    render(<LoginForm flow={FLOW} onSignedIn={done} post={post} />)

    await user.type(screen.getByLabelText('E-mail'), 'jane@example.com')
    await user.type(screen.getByLabelText('Password'), 'secret{Enter}')

    expect(post).toHaveBeenCalledWith('login', {
      email: 'jane@example.com',
      password: 'secret',
      flow: 'flow-1',
      csrfToken: 'token',
    })
    expect(done).toHaveBeenCalledTimes(1)
  })

  it('tell why the sign-in was refused, and stay', async () => {
    post.mockResolvedValue({ ok: false, errors: { form: ['The credentials are invalid.'], fields: {} } })
    const user = userEvent.setup()
    render(<LoginForm flow={FLOW} onSignedIn={done} post={post} />)

    await user.type(screen.getByLabelText('E-mail'), 'jane@example.com')
    await user.type(screen.getByLabelText('Password'), 'wrong{Enter}')

    expect(await screen.findByRole('alert')).toHaveTextContent('The credentials are invalid.')
    expect(done).not.toHaveBeenCalled()
  })

  it('sign up, and go on to the verification that Kratos began', async () => {
    post.mockResolvedValue({ ok: true, value: { verificationFlow: 'next' } })
    const user = userEvent.setup()
    render(<RegisterForm flow={FLOW} onRegistered={done} post={post} />)

    await user.type(screen.getByLabelText('First name'), 'Jane')
    await user.type(screen.getByLabelText('Last name'), 'Doe')
    await user.type(screen.getByLabelText('E-mail'), 'jane@example.com')
    await user.type(screen.getByLabelText('Password'), 'long enough{Enter}')

    expect(done).toHaveBeenCalledWith('jane@example.com', 'next')
  })

  it('show every missing field of the sign-up at once', async () => {
    const user = userEvent.setup()
    render(<RegisterForm flow={FLOW} onRegistered={done} post={post} />)

    await user.click(screen.getByRole('button', { name: 'Sign up' }))

    for (const label of ['First name', 'Last name', 'E-mail', 'Password']) {
      expect(screen.getByLabelText(label)).toBeInvalid()
    }
    expect(post).not.toHaveBeenCalled()
  })

  it('send a code to the address', async () => {
    post.mockResolvedValue({ ok: true, value: { state: 'sent_email' } })
    const user = userEvent.setup()
    render(<SendCodeForm action="recovery" flow={FLOW} email="jane@example.com" onSent={done} post={post} />)

    await user.click(screen.getByRole('button', { name: 'Send code' }))

    expect(post).toHaveBeenCalledWith('recovery', { email: 'jane@example.com', flow: 'flow-1', csrfToken: 'token' })
    expect(done).toHaveBeenCalledWith('jane@example.com')
  })

  it('take the code of the mail', async () => {
    post.mockResolvedValue({ ok: true, value: { state: 'passed_challenge' } })
    const user = userEvent.setup()
    render(<EnterCodeForm action="verify" flow={FLOW} onAccepted={done} post={post} />)

    await user.type(screen.getByLabelText('Code'), ' 123456')
    await user.click(screen.getByRole('button', { name: 'Continue' }))

    expect(post).toHaveBeenCalledWith('verify', { code: '123456', flow: 'flow-1', csrfToken: 'token' })
    expect(done).toHaveBeenCalledWith({ state: 'passed_challenge' })
  })

  it('leave the site when somebody signs out', async () => {
    post.mockResolvedValue({ ok: true, value: {} })
    const user = userEvent.setup()
    render(<SignOutButton post={post} leave={done} />)

    await user.click(screen.getByRole('button', { name: 'Sign out' }))

    expect(post).toHaveBeenCalledWith('logout')
    expect(done).toHaveBeenCalledWith('/auth/login')
  })

  it('stay when signing out failed', async () => {
    post.mockResolvedValue({ ok: false, errors: { form: ['no'], fields: {} } })
    const user = userEvent.setup()
    render(<SignOutButton post={post} leave={done} />)

    await user.click(screen.getByRole('button', { name: 'Sign out' }))

    expect(await screen.findByRole('button', { name: 'Try to sign out again' })).toBeVisible()
    expect(done).not.toHaveBeenCalled()
  })
})
