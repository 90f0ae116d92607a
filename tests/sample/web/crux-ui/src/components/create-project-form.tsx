import { Field, Form, useForm } from './form'
import { CreateProject, Project } from '@/lib/crux-client'
import { Result } from '@/lib/result'
import { validateProject } from '@/lib/validation'

type CreateProjectFormProps = {
  create: (project: CreateProject) => Promise<Result<Project>>
  onCreated: (project: Project) => void
}

export const CreateProjectForm = ({ create, onCreated }: CreateProjectFormProps) => {
  const form = useForm({
    initial: { name: '', description: '' },
    validate: validateProject,
    submit: async ({ name, description }) => {
      const result = await create({
        name: name.trim(),
        ...(description.trim() && { description: description.trim() }),
      })

      // The slug has no field here: what is wrong with it is wrong with the name that it is made of.
      if (!result.ok && result.errors.fields.slug) {
        const { slug, ...fields } = result.errors.fields
        return { ok: false, errors: { ...result.errors, fields: { name: slug, ...fields } } }
      }
      return result
    },
    onSuccess: (project: Project) => {
      form.reset()
      onCreated(project)
    },
  })

  return (
    <Form form={form} action="Create project" label="Create a project">
      <Field label="Name" autoComplete="off" {...form.field('name')} />
      <Field label="Description" multiline hint="Optional." {...form.field('description')} />
    </Form>
  )
}
