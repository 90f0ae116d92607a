import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useRouter } from 'next/router'
import { useState } from 'react'
import { CodeSteps } from '@/components/code-steps'
import { CardPage } from '@/components/layout'
import { NewPasswordForm } from '@/components/new-password-form'
import { AuthFlow } from '@/lib/kratos/types'
import { ROUTES } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('recovery')

const Recovery = ({ flow, email, viewer }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const router = useRouter()
  const [settings, setSettings] = useState<AuthFlow | null>(null)

  if (settings) {
    return (
      <CardPage title="Choose a new password" lead="You are signed in. With the new password you will be next time.">
        <NewPasswordForm flow={settings} onChanged={() => void router.push(ROUTES.teams)} />
      </CardPage>
    )
  }

  return (
    <CodeSteps
      action="recovery"
      flow={flow}
      email={email}
      viewer={viewer}
      title="Forgot your password?"
      lead="We send you a code. With it you choose a new one."
      sent={address => `If there is an account for ${address}, a mail with a code is on its way.`}
      onAccepted={answer => setSettings(answer.settings ?? null)}
      links={
        <li>
          <Link href={ROUTES.login}>Back to sign in</Link>
        </li>
      }
    />
  )
}

export default Recovery
