import { Field, Form, useForm } from './form'
import { PostAuth, postAuth } from '@/lib/auth-client'
import { AuthFlow } from '@/lib/kratos/types'
import { validatePassword } from '@/lib/validation'

type NewPasswordFormProps = {
  flow: AuthFlow
  onChanged: () => void
  post?: PostAuth
}

export const NewPasswordForm = ({ flow, onChanged, post = postAuth }: NewPasswordFormProps) => {
  const form = useForm({
    initial: { password: '' },
    validate: validatePassword,
    submit: values => post<object>('password', { ...values, flow: flow.id, csrfToken: flow.csrfToken }),
    onSuccess: onChanged,
  })

  return (
    <Form form={form} action="Set password" label="Set a new password">
      <Field
        label="New password"
        type="password"
        autoComplete="new-password"
        hint="8 characters or more."
        {...form.field('password')}
      />
    </Form>
  )
}
