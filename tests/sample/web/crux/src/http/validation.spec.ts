import { BadRequestException, Type } from '@nestjs/common'
import { CreateProjectDto } from '../project/project.dto'
import { CreateTeamDto } from '../team/team.dto'
import { validationPipe } from './validation'

const validate = (metatype: Type, body: unknown): Promise<unknown> =>
  validationPipe().transform(body, { type: 'body', metatype })

const errorsOf = async (metatype: Type, body: unknown): Promise<unknown> => {
  const err: unknown = await validate(metatype, body).catch(it => it)
  expect(err).toBeInstanceOf(BadRequestException)
  return ((err as BadRequestException).getResponse() as { errors: unknown }).errors
}

describe('validation', () => {
  it('takes a name, without the spaces around it', async () => {
    await expect(validate(CreateTeamDto, { name: '  Platform ' })).resolves.toMatchObject({ name: 'Platform' })
  })

  it('takes an empty optional field for one that was not given', async () => {
    const body = { name: 'Billing', slug: '', description: '  ' }

    await expect(validate(CreateProjectDto, body)).resolves.toMatchObject({ slug: undefined, description: undefined })
  })

  it.each([undefined, null, 42, ['Platform']])('refuses %p for a name', async name => {
    await expect(errorsOf(CreateTeamDto, { name })).resolves.toEqual({ name: 'Give the team a name.' })
  })

  it.each(['', 'ab', '   ab   ', 'x'.repeat(71)])('refuses %p for its length', async name => {
    await expect(errorsOf(CreateTeamDto, { name })).resolves.toEqual({ name: 'The name must have 3 to 70 characters.' })
  })

  it.each(['Upper', 'a--b', '-a', 'a/b'])('refuses %p for a slug', async slug => {
    await expect(errorsOf(CreateTeamDto, { name: 'Platform', slug })).resolves.toEqual({
      slug: 'Use lower-case letters, digits and single hyphens.',
    })
  })

  it('complains about every field at once', async () => {
    const body = { name: 'ab', slug: 'A', description: 'x'.repeat(501) }

    expect(Object.keys((await errorsOf(CreateProjectDto, body)) as object)).toEqual(
      expect.arrayContaining(['name', 'slug', 'description']),
    )
  })

  it('refuses fields that it did not ask for', async () => {
    await expect(errorsOf(CreateTeamDto, { name: 'Platform', id: 'mine' })).resolves.toHaveProperty('id')
  })
})
