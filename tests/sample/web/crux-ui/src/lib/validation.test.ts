import {
  validateCode,
  validateEmail,
  validateLogin,
  validatePassword,
  validateProject,
  validateRegistration,
  validateTeam,
} from './validation'

describe('validation', () => {
  it.each(['jane@example.com', ' jane@example.com ', 'a+b@sub.example.co', 'dev@localhost'])('takes %p', email => {
    expect(validateEmail({ email })).toEqual({})
  })

  it.each(['', 'jane', 'jane@', '@example.com', 'jane@example', 'a b@example.com'])('refuses %p', email => {
    expect(validateEmail({ email })).toEqual({ email: 'Enter an e-mail address.' })
  })

  it('does not judge the password at sign-in, only that there is one', () => {
    expect(validateLogin({ email: 'jane@example.com', password: 'old' })).toEqual({})
    expect(validateLogin({ email: 'jane@example.com', password: '' })).toEqual({ password: 'Enter your password.' })
  })

  it('asks for everything at registration', () => {
    const problems = validateRegistration({ firstName: ' ', lastName: '', email: '', password: 'short' })

    expect(Object.keys(problems)).toEqual(['firstName', 'lastName', 'email', 'password'])
  })

  it('asks for 8 characters in a new password', () => {
    expect(validatePassword({ password: '1234567' })).toHaveProperty('password')
    expect(validatePassword({ password: '12345678' })).toEqual({})
  })

  it.each(['12345', '1234567', 'abcdef', ''])('refuses %p for a code', code => {
    expect(validateCode({ code })).toHaveProperty('code')
  })

  it('takes a code with spaces around it, as it is pasted', () => {
    expect(validateCode({ code: ' 123456 ' })).toEqual({})
  })

  it('lets the slug of a team be left out', () => {
    expect(validateTeam({ name: 'Platform', slug: '' })).toEqual({})
  })

  it.each(['Platform', 'a--b', '-a', 'x'.repeat(41)])('refuses %p for a slug', slug => {
    expect(validateTeam({ name: 'Platform', slug })).toHaveProperty('slug')
  })

  it('counts a name without the spaces around it', () => {
    expect(validateTeam({ name: '  ab  ', slug: '' })).toEqual({ name: 'The name must have 3 to 70 characters.' })
  })

  it('lets the description of a project be empty, but not endless', () => {
    expect(validateProject({ name: 'Billing', description: '' })).toEqual({})
    expect(validateProject({ name: 'Billing', description: 'x'.repeat(501) })).toHaveProperty('description')
  })
})
