import type { AppProps } from 'next/app'
import '@/styles/base.css'
import '@/styles/frame.css'
import '@/styles/forms.css'
import '@/styles/lists.css'
import '@/styles/landing.css'

const App = ({ Component, pageProps }: AppProps) => <Component {...pageProps} />

export default App
