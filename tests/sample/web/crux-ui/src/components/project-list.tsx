import { EmptyState } from './empty-state'
import { Project } from '@/lib/crux-client'

export const ProjectList = ({ projects }: { projects: Project[] }) =>
  projects.length === 0 ? (
    <EmptyState title="No projects yet">Create the first one with the form on this page.</EmptyState>
  ) : (
    <ul className="rows" aria-label="Projects">
      {projects.map(project => (
        <li key={project.id}>
          <h3>
            {project.name} <span className="slug">{project.slug}</span>
          </h3>
          {project.description && <p>{project.description}</p>}
          <p className="by">Created by {project.createdBy}</p>
        </li>
      ))}
    </ul>
  )
