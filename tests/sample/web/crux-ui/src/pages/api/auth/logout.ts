import { authRoute } from '@/lib/server/auth-route'

export default authRoute(async kratos => {
  await kratos.signOut()
  return { value: {} }
})
