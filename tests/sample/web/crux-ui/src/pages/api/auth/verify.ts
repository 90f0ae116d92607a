import { flowErrors, isFlow } from '@/lib/kratos/flow'
import { hasErrors } from '@/lib/result'
import { authRoute, rejected } from '@/lib/server/auth-route'

/** With an address it sends a code; with a code it verifies the address. */
export default authRoute(async (kratos, { flow = '', csrfToken, email, code }) => {
  const { status, body } = await kratos.submit('verification', flow, {
    method: 'code',
    csrf_token: csrfToken,
    ...(code ? { code: code.trim() } : { email: email?.trim() }),
  })

  // A wrong code is answered with 200, too, and with the complaint in the flow.
  if (status === 200 && isFlow(body) && !hasErrors(flowErrors(body))) {
    return { value: { state: body.state } }
  }
  return rejected(status, body)
})
