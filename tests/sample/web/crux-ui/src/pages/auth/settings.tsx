import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useState } from 'react'
import { CardPage } from '@/components/layout'
import { NewPasswordForm } from '@/components/new-password-form'
import { ROUTES } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('settings')

const Settings = ({ flow, viewer }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const [changed, setChanged] = useState(false)

  if (changed) {
    return (
      <CardPage title="Password changed" lead="Use the new one when you sign in next time." viewer={viewer}>
        <Link href={ROUTES.teams} className="button">
          To your teams
        </Link>
      </CardPage>
    )
  }

  return (
    <CardPage title="Your account" lead={`Signed in as ${viewer?.name}, ${viewer?.email}.`} viewer={viewer}>
      <NewPasswordForm flow={flow} onChanged={() => setChanged(true)} />
    </CardPage>
  )
}

export default Settings
