import { SLUG_MAX_LENGTH, SLUG_PATTERN, toSlug } from './slug'

describe('slug', () => {
  it.each([
    ['Platform', 'platform'],
    ['Unified Deploy, 2nd try', 'unified-deploy-2nd-try'],
    ['  spaces around  ', 'spaces-around'],
    ['Árvíztűrő tükörfúrógép', 'arvizturo-tukorfurogep'],
    ['a -- b__c', 'a-b-c'],
    ['ﬁne', 'fine'],
  ])('of %p is %p', (name, slug) => {
    expect(toSlug(name)).toBe(slug)
  })

  it.each(['', '   ', '!?', '東京'])('of %p is empty', name => {
    expect(toSlug(name)).toBe('')
  })

  it('is cut, and never ends with a hyphen', () => {
    const slug = toSlug(`${'a'.repeat(SLUG_MAX_LENGTH - 1)} and more`)

    expect(slug).toBe('a'.repeat(SLUG_MAX_LENGTH - 1))
  })

  it.each(['platform', 'a', '2nd-try'])('%p has the right form', slug => {
    expect(slug).toMatch(SLUG_PATTERN)
  })

  it.each(['Platform', '-a', 'a-', 'a--b', 'a b', 'a/b', ''])('%p does not have the right form', slug => {
    expect(slug).not.toMatch(SLUG_PATTERN)
  })
})
