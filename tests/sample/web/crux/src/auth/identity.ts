/** Who is signed in, as Kratos knows them. */
export type Identity = {
  /** The id of the Kratos identity, a UUID */
  id: string
  email: string
}
