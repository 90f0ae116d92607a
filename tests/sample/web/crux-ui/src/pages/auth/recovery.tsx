import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useRouter } from 'next/router'
import { useState } from 'react'
import { EnterCodeForm, SendCodeForm } from '@/components/code-forms'
import { AuthCard } from '@/components/layout'
import { NewPasswordForm } from '@/components/new-password-form'
import { AuthFlow } from '@/lib/kratos/types'
import { ROUTES } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('recovery')

const Recovery = ({ flow, email, code }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const router = useRouter()
  const [state, setState] = useState(flow.state)
  const [sentTo, setSentTo] = useState(email)
  const [settings, setSettings] = useState<AuthFlow | null>(null)

  if (settings) {
    return (
      <AuthCard title="Choose a new password">
        <NewPasswordForm flow={settings} onChanged={() => void router.push(ROUTES.teams)} />
      </AuthCard>
    )
  }

  if (state === 'sent_email') {
    return (
      <AuthCard
        title="Enter the code"
        lead={`If there is an account for ${sentTo || 'your address'}, a mail with a code is on its way.`}
      >
        <EnterCodeForm
          action="recovery"
          flow={flow}
          code={code}
          onAccepted={answer => setSettings(answer.settings ?? null)}
        />
      </AuthCard>
    )
  }

  return (
    <AuthCard title="Recover your account" lead="We will send you a code. With it you choose a new password.">
      <SendCodeForm
        action="recovery"
        flow={flow}
        email={sentTo}
        onSent={address => {
          setSentTo(address)
          setState('sent_email')
        }}
      />
      <ul className="links">
        <li>
          <Link href={ROUTES.login}>Back to sign in</Link>
        </li>
      </ul>
    </AuthCard>
  )
}

export default Recovery
