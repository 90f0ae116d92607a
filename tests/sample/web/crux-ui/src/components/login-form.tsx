import { Field, Form, useForm } from './form'
import { PostAuth, postAuth } from '@/lib/auth-client'
import { AuthFlow } from '@/lib/kratos/types'
import { validateLogin } from '@/lib/validation'

type LoginFormProps = {
  flow: AuthFlow
  onSignedIn: () => void
  post?: PostAuth
}

export const LoginForm = ({ flow, onSignedIn, post = postAuth }: LoginFormProps) => {
  const form = useForm({
    initial: { email: '', password: '' },
    validate: validateLogin,
    submit: values => post<object>('login', { ...values, flow: flow.id, csrfToken: flow.csrfToken }),
    onSuccess: onSignedIn,
  })

  return (
    <Form form={form} action="Sign in" label="Sign in">
      <Field label="E-mail" type="email" autoComplete="username" {...form.field('email')} />
      <Field label="Password" type="password" autoComplete="current-password" {...form.field('password')} />
    </Form>
  )
}
