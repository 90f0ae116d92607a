import { useState } from 'react'
import { useHydrated } from './use-hydrated'
import { PostAuth, postAuth } from '@/lib/auth-client'
import { ROUTES } from '@/lib/routes'

type SignOutButtonProps = {
  post?: PostAuth
  leave?: (path: string) => void
}

export const SignOutButton = ({
  post = postAuth,
  leave = path => window.location.assign(path),
}: SignOutButtonProps) => {
  const hydrated = useHydrated()
  const [failed, setFailed] = useState(false)

  const signOut = async (): Promise<void> => {
    const result = await post('logout')
    if (result.ok) {
      // A full page load, so that nothing of the session stays in memory.
      leave(ROUTES.login)
    }
    setFailed(!result.ok)
  }

  return (
    <button type="button" className="button quiet small" disabled={!hydrated} onClick={() => void signOut()}>
      {failed ? 'Try to sign out again' : 'Sign out'}
    </button>
  )
}
