import type { InferGetServerSidePropsType } from 'next'
import Link from 'next/link'
import { useRouter } from 'next/router'
import { useState } from 'react'
import { CreateProjectForm } from '@/components/create-project-form'
import { Layout } from '@/components/layout'
import { ProjectList } from '@/components/project-list'
import { CruxClient } from '@/lib/crux-client'
import { ROUTES } from '@/lib/routes'
import { guarded, single } from '@/lib/server/pages'

export const getServerSideProps = guarded(async (crux, { params }) => {
  const slug = single(params?.slug) ?? ''
  const [team, projects] = await Promise.all([crux.team(slug), crux.projects(slug)])
  return { team, projects }
})

const Team = ({ team, projects, viewer }: InferGetServerSidePropsType<typeof getServerSideProps>) => {
  const router = useRouter()
  const [created, setCreated] = useState('')

  return (
    <Layout title={team.name} viewer={viewer}>
      <nav aria-label="Breadcrumb" className="crumbs">
        <Link href={ROUTES.teams}>Teams</Link> / <span aria-current="page">{team.slug}</span>
      </nav>
      <div className="columns">
        <section>
          <h1>{team.name}</h1>
          <p className="members">
            {team.members.length === 1 ? '1 member' : `${team.members.length} members`}:{' '}
            {team.members.map(it => it.email).join(', ')}
          </p>
          <h2>Projects</h2>
          <ProjectList projects={projects} />
        </section>
        <aside className="card">
          <h2>New project</h2>
          <CreateProjectForm
            create={project => {
              setCreated('')
              return new CruxClient().createProject(team.slug, project)
            }}
            onCreated={({ name }) => {
              setCreated(name)
              void router.replace(router.asPath, undefined, { scroll: false })
            }}
          />
          <p role="status" className="notice">
            {created && `${created} was created.`}
          </p>
        </aside>
      </div>
    </Layout>
  )
}

export default Team
