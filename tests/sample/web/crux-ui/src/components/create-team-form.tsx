import { Field, Form, useForm } from './form'
import { CreateTeam, Team } from '@/lib/crux-client'
import { Result } from '@/lib/result'
import { validateTeam } from '@/lib/validation'

type CreateTeamFormProps = {
  create: (team: CreateTeam) => Promise<Result<Team>>
  onCreated: (team: Team) => void
}

export const CreateTeamForm = ({ create, onCreated }: CreateTeamFormProps) => {
  const form = useForm({
    initial: { name: '', slug: '' },
    validate: validateTeam,
    submit: ({ name, slug }) => create({ name: name.trim(), ...(slug.trim() && { slug: slug.trim() }) }),
    onSuccess: (team: Team) => {
      form.reset()
      onCreated(team)
    },
  })

  return (
    <Form form={form} action="Create team" label="Create a team">
      <Field label="Name" autoComplete="off" {...form.field('name')} />
      <Field
        label="Slug"
        autoComplete="off"
        hint="Its place in addresses. Made of the name if you leave this empty."
        {...form.field('slug')}
      />
    </Form>
  )
}
