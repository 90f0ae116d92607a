import { Layout } from '@/components/layout'

const ServerError = () => (
  <Layout title="Out of order">
    <section className="card auth">
      <h1>Out of order</h1>
      <p className="lead">A part of this site does not answer. Try again in a moment.</p>
    </section>
  </Layout>
)

export default ServerError
