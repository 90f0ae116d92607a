import { FormEvent, HTMLInputTypeAttribute, ReactNode, RefObject, useEffect, useId, useRef, useState } from 'react'
import { useHydrated } from './use-hydrated'
import { fieldErrors, FormErrors, NO_ERRORS, Result } from '@/lib/result'

type FieldProps = {
  name: string
  label: string
  defaultValue?: string
  error?: string
  hint?: string
  type?: HTMLInputTypeAttribute
  autoComplete?: string
  autoFocus?: boolean
  inputMode?: 'numeric' | 'email' | 'text'
  multiline?: boolean
}

export const Field = ({ label, error, hint, multiline, ...input }: FieldProps) => {
  const id = useId()
  const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined
  const aria = { id, 'aria-invalid': Boolean(error), 'aria-describedby': described }

  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {multiline ? (
        <textarea {...aria} rows={3} name={input.name} defaultValue={input.defaultValue} />
      ) : (
        <input {...aria} {...input} />
      )}
      {error ? (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      ) : (
        hint && (
          <p id={`${id}-hint`} className="field-hint">
            {hint}
          </p>
        )
      )}
    </div>
  )
}

export const FormErrorList = ({ messages }: { messages: string[] }) =>
  messages.length === 0 ? null : (
    <div role="alert" className="alert" tabIndex={-1}>
      {messages.map(it => (
        <p key={it}>{it}</p>
      ))}
    </div>
  )

type FormOptions<V, T> = {
  initial: V
  validate: (values: V) => Record<string, string>
  submit: (values: V) => Promise<Result<T>>
  onSuccess: (value: T, values: V) => void
}

/**
 * What is wrong with a form, and whether it is on its way. What was typed stays in the document and is read when the
 * form is submitted: so nothing is lost that somebody, or the browser for them, filled in before the page had loaded.
 */
export const useForm = <V extends Record<string, string>, T>({
  initial,
  validate,
  submit,
  onSuccess,
}: FormOptions<V, T>) => {
  const element = useRef<HTMLFormElement>(null)
  const [errors, setErrors] = useState<FormErrors>(NO_ERRORS)
  const [busy, setBusy] = useState(false)

  useEffect(() => {
    element.current?.querySelector<HTMLElement>('[role="alert"], [aria-invalid="true"]')?.focus()
  }, [errors])

  /** What a Field needs to know of the form */
  const field = (name: keyof V & string) => ({ name, defaultValue: initial[name], error: errors.fields[name] })

  const send = async (values: V): Promise<void> => {
    const problems = validate(values)
    if (Object.keys(problems).length > 0) {
      setErrors(fieldErrors(problems))
      return
    }

    setBusy(true)
    setErrors(NO_ERRORS)
    const result = await submit(values)
    setBusy(false)

    if (!result.ok) {
      setErrors(result.errors)
      return
    }
    onSuccess(result.value, values)
  }

  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    if (!busy) {
      const typed = new FormData(event.currentTarget)
      void send(Object.fromEntries(Object.keys(initial).map(name => [name, String(typed.get(name) ?? '')])) as V)
    }
  }

  const reset = (): void => element.current?.reset()

  return { element, field, errors, busy, onSubmit, reset }
}

type FormProps = {
  form: {
    element: RefObject<HTMLFormElement>
    errors: FormErrors
    busy: boolean
    onSubmit: (event: FormEvent<HTMLFormElement>) => void
  }
  action: string
  label: string
  children: ReactNode
}

export const Form = ({ form, action, label, children }: FormProps) => {
  // Before that, a browser would submit the form itself, with a password in it, to an address that does not expect it.
  const hydrated = useHydrated()

  return (
    <form ref={form.element} noValidate method="post" aria-label={label} onSubmit={form.onSubmit}>
      <FormErrorList messages={form.errors.form} />
      {children}
      <button type="submit" className="button" disabled={!hydrated || form.busy}>
        {form.busy ? 'One moment…' : action}
      </button>
    </form>
  )
}
