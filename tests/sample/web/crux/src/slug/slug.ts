export const SLUG_MAX_LENGTH = 40

/** Lower-case letters, digits and single hyphens between them: what looks good in an address. */
export const SLUG_PATTERN = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** "Ünified Deploy, 2nd try" becomes "unified-deploy-2nd-try". Empty when nothing of the name can stay. */
export const toSlug = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_MAX_LENGTH)
    .replace(/^-+|-+$/g, '')
