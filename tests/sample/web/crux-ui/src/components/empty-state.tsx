import type { ReactNode } from 'react'

export const EmptyState = ({ title, children }: { title: string; children: ReactNode }) => (
  <div className="empty">
    <svg width="40" height="40" viewBox="0 0 40 40" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden>
      <rect x="5" y="5" width="13" height="13" rx="3" />
      <rect x="22" y="5" width="13" height="13" rx="3" strokeDasharray="3 3" />
      <rect x="5" y="22" width="13" height="13" rx="3" strokeDasharray="3 3" />
      <path d="M28.5 24v9M24 28.5h9" strokeLinecap="round" />
    </svg>
    <h3>{title}</h3>
    <p>{children}</p>
  </div>
)
