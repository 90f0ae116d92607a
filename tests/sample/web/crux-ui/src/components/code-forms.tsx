import { Field, Form, useForm } from './form'
import { AuthAction, PostAuth, postAuth } from '@/lib/auth-client'
import { AuthFlow } from '@/lib/kratos/types'
import { validateCode, validateEmail } from '@/lib/validation'

export type CodeAnswer = { state?: string; settings?: AuthFlow }

type CodeFormProps = {
  /** The verification of an address and the recovery of an account both send a code. */
  action: Extract<AuthAction, 'verify' | 'recovery'>
  flow: AuthFlow
  post?: PostAuth
}

/** Asks where to send the code. */
export const SendCodeForm = ({
  action,
  flow,
  email,
  onSent,
  post = postAuth,
}: CodeFormProps & { email: string; onSent: (email: string) => void }) => {
  const form = useForm({
    initial: { email },
    validate: validateEmail,
    submit: values => post<CodeAnswer>(action, { ...values, flow: flow.id, csrfToken: flow.csrfToken }),
    onSuccess: (_: CodeAnswer, values) => onSent(values.email.trim()),
  })

  return (
    <Form form={form} action="Send code" label="Send a code">
      <Field label="E-mail" type="email" autoComplete="username" {...form.field('email')} />
    </Form>
  )
}

/** Asks for the code that the mail brought. */
export const EnterCodeForm = ({
  action,
  flow,
  onAccepted,
  post = postAuth,
}: CodeFormProps & { onAccepted: (answer: CodeAnswer) => void }) => {
  const form = useForm({
    initial: { code: flow.code },
    validate: validateCode,
    submit: values => post<CodeAnswer>(action, { code: values.code.trim(), flow: flow.id, csrfToken: flow.csrfToken }),
    onSuccess: (answer: CodeAnswer) => onAccepted(answer),
  })

  return (
    <Form form={form} action="Continue" label="Enter the code">
      <Field label="Code" inputMode="numeric" autoFocus autoComplete="one-time-code" {...form.field('code')} />
    </Form>
  )
}
