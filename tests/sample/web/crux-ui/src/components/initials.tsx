type InitialsProps = {
  name: string
  /** Teams are square, people round. */
  square?: boolean
}

const initialsOf = (name: string): string =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map(word => [...word][0]?.toUpperCase())
    .join('')

/** Only to look at: the name itself stands beside it, or in the label of what it is in. */
export const Initials = ({ name, square }: InitialsProps) => (
  <span className={square ? 'initials square' : 'initials'} aria-hidden>
    {initialsOf(name)}
  </span>
)
