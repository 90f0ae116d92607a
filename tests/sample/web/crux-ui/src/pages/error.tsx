import type { GetServerSideProps, InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { CardPage } from '@/components/layout'
import { KratosClient } from '@/lib/kratos/client'
import { ROUTES } from '@/lib/routes'
import { kratosUrl } from '@/lib/server/environment'
import { single } from '@/lib/server/pages'

/** Kratos leads browsers here when it has no form to show a complaint in, as after a link in an old mail. */
export const getServerSideProps: GetServerSideProps<{ reason: string | null }> = async ({ req, query }) => {
  const id = single(query.id)
  return { props: { reason: id ? await new KratosClient(kratosUrl(), req.headers.cookie).failure(id) : null } }
}

const Failure = ({ reason }: InferGetServerSidePropsType<typeof getServerSideProps>) => (
  <CardPage title="That did not work" lead={reason ?? 'The link may be old, or was used already.'}>
    <Link href={ROUTES.home} className="button">
      To the start
    </Link>
  </CardPage>
)

export default Failure
