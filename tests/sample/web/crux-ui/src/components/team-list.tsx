import Link from 'next/link'
import { EmptyState } from './empty-state'
import { Team } from '@/lib/crux-client'
import { ROUTES } from '@/lib/routes'

export const TeamList = ({ teams }: { teams: Team[] }) =>
  teams.length === 0 ? (
    <EmptyState title="No teams yet">Create the first one: its projects will live there.</EmptyState>
  ) : (
    <ul className="tiles" aria-label="Teams">
      {teams.map(team => (
        <li key={team.id}>
          <Link href={ROUTES.team(team.slug)} className="tile">
            <strong>{team.name}</strong>
            <span className="slug">{team.slug}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
