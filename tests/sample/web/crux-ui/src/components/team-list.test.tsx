import { render, screen, within } from '@testing-library/react'
import { ProjectList } from './project-list'
import { TeamList } from './team-list'

describe('TeamList', () => {
  it('says what to do when there are no teams', () => {
    render(<TeamList teams={[]} />)

    expect(screen.getByRole('heading', { name: 'No teams yet' })).toBeVisible()
    expect(screen.queryByRole('list')).not.toBeInTheDocument()
  })

  it('links every team to its page', () => {
    render(
      <TeamList
        teams={[
          { id: '1', slug: 'platform', name: 'Platform', createdAt: '2024-03-04T09:00:00Z' },
          { id: '2', slug: 'games', name: 'Games', createdAt: '2024-03-04T09:00:00Z' },
        ]}
      />,
    )

    const links = within(screen.getByRole('list', { name: 'Teams' })).getAllByRole('link')
    expect(links.map(it => it.getAttribute('href'))).toEqual(['/teams/platform', '/teams/games'])
  })
})

describe('ProjectList', () => {
  const billing = {
    id: '1',
    slug: 'billing',
    name: 'Billing',
    description: 'Sends invoices',
    createdAt: '2024-03-04T09:00:00Z',
    createdBy: 'jane@example.com',
  }

  it('says what to do when there are no projects', () => {
    render(<ProjectList projects={[]} />)

    expect(screen.getByRole('heading', { name: 'No projects yet' })).toBeVisible()
  })

  it('shows what is known of a project', () => {
    render(<ProjectList projects={[billing]} />)

    const project = screen.getByRole('listitem')
    expect(project).toHaveTextContent('Billing billing')
    expect(project).toHaveTextContent('Sends invoices')
    expect(project).toHaveTextContent('Created by jane@example.com on 4 March 2024')
  })

  it('leaves out a description that is not there', () => {
    render(<ProjectList projects={[{ ...billing, description: null }]} />)

    expect(screen.getByRole('listitem')).not.toHaveTextContent('null')
  })
})
