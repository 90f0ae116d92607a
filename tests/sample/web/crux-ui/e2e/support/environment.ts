/** Where the stack under test is; without variables, the one that runs on this machine. */

const address = (name: string, fallback: string): string => (process.env[name] || fallback).replace(/\/+$/, '')

/** The product, as the browser opens it */
export const BASE_URL = address('E2E_BASE_URL', 'http://localhost:8000')

/** The product, as its own mails and redirects name it */
export const CRUX_UI_URL = address('CRUX_UI_URL', BASE_URL)

export const KRATOS_URL = address('KRATOS_URL', `${BASE_URL}/kratos`)

export const KRATOS_ADMIN_URL = address('KRATOS_ADMIN_URL', 'http://localhost:4434')

export const MAILSLURPER_URL = address('MAILSLURPER_URL', 'http://localhost:4437')

export const CI = Boolean(process.env.CI)
