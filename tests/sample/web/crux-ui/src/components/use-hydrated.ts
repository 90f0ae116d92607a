import { useEffect, useState } from 'react'

/** False while the page is only what the server sent, when a click on it would be lost. */
export const useHydrated = (): boolean => {
  const [hydrated, setHydrated] = useState(false)
  useEffect(() => setHydrated(true), [])
  return hydrated
}
