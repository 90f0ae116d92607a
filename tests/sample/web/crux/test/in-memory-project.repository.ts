import { NewProject, Project, ProjectRepository, ProjectSlugTakenError } from '../src/project/project.repository'

/** Keeps projects in a list, by the same rules as the database. */
export class InMemoryProjectRepository extends ProjectRepository {
  private readonly projects: (Project & { teamId: string })[] = []

  async findByTeam(teamId: string): Promise<Project[]> {
    return this.projects.filter(it => it.teamId === teamId).sort((one, other) => one.name.localeCompare(other.name))
  }

  async create({ teamId, slug, name, description, createdById }: NewProject): Promise<Project> {
    if (this.projects.some(it => it.teamId === teamId && it.slug === slug)) {
      throw new ProjectSlugTakenError(slug)
    }

    const project = {
      id: `project-${this.projects.length + 1}`,
      teamId,
      slug,
      name,
      description: description ?? null,
      createdAt: new Date(0),
      createdBy: createdById,
    }
    this.projects.push(project)
    return project
  }
}
