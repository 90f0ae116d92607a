import { authRoute, rejected } from '@/lib/server/auth-route'

export default authRoute(async (kratos, { flow = '', csrfToken, email, password }) => {
  const { status, body } = await kratos.submit('login', flow, {
    method: 'password',
    csrf_token: csrfToken,
    identifier: email?.trim(),
    password,
  })

  return status === 200 ? { value: {} } : rejected(status, body)
})
