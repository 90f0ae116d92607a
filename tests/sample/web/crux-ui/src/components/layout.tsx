import Head from 'next/head'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { Initials } from './initials'
import { SignOutButton } from './sign-out-button'
import { Viewer } from '@/lib/kratos/types'
import { ROUTES } from '@/lib/routes'

type LayoutProps = {
  title: string
  viewer?: Viewer | null
  children: ReactNode
}

const AccountLinks = ({ viewer }: { viewer: Viewer }) => (
  <nav aria-label="Account">
    <Link href={ROUTES.settings} className="viewer" aria-label={`Account of ${viewer.name}`} title={viewer.email}>
      <Initials name={viewer.name} />
      <span className="viewer-name">{viewer.name}</span>
    </Link>
    <SignOutButton />
  </nav>
)

const SignInLinks = () => (
  <nav aria-label="Account">
    <Link href={ROUTES.login}>Sign in</Link>
    <Link href={ROUTES.register} className="button small">
      Sign up
    </Link>
  </nav>
)

const Frame = ({ title, viewer, guest, children }: LayoutProps & { guest?: ReactNode }) => (
  <>
    <Head>
      <title>{`${title} · Sample Platform`}</title>
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
    </Head>
    <header className="bar">
      <div className="bar-inner">
        <Link href={viewer ? ROUTES.teams : ROUTES.home} className="brand">
          <img src="/favicon.svg" alt="" width={28} height={28} />
          Sample Platform
        </Link>
        {viewer ? <AccountLinks viewer={viewer} /> : guest}
      </div>
    </header>
    <main>{children}</main>
    <footer>Teams and their projects, in one place.</footer>
  </>
)

export const Layout = (props: LayoutProps) => <Frame {...props} guest={<SignInLinks />} />

/** One narrow card. Its bar offers no sign-in: these pages are about just that, or do not know who looks at them. */
export const CardPage = ({ lead, children, ...frame }: LayoutProps & { lead?: string }) => (
  <Frame {...frame}>
    <section className="card narrow">
      <h1>{frame.title}</h1>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </section>
  </Frame>
)
