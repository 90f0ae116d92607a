import type { NextApiHandler } from 'next'
import { cruxUrl } from '@/lib/server/environment'

/**
 * Hands the backend's requests on to it, for whoever uses this server without the proxy that otherwise does.
 * Behind Traefik none of them arrives here.
 */
const proxy: NextApiHandler = async (req, res) => {
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD'

  try {
    const response = await fetch(`${cruxUrl()}${req.url}`, {
      method: req.method,
      headers: {
        accept: 'application/json',
        ...(req.headers.cookie && { cookie: req.headers.cookie }),
        ...(hasBody && { 'content-type': 'application/json' }),
      },
      ...(hasBody && { body: JSON.stringify(req.body) }),
    })
    res.status(response.status).json(await response.json())
  } catch (err) {
    console.error(err)
    res.status(502).json({ statusCode: 502, message: 'The backend does not answer.' })
  }
}

export default proxy
