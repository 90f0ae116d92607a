import type { NextApiHandler } from 'next'
import manifest from '../../../package.json'

/** This server answers. It says nothing of the backend, which has its own `/api/health`. */
const status: NextApiHandler = (_, res) => {
  res.setHeader('cache-control', 'no-store')
  res.status(200).json({ status: 'operational', version: manifest.version })
}

export default status
