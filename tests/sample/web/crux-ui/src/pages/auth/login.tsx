import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useRouter } from 'next/router'
import { CardPage } from '@/components/layout'
import { LoginForm } from '@/components/login-form'
import { ROUTES } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('login')

const Login = ({ flow, returnTo }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const router = useRouter()

  return (
    <CardPage title="Sign in">
      <LoginForm flow={flow} onSignedIn={() => void router.push(returnTo)} />
      <ul className="links">
        <li>
          <Link href={ROUTES.recovery}>Forgot your password?</Link>
        </li>
        <li>
          <Link href={ROUTES.verify}>Verify your address</Link>
        </li>
        <li>
          New here? <Link href={ROUTES.register}>Create an account</Link>
        </li>
      </ul>
    </CardPage>
  )
}

export default Login
