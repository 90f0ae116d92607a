import Link from 'next/link'
import { EmptyState } from './empty-state'
import { Initials } from './initials'
import { Team } from '@/lib/crux-client'
import { ROUTES } from '@/lib/routes'

export const TeamList = ({ teams }: { teams: Team[] }) =>
  teams.length === 0 ? (
    <EmptyState title="No teams yet">Create the first one, and give its projects a home.</EmptyState>
  ) : (
    <ul className="tiles" aria-label="Teams">
      {teams.map(team => (
        <li key={team.id}>
          <Link href={ROUTES.team(team.slug)} className="tile">
            <Initials name={team.name} square />
            <span className="tile-text">
              <strong>{team.name}</strong>
              <span className="slug">{team.slug}</span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
