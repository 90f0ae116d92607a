import Link from 'next/link'
import { CardPage } from '@/components/layout'
import { ROUTES } from '@/lib/routes'

const ServerError = () => (
  <CardPage title="Out of order" lead="A part of this site does not answer. Try again in a moment.">
    <Link href={ROUTES.home} className="button">
      To the start
    </Link>
  </CardPage>
)

export default ServerError
