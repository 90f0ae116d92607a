import { nextFlowId } from '@/lib/kratos/flow'
import { authRoute, rejected } from '@/lib/server/auth-route'

export default authRoute(async (kratos, { flow = '', csrfToken, firstName, lastName, email, password }) => {
  const { status, body } = await kratos.submit('registration', flow, {
    method: 'password',
    csrf_token: csrfToken,
    password,
    traits: { email: email?.trim(), name: { first: firstName?.trim(), last: lastName?.trim() } },
  })

  return status === 200
    ? { value: { verificationFlow: nextFlowId(body, 'show_verification_ui') } }
    : rejected(status, body)
})
