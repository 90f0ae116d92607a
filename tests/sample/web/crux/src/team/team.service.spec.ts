import { BadRequestException, ConflictException, ForbiddenException, NotFoundException } from '@nestjs/common'
import { InMemoryTeamRepository } from '../../test/in-memory-team.repository'
import { Identity } from '../auth/identity'
import { TeamService } from './team.service'

const JANE: Identity = { id: 'jane', email: 'jane@example.com' }
const JOHN: Identity = { id: 'john', email: 'john@example.com' }

describe('TeamService', () => {
  let service: TeamService

  beforeEach(() => {
    service = new TeamService(new InMemoryTeamRepository())
  })

  it('has no teams for somebody new', async () => {
    await expect(service.listTeams(JANE)).resolves.toEqual([])
  })

  it('makes the slug of the name', async () => {
    await expect(service.createTeam({ name: 'Platform Team' }, JANE)).resolves.toMatchObject({
      name: 'Platform Team',
      slug: 'platform-team',
    })
  })

  it('takes the slug that was asked for', async () => {
    await expect(service.createTeam({ name: 'Platform Team', slug: 'pt' }, JANE)).resolves.toMatchObject({ slug: 'pt' })
  })

  it('asks for a slug when the name has nothing to make one of', async () => {
    await expect(service.createTeam({ name: '東京チーム' }, JANE)).rejects.toBeInstanceOf(BadRequestException)
  })

  it('refuses a slug that is taken, also by a team that the caller cannot see', async () => {
    await service.createTeam({ name: 'Platform' }, JOHN)

    const err = await service.createTeam({ name: 'Platform' }, JANE).catch(it => it)

    expect(err).toBeInstanceOf(ConflictException)
    expect(err.getResponse()).toEqual({
      statusCode: 409,
      message: 'There is already a team with the slug "platform".',
      errors: { slug: 'There is already a team with the slug "platform".' },
    })
  })

  it("lists the caller's own teams only, by name", async () => {
    await service.createTeam({ name: 'Zebra' }, JANE)
    await service.createTeam({ name: 'Antelope' }, JANE)
    await service.createTeam({ name: 'Lion' }, JOHN)

    const teams = await service.listTeams(JANE)

    expect(teams.map(it => it.name)).toEqual(['Antelope', 'Zebra'])
  })

  it('shows a team with its members, of whom the creator is the first', async () => {
    await service.createTeam({ name: 'Platform' }, JANE)

    await expect(service.getTeam('platform', JANE)).resolves.toMatchObject({ slug: 'platform', members: [JANE] })
  })

  it('does not list members where only teams were asked for', async () => {
    await service.createTeam({ name: 'Platform' }, JANE)

    const [team] = await service.listTeams(JANE)

    expect(team).not.toHaveProperty('members')
  })

  it('does not find a team that is not there', async () => {
    await expect(service.getTeam('nothing', JANE)).rejects.toBeInstanceOf(NotFoundException)
  })

  it('does not show a team to somebody who is not a member', async () => {
    await service.createTeam({ name: 'Platform' }, JANE)

    await expect(service.getTeam('platform', JOHN)).rejects.toBeInstanceOf(ForbiddenException)
  })

  it('does not hide an error that it does not know', async () => {
    const broken = new InMemoryTeamRepository()
    jest.spyOn(broken, 'create').mockRejectedValue(new Error('connection lost'))

    await expect(new TeamService(broken).createTeam({ name: 'Platform' }, JANE)).rejects.toThrow('connection lost')
  })
})
