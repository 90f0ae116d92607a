import { flowErrors, isFlow, nextFlowId, toAuthFlow } from '@/lib/kratos/flow'
import { hasErrors } from '@/lib/result'
import { authRoute, rejected } from '@/lib/server/auth-route'

/** With an address it sends a code; with a code it gives a session, and the flow that sets a new password. */
export default authRoute(async (kratos, { flow = '', csrfToken, email, code }) => {
  const { status, body } = await kratos.submit('recovery', flow, {
    method: 'code',
    csrf_token: csrfToken,
    ...(code ? { code: code.trim() } : { email: email?.trim() }),
  })

  const settingsFlow = status === 200 || status === 422 ? nextFlowId(body, 'show_settings_ui') : null
  if (settingsFlow) {
    return { value: { state: 'passed_challenge', settings: toAuthFlow(await kratos.flow('settings', settingsFlow)) } }
  }

  if (status === 200 && isFlow(body) && !hasErrors(flowErrors(body))) {
    return { value: { state: body.state } }
  }
  return rejected(status, body)
})
