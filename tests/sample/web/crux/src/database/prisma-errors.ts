import { Prisma } from '@prisma/client'

/** True when a unique constraint refused the row. */
export const isUniqueViolation = (err: unknown): boolean =>
  err instanceof Prisma.PrismaClientKnownRequestError && err.code === 'P2002'
