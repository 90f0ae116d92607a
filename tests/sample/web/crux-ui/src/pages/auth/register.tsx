import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useRouter } from 'next/router'
import { CardPage } from '@/components/layout'
import { RegisterForm } from '@/components/register-form'
import { ROUTES, verifyUrl } from '@/lib/routes'
import { flowPage } from '@/lib/server/pages'

export const getServerSideProps = flowPage('registration')

const Register = ({ flow }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const router = useRouter()

  return (
    <CardPage title="Create an account">
      <RegisterForm
        flow={flow}
        onRegistered={(email, verificationFlow) => void router.push(verifyUrl(verificationFlow ?? undefined, email))}
      />
      <ul className="links">
        <li>
          Already have one? <Link href={ROUTES.login}>Sign in</Link>
        </li>
      </ul>
    </CardPage>
  )
}

export default Register
