import { Field, Form, useForm } from './form'
import { PostAuth, postAuth } from '@/lib/auth-client'
import { AuthFlow } from '@/lib/kratos/types'
import { validateRegistration } from '@/lib/validation'

type Registered = { verificationFlow: string | null }

type RegisterFormProps = {
  flow: AuthFlow
  /** Gets the flow that verifies the address, if Kratos began one */
  onRegistered: (email: string, verificationFlow: string | null) => void
  post?: PostAuth
}

export const RegisterForm = ({ flow, onRegistered, post = postAuth }: RegisterFormProps) => {
  const form = useForm({
    initial: { firstName: '', lastName: '', email: '', password: '' },
    validate: validateRegistration,
    submit: values => post<Registered>('register', { ...values, flow: flow.id, csrfToken: flow.csrfToken }),
    onSuccess: ({ verificationFlow }: Registered, { email }) => onRegistered(email.trim(), verificationFlow),
  })

  return (
    <Form form={form} action="Sign up" label="Sign up">
      <div className="side-by-side">
        <Field label="First name" autoComplete="given-name" {...form.field('firstName')} />
        <Field label="Last name" autoComplete="family-name" {...form.field('lastName')} />
      </div>
      <Field label="E-mail" type="email" autoComplete="username" {...form.field('email')} />
      <Field
        label="Password"
        type="password"
        autoComplete="new-password"
        hint="8 characters or more."
        {...form.field('password')}
      />
    </Form>
  )
}
