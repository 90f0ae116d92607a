import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { CreateProjectForm } from './create-project-form'
import { CreateTeamForm } from './create-team-form'

const TEAM = { id: '1', slug: 'platform', name: 'Platform', createdAt: '2024-03-04T09:00:00Z' }

describe('CreateTeamForm', () => {
  const create = jest.fn()
  const onCreated = jest.fn()

  const setup = () => {
    render(<CreateTeamForm create={create} onCreated={onCreated} />)
    return { user: userEvent.setup(), submit: screen.getByRole('button', { name: 'Create team' }) }
  }

  it('creates a team, and is empty for the next one', async () => {
    create.mockResolvedValue({ ok: true, value: TEAM })
    const { user, submit } = setup()

    await user.type(screen.getByLabelText('Name'), ' Platform ')
    await user.click(submit)

    expect(create).toHaveBeenCalledWith({ name: 'Platform' })
    expect(onCreated).toHaveBeenCalledWith(TEAM)
    expect(screen.getByLabelText('Name')).toHaveValue('')
  })

  it('sends the slug that was asked for', async () => {
    create.mockResolvedValue({ ok: true, value: TEAM })
    const { user, submit } = setup()

    await user.type(screen.getByLabelText('Name'), 'Platform')
    await user.type(screen.getByLabelText('Slug'), 'pt')
    await user.click(submit)

    expect(create).toHaveBeenCalledWith({ name: 'Platform', slug: 'pt' })
  })

  it('does not bother the server with a name that cannot be right', async () => {
    const { user, submit } = setup()

    await user.type(screen.getByLabelText('Name'), 'ab')
    await user.click(submit)

    expect(create).not.toHaveBeenCalled()
    expect(screen.getByLabelText('Name')).toBeInvalid()
    expect(screen.getByLabelText('Name')).toHaveAccessibleDescription('The name must have 3 to 70 characters.')
  })

  it('shows what the server says beside the field, and keeps what was typed', async () => {
    create.mockResolvedValue({ ok: false, errors: { form: [], fields: { slug: 'Taken.' } } })
    const { user, submit } = setup()

    await user.type(screen.getByLabelText('Name'), 'Platform')
    await user.click(submit)

    expect(screen.getByLabelText('Slug')).toHaveAccessibleDescription('Taken.')
    expect(screen.getByLabelText('Name')).toHaveValue('Platform')
    expect(onCreated).not.toHaveBeenCalled()
  })

  it('cannot be sent twice at once', async () => {
    let finish = (_: unknown): void => undefined
    create.mockReturnValue(new Promise(resolve => (finish = resolve)))
    const { user, submit } = setup()

    await user.type(screen.getByLabelText('Name'), 'Platform')
    await user.click(submit)
    expect(submit).toBeDisabled()
    await user.click(submit)

    finish({ ok: true, value: TEAM })
    expect(await screen.findByRole('button', { name: 'Create team' })).toBeEnabled()
    expect(create).toHaveBeenCalledTimes(1)
  })
})

describe('CreateProjectForm', () => {
  const create = jest.fn()
  const onCreated = jest.fn()

  it('leaves out a description that was not given', async () => {
    create.mockResolvedValue({ ok: true, value: { id: '1' } })
    const user = userEvent.setup()
    render(<CreateProjectForm create={create} onCreated={onCreated} />)

    await user.type(screen.getByLabelText('Name'), 'Billing')
    await user.click(screen.getByRole('button', { name: 'Create project' }))

    expect(create).toHaveBeenCalledWith({ name: 'Billing' })
    expect(onCreated).toHaveBeenCalledWith({ id: '1' })
  })

  it('shows a taken slug at the name that it was made of', async () => {
    create.mockResolvedValue({ ok: false, errors: { form: [], fields: { slug: 'Taken.' } } })
    const user = userEvent.setup()
    render(<CreateProjectForm create={create} onCreated={onCreated} />)

    await user.type(screen.getByLabelText('Name'), 'Billing')
    await user.type(screen.getByLabelText('Description'), 'Sends invoices')
    await user.click(screen.getByRole('button', { name: 'Create project' }))

    expect(create).toHaveBeenCalledWith({ name: 'Billing', description: 'Sends invoices' })
    expect(screen.getByLabelText('Name')).toHaveAccessibleDescription('Taken.')
  })
})
