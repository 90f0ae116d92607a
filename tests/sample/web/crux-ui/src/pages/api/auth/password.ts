import { authRoute, rejected } from '@/lib/server/auth-route'

/** Sets a new password, after a recovery. */
export default authRoute(async (kratos, { flow = '', csrfToken, password }) => {
  const { status, body } = await kratos.submit('settings', flow, {
    method: 'password',
    csrf_token: csrfToken,
    password,
  })

  return status === 200 ? { value: {} } : rejected(status, body)
})
