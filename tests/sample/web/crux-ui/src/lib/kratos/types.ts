/** What this product uses of Kratos' self-service API. */

export type FlowKind = 'login' | 'registration' | 'verification' | 'recovery' | 'settings'

export type KratosMessage = {
  id: number
  text: string
  type: 'info' | 'error' | 'success'
}

export type KratosNode = {
  attributes: { name?: string; value?: unknown }
  messages?: KratosMessage[]
}

export type KratosFlow = {
  id: string
  state?: string
  ui: {
    nodes: KratosNode[]
    messages?: KratosMessage[]
  }
}

export type KratosSession = {
  active?: boolean
  identity?: {
    id: string
    traits?: { email?: string; name?: { first?: string; last?: string } }
  }
}

/** What a page needs to submit a flow. */
export type AuthFlow = {
  id: string
  csrfToken: string
  /** `choose_method`, `sent_email` or `passed_challenge`, in flows that send a mail */
  state: string | null
  /** The address that a code was sent to, if one was */
  email: string
  /** The code, if somebody came with the link of the mail; it is not used up yet */
  code: string
}

/** Who is signed in, as pages show it. */
export type Viewer = {
  email: string
  name: string
}
