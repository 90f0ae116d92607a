import type { GetServerSideProps, GetServerSidePropsContext, Redirect } from 'next'
import { CruxClient, CruxError } from '../crux-client'
import { AlreadySignedInError, KratosClient, NotSignedInError } from '../kratos/client'
import { toAuthFlow, toViewer } from '../kratos/flow'
import { AuthFlow, FlowKind, Viewer } from '../kratos/types'
import { loginUrl, ROUTES, safeReturnTo } from '../routes'
import { cruxUrl, kratosUrl } from './environment'

const redirectTo = (destination: string): { redirect: Redirect } => ({ redirect: { destination, permanent: false } })

export const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

export const viewerOf = async ({ req }: GetServerSidePropsContext): Promise<Viewer | null> => {
  const session = await new KratosClient(kratosUrl(), req.headers.cookie).session()
  return session && toViewer(session)
}

/** A page for signed-in visitors: others are led to the sign-in page, and back afterwards. */
export const guarded =
  <P extends object>(
    load: (crux: CruxClient, context: GetServerSidePropsContext) => Promise<P>,
  ): GetServerSideProps<P & { viewer: Viewer }> =>
  async context => {
    const signIn = redirectTo(loginUrl(context.resolvedUrl))

    const viewer = await viewerOf(context)
    if (!viewer) {
      return signIn
    }

    try {
      const props = await load(new CruxClient(cruxUrl(), context.req.headers.cookie), context)
      return { props: { ...props, viewer } }
    } catch (err) {
      if (!(err instanceof CruxError)) {
        throw err
      }
      if (err.status === 401) {
        return signIn
      }
      // Whether there is a team is no business of those who are not members.
      if (err.status === 403 || err.status === 404) {
        return { notFound: true }
      }
      throw err
    }
  }

export type FlowPageProps = {
  flow: AuthFlow
  returnTo: string
  /** The address that brought somebody here, to begin with */
  email: string
  /** Somebody can be signed in who recovers, verifies or changes something. */
  viewer: Viewer | null
}

/** A page that submits a Kratos flow: the one that the address names, or a new one. */
export const flowPage =
  (kind: FlowKind): GetServerSideProps<FlowPageProps> =>
  async context => {
    const { req, res, query } = context
    const returnTo = safeReturnTo(query.returnTo)
    const kratos = new KratosClient(kratosUrl(), req.headers.cookie)

    try {
      const flow = await kratos.flow(kind, single(query.flow))

      res.setHeader('set-cookie', kratos.setCookies)
      return {
        props: {
          flow: toAuthFlow(flow),
          returnTo,
          email: single(query.email) ?? '',
          viewer: await viewerOf(context),
        },
      }
    } catch (err) {
      if (err instanceof AlreadySignedInError) {
        return redirectTo(kind === 'login' ? returnTo : ROUTES.teams)
      }
      if (err instanceof NotSignedInError) {
        return redirectTo(loginUrl(context.resolvedUrl))
      }
      throw err
    }
  }
