import { ReactNode, useState } from 'react'
import { CodeAnswer, EnterCodeForm, SendCodeForm } from './code-forms'
import { CardPage } from './layout'
import { AuthAction, PostAuth } from '@/lib/auth-client'
import { AuthFlow, Viewer } from '@/lib/kratos/types'

type CodeStepsProps = {
  /** The verification of an address and the recovery of an account both send a code. */
  action: Extract<AuthAction, 'verify' | 'recovery'>
  flow: AuthFlow
  /** What is known of the address already, when the flow does not know more */
  email: string
  viewer?: Viewer | null
  title: string
  lead: string
  /** What the visitor reads once the code is on its way to this address */
  sent: (address: string) => string
  onAccepted: (answer: CodeAnswer) => void
  /** Shown below either form */
  links?: ReactNode
  post?: PostAuth
}

/** Asks where to send a code, then for the code: two steps of one flow, and back again when no mail came. */
export const CodeSteps = ({
  action,
  flow,
  email,
  viewer,
  title,
  lead,
  sent,
  onAccepted,
  links,
  post,
}: CodeStepsProps) => {
  const [isSent, setIsSent] = useState(flow.state === 'sent_email')
  const [address, setAddress] = useState(flow.email || email)

  if (!isSent) {
    const onSent = (to: string): void => {
      setAddress(to)
      setIsSent(true)
    }

    return (
      <CardPage title={title} lead={lead} viewer={viewer}>
        <SendCodeForm action={action} flow={flow} email={address} onSent={onSent} post={post} />
        {links && <ul className="links">{links}</ul>}
      </CardPage>
    )
  }

  return (
    <CardPage
      title="Enter the code"
      lead={flow.code ? 'The link in the mail brought the code.' : sent(address || 'your address')}
      viewer={viewer}
    >
      <EnterCodeForm action={action} flow={flow} onAccepted={onAccepted} post={post} />
      <ul className="links">
        <li>
          No mail?{' '}
          <button type="button" className="link" onClick={() => setIsSent(false)}>
            Send another code
          </button>
        </li>
        {links}
      </ul>
    </CardPage>
  )
}
