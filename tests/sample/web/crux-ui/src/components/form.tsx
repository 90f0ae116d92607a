import { FormEvent, HTMLInputTypeAttribute, ReactNode, useId, useState } from 'react'
import { fieldErrors, FormErrors, NO_ERRORS, Result } from '@/lib/result'

type FieldProps = {
  name: string
  label: string
  value: string
  onChange: (value: string) => void
  error?: string
  hint?: string
  type?: HTMLInputTypeAttribute
  autoComplete?: string
  inputMode?: 'numeric' | 'email' | 'text'
  multiline?: boolean
}

export const Field = ({ name, label, value, onChange, error, hint, multiline, ...rest }: FieldProps) => {
  const id = useId()
  const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined
  const common = {
    id,
    name,
    value,
    'aria-invalid': Boolean(error),
    'aria-describedby': described,
  }

  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {multiline ? (
        <textarea {...common} rows={3} onChange={event => onChange(event.target.value)} />
      ) : (
        <input {...common} {...rest} onChange={event => onChange(event.target.value)} />
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
    <div role="alert" className="alert">
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

/** The state of a form: what was typed, what is wrong with it, and whether it is on its way. */
export const useForm = <V extends Record<string, string>, T>({
  initial,
  validate,
  submit,
  onSuccess,
}: FormOptions<V, T>) => {
  const [values, setValues] = useState(initial)
  const [errors, setErrors] = useState<FormErrors>(NO_ERRORS)
  const [busy, setBusy] = useState(false)

  /** What a Field needs to know of the form */
  const field = (name: keyof V & string) => ({
    name,
    value: values[name] ?? '',
    error: errors.fields[name],
    onChange: (value: string) => setValues(current => ({ ...current, [name]: value })),
  })

  const send = async (): Promise<void> => {
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

  const onSubmit = (event: FormEvent): void => {
    event.preventDefault()
    if (!busy) {
      void send()
    }
  }

  const reset = (): void => setValues(initial)

  return { field, errors, busy, onSubmit, reset }
}

type FormProps = {
  form: { errors: FormErrors; busy: boolean; onSubmit: (event: FormEvent) => void }
  action: string
  label: string
  children: ReactNode
}

export const Form = ({ form, action, label, children }: FormProps) => (
  <form noValidate method="post" aria-label={label} onSubmit={form.onSubmit}>
    <FormErrorList messages={form.errors.form} />
    {children}
    <button type="submit" className="button" disabled={form.busy}>
      {form.busy ? 'One moment…' : action}
    </button>
  </form>
)
