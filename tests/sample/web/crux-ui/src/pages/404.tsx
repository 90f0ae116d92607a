import Link from 'next/link'
import { Layout } from '@/components/layout'
import { ROUTES } from '@/lib/routes'

const NotFound = () => (
  <Layout title="Not found">
    <section className="card auth">
      <h1>Not found</h1>
      <p className="lead">There is nothing at this address, or nothing that you may see.</p>
      <Link href={ROUTES.teams} className="button">
        To your teams
      </Link>
    </section>
  </Layout>
)

export default NotFound
