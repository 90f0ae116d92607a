import { badRequest } from '../http/problems'
import { toSlug } from './slug'

/** The slug that was asked for, else one made of the name. Throws a 400 when there is nothing to make one of. */
export const requestedSlug = ({ name, slug = toSlug(name) }: { name: string; slug?: string }): string => {
  if (!slug) {
    throw badRequest({ slug: 'No slug can be made of this name: give one.' })
  }
  return slug
}
