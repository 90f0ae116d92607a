import { loginUrl, safeReturnTo, verifyUrl } from './routes'

describe('redirects', () => {
  it('go to a path of this site', () => {
    expect(safeReturnTo('/teams/platform?tab=projects')).toBe('/teams/platform?tab=projects')
  })

  it.each([
    'https://elsewhere.example',
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/\t/elsewhere.example',
    'javascript:alert(1)',
    'teams',
    '',
    undefined,
  ])('do not follow %p', target => {
    expect(safeReturnTo(target)).toBe('/teams')
  })

  it('take the first of several', () => {
    expect(safeReturnTo(['/teams/one', '/teams/two'])).toBe('/teams/one')
  })

  it('remember where somebody wanted to go', () => {
    expect(loginUrl('/teams/platform')).toBe('/auth/login?returnTo=%2Fteams%2Fplatform')
  })

  it('do not remember what is the default anyway', () => {
    expect(loginUrl('/teams')).toBe('/auth/login')
    expect(loginUrl()).toBe('/auth/login')
  })

  it('carry the flow and the address to the verification', () => {
    expect(verifyUrl('abc', 'jane+1@example.com')).toBe('/auth/verify?flow=abc&email=jane%2B1%40example.com')
    expect(verifyUrl()).toBe('/auth/verify')
  })
})
