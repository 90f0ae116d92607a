import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useState } from 'react'
import { CodeSteps } from '@/components/code-steps'
import { CardPage } from '@/components/layout'
import { ROUTES } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('verification')

const Verify = ({ flow, email, viewer }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const [verified, setVerified] = useState(flow.state === 'passed_challenge')

  if (verified) {
    return (
      <CardPage title="Address verified" lead="Thank you. Your account is ready." viewer={viewer}>
        <Link href={ROUTES.teams} className="button">
          Continue
        </Link>
      </CardPage>
    )
  }

  return (
    <CodeSteps
      action="verify"
      flow={flow}
      email={email}
      viewer={viewer}
      title="Verify your address"
      lead="We send you a code, to be sure that the address is yours."
      sent={address => `A mail with a code is on its way to ${address}.`}
      onAccepted={() => setVerified(true)}
    />
  )
}

export default Verify
