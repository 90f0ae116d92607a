/** The fields of a form that cannot be right, before the server is bothered. Empty when all may be. */
export type FieldProblems = Record<string, string>

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$|^[^\s@]+@localhost$/
const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/

const collect = (problems: Record<string, string | null>): FieldProblems =>
  Object.fromEntries(Object.entries(problems).filter((it): it is [string, string] => it[1] !== null))

const email = (value: string): string | null => (EMAIL.test(value.trim()) ? null : 'Enter an e-mail address.')

const newPassword = (value: string): string | null =>
  value.length >= 8 ? null : 'The password must have 8 characters or more.'

const required = (value: string, message: string): string | null => (value.trim() ? null : message)

const length = (value: string, min: number, max: number, what: string): string | null => {
  const count = value.trim().length
  return count >= min && count <= max ? null : `The ${what} must have ${min} to ${max} characters.`
}

const optionalSlug = (value: string): string | null => {
  const slug = value.trim()
  if (!slug) {
    return null
  }
  if (slug.length > 40) {
    return 'The slug must have at most 40 characters.'
  }
  return SLUG.test(slug) ? null : 'Use lower-case letters, digits and single hyphens.'
}

export const validateLogin = (values: { email: string; password: string }): FieldProblems =>
  collect({ email: email(values.email), password: required(values.password, 'Enter your password.') })

export const validateRegistration = (values: {
  firstName: string
  lastName: string
  email: string
  password: string
}): FieldProblems =>
  collect({
    firstName: required(values.firstName, 'Enter your first name.'),
    lastName: required(values.lastName, 'Enter your last name.'),
    email: email(values.email),
    password: newPassword(values.password),
  })

export const validateEmail = (values: { email: string }): FieldProblems => collect({ email: email(values.email) })

export const validateCode = (values: { code: string }): FieldProblems =>
  collect({ code: /^\d{6}$/.test(values.code.trim()) ? null : 'Enter the six digits of the mail.' })

export const validatePassword = (values: { password: string }): FieldProblems =>
  collect({ password: newPassword(values.password) })

export const validateTeam = (values: { name: string; slug: string }): FieldProblems =>
  collect({ name: length(values.name, 3, 70, 'name'), slug: optionalSlug(values.slug) })

export const validateProject = (values: { name: string; description: string }): FieldProblems =>
  collect({
    name: length(values.name, 3, 70, 'name'),
    description: length(values.description, 0, 500, 'description'),
  })
