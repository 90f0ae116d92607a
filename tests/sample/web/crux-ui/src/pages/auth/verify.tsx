import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useState } from 'react'
import { EnterCodeForm, SendCodeForm } from '@/components/code-forms'
import { AuthCard } from '@/components/layout'
import { ROUTES } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('verification')

const Verify = ({ flow, email, code }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const [state, setState] = useState(flow.state)
  const [sentTo, setSentTo] = useState(email)

  if (state === 'passed_challenge') {
    return (
      <AuthCard title="Address verified" lead="Thank you. Your account is ready.">
        <Link href={ROUTES.teams} className="button">
          Continue
        </Link>
      </AuthCard>
    )
  }

  if (state === 'sent_email') {
    return (
      <AuthCard title="Verify your address" lead={`We sent a code to ${sentTo || 'your address'}.`}>
        <EnterCodeForm
          action="verify"
          flow={flow}
          code={code}
          onAccepted={answer => setState(answer.state ?? 'passed_challenge')}
        />
        <ul className="links">
          <li>
            No mail?{' '}
            <button type="button" className="link" onClick={() => setState('choose_method')}>
              Send another code
            </button>
          </li>
        </ul>
      </AuthCard>
    )
  }

  return (
    <AuthCard title="Verify your address" lead="We will send you a code.">
      <SendCodeForm
        action="verify"
        flow={flow}
        email={sentTo}
        onSent={address => {
          setSentTo(address)
          setState('sent_email')
        }}
      />
    </AuthCard>
  )
}

export default Verify
