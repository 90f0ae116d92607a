import Head from 'next/head'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { SignOutButton } from './sign-out-button'
import { Viewer } from '@/lib/kratos/types'
import { ROUTES } from '@/lib/routes'

type LayoutProps = {
  title: string
  viewer?: Viewer | null
  children: ReactNode
}

export const Layout = ({ title, viewer, children }: LayoutProps) => (
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
        <nav aria-label="Account">
          {viewer ? (
            <>
              <span className="viewer" title={viewer.email}>
                {viewer.name}
              </span>
              <SignOutButton />
            </>
          ) : (
            <>
              <Link href={ROUTES.login}>Sign in</Link>
              <Link href={ROUTES.register} className="button small">
                Sign up
              </Link>
            </>
          )}
        </nav>
      </div>
    </header>
    <main>{children}</main>
    <footer>Teams and their projects, in one place.</footer>
  </>
)

/** The narrow card of the pages that sign in, sign up and so on */
export const AuthCard = ({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) => (
  <Layout title={title}>
    <section className="card auth">
      <h1>{title}</h1>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </section>
  </Layout>
)
