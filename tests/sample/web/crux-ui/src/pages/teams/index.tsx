import type { InferGetServerSidePropsType } from 'next'
import { useRouter } from 'next/router'
import { CreateTeamForm } from '@/components/create-team-form'
import { Layout } from '@/components/layout'
import { TeamList } from '@/components/team-list'
import { CruxClient } from '@/lib/crux-client'
import { ROUTES } from '@/lib/routes'
import { guarded } from '@/lib/server/pages'

export const getServerSideProps = guarded(async crux => ({ teams: await crux.teams() }))

const Teams = ({ teams, viewer }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const router = useRouter()

  return (
    <Layout title="Teams" viewer={viewer}>
      <div className="columns">
        <section>
          <h1>Teams</h1>
          <TeamList teams={teams} />
        </section>
        <aside className="card">
          <h2>New team</h2>
          <CreateTeamForm
            create={team => new CruxClient().createTeam(team)}
            onCreated={({ slug }) => void router.push(ROUTES.team(slug))}
          />
        </aside>
      </div>
    </Layout>
  )
}

export default Teams
