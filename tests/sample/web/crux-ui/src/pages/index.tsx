import type { GetServerSideProps, InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { Initials } from '@/components/initials'
import { Layout } from '@/components/layout'
import { Viewer } from '@/lib/kratos/types'
import { ROUTES } from '@/lib/routes'
import { viewerOf } from '@/lib/server/pages'

export const getServerSideProps: GetServerSideProps<{ viewer: Viewer | null }> = async context => {
  // The landing page is for everybody, also while nobody can sign in.
  const viewer = await viewerOf(context).catch(err => {
    console.error(err)
    return null
  })
  return { props: { viewer } }
}

/** A picture, not content: nobody needs to have it read out. */
const Preview = () => (
  <div className="preview" aria-hidden>
    <header>
      <Initials name="Platform Crew" square />
      Platform Crew
    </header>
    <ul className="rows">
      <li>
        <strong>Billing</strong>
        <span>Sends invoices, and reminders when they are late.</span>
      </li>
      <li>
        <strong>Design system</strong>
        <span>Colours, type and components that all the others share.</span>
      </li>
      <li>
        <strong>Search</strong>
        <span>Finds anything in a tenth of a second.</span>
      </li>
    </ul>
  </div>
)

const Landing = ({ viewer }: InferGetServerSidePropsType<typeof getServerSideProps>) => (
  <Layout title="Welcome" viewer={viewer}>
    <section className="hero">
      <div>
        <h1>
          Every team.
          <br />
          Every project.
          <br />
          <em>One place.</em>
        </h1>
        <p className="lead">Create a team, give its projects a home, and see at a glance what is being built.</p>
        <p className="actions">
          {viewer ? (
            <Link href={ROUTES.teams} className="button">
              To your teams
            </Link>
          ) : (
            <>
              <Link href={ROUTES.register} className="button">
                Get started
              </Link>
              <Link href={ROUTES.login} className="button quiet">
                Sign in
              </Link>
            </>
          )}
        </p>
      </div>
      <Preview />
    </section>
    <section className="features" aria-label="Features">
      <article>
        <h2>Teams</h2>
        <p>A team is where its members find everything they work on. You can be in as many as you like.</p>
      </article>
      <article>
        <h2>Projects</h2>
        <p>Each has a name, a short address and a line that says what it is for.</p>
      </article>
      <article>
        <h2>Private</h2>
        <p>Nobody sees a team or its projects who is not a member of it.</p>
      </article>
    </section>
  </Layout>
)

export default Landing
