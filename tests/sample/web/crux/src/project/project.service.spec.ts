import { ConflictException, ForbiddenException, NotFoundException } from '@nestjs/common'
import { InMemoryProjectRepository } from '../../test/in-memory-project.repository'
import { InMemoryTeamRepository } from '../../test/in-memory-team.repository'
import { Identity } from '../auth/identity'
import { TeamService } from '../team/team.service'
import { ProjectService } from './project.service'

const JANE: Identity = { id: 'jane', email: 'jane@example.com' }
const JOHN: Identity = { id: 'john', email: 'john@example.com' }

describe('ProjectService', () => {
  let service: ProjectService

  beforeEach(async () => {
    const teams = new TeamService(new InMemoryTeamRepository())
    await teams.createTeam({ name: 'Platform' }, JANE)
    await teams.createTeam({ name: 'Games' }, JANE)

    service = new ProjectService(teams, new InMemoryProjectRepository())
  })

  it('creates a project in the team', async () => {
    const project = await service.createProject('platform', { name: 'Billing', description: 'Sends invoices' }, JANE)

    expect(project).toMatchObject({ name: 'Billing', slug: 'billing', description: 'Sends invoices' })
    await expect(service.listProjects('platform', JANE)).resolves.toEqual([project])
  })

  it('has null for a description that was not given', async () => {
    await expect(service.createProject('platform', { name: 'Billing' }, JANE)).resolves.toMatchObject({
      description: null,
    })
  })

  it("lists one team's projects only, by name", async () => {
    await service.createProject('platform', { name: 'Search' }, JANE)
    await service.createProject('platform', { name: 'Billing' }, JANE)
    await service.createProject('games', { name: 'Chess' }, JANE)

    const projects = await service.listProjects('platform', JANE)

    expect(projects.map(it => it.name)).toEqual(['Billing', 'Search'])
  })

  it('refuses the same slug twice in one team', async () => {
    await service.createProject('platform', { name: 'Billing' }, JANE)

    await expect(service.createProject('platform', { name: 'Billing!' }, JANE)).rejects.toBeInstanceOf(
      ConflictException,
    )
  })

  it('allows the same slug in two teams', async () => {
    await service.createProject('platform', { name: 'Billing' }, JANE)

    await expect(service.createProject('games', { name: 'Billing' }, JANE)).resolves.toMatchObject({ slug: 'billing' })
  })

  it('lets nobody but members list or create', async () => {
    await expect(service.listProjects('platform', JOHN)).rejects.toBeInstanceOf(ForbiddenException)
    await expect(service.createProject('platform', { name: 'Billing' }, JOHN)).rejects.toBeInstanceOf(
      ForbiddenException,
    )
  })

  it('does not find projects of a team that is not there', async () => {
    await expect(service.listProjects('nothing', JANE)).rejects.toBeInstanceOf(NotFoundException)
  })
})
