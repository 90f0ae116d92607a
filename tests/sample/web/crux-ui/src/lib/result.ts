/** What is wrong with a form: as a whole, and by field. */
export type FormErrors = {
  form: string[]
  fields: Record<string, string>
}

export const NO_ERRORS: FormErrors = { form: [], fields: {} }

export const formError = (message: string): FormErrors => ({ form: [message], fields: {} })

export const fieldErrors = (fields: Record<string, string>): FormErrors => ({ form: [], fields })

export const hasErrors = ({ form, fields }: FormErrors): boolean => form.length > 0 || Object.keys(fields).length > 0

/** What became of something that somebody submitted. */
export type Result<T> = { ok: true; value: T } | { ok: false; errors: FormErrors }

export const UNREACHABLE = 'The server does not answer. Check your connection and try again.'
