import { Injectable } from '@nestjs/common'
import { Identity } from '../auth/identity'
import { isUniqueViolation } from '../database/prisma-errors'
import { PrismaService } from '../database/prisma.service'
import { Team, TeamRepository, TeamSlugTakenError, TeamWithMembers } from './team.repository'

@Injectable()
export class PrismaTeamRepository extends TeamRepository {
  constructor(private readonly prisma: PrismaService) {
    super()
  }

  async findByMember(userId: string): Promise<Team[]> {
    return await this.prisma.team.findMany({
      where: { memberships: { some: { userId } } },
      orderBy: [{ name: 'asc' }, { slug: 'asc' }],
    })
  }

  async findBySlug(slug: string): Promise<TeamWithMembers | null> {
    const team = await this.prisma.team.findUnique({
      where: { slug },
      include: { memberships: { include: { user: true }, orderBy: { joinedAt: 'asc' } } },
    })
    if (!team) {
      return null
    }

    const { memberships, ...rest } = team
    return { ...rest, members: memberships.map(({ user }) => ({ id: user.id, email: user.email })) }
  }

  async create(team: { slug: string; name: string }, creator: Identity): Promise<Team> {
    const { id, email } = creator

    // Outside of the transaction, since it is true whether or not the team can be created.
    await this.prisma.user.upsert({ where: { id }, create: { id, email }, update: { email } })

    try {
      return await this.prisma.team.create({ data: { ...team, memberships: { create: { userId: id } } } })
    } catch (err) {
      throw isUniqueViolation(err) ? new TeamSlugTakenError(team.slug) : err
    }
  }
}
