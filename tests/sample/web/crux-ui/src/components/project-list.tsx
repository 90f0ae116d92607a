import { EmptyState } from './empty-state'
import { Project } from '@/lib/crux-client'

/** The same on the server and in every browser, whatever their languages and time zones. */
const toDate = (instant: string): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(instant))

export const ProjectList = ({ projects }: { projects: Project[] }) =>
  projects.length === 0 ? (
    <EmptyState title="No projects yet">Create the first one with the form on this page.</EmptyState>
  ) : (
    <ul className="rows" aria-label="Projects">
      {projects.map(project => (
        <li key={project.id}>
          <h3>
            <span>{project.name}</span> <span className="slug">{project.slug}</span>
          </h3>
          {project.description && <p>{project.description}</p>}
          <p className="by">
            Created by {project.createdBy} on <time dateTime={project.createdAt}>{toDate(project.createdAt)}</time>
          </p>
        </li>
      ))}
    </ul>
  )
