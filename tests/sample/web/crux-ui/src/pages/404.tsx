import Link from 'next/link'
import { CardPage } from '@/components/layout'
import { ROUTES } from '@/lib/routes'

const NotFound = () => (
  <CardPage title="Not found" lead="There is nothing at this address, or nothing that you may see.">
    <Link href={ROUTES.teams} className="button">
      To your teams
    </Link>
  </CardPage>
)

export default NotFound
