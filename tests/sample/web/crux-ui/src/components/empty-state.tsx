import type { ReactNode } from 'react'

export const EmptyState = ({ title, children }: { title: string; children: ReactNode }) => (
  <div className="empty">
    <h3>{title}</h3>
    <p>{children}</p>
  </div>
)
