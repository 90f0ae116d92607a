// Leaves what Next.js does with `output: standalone`.
const fs = require('fs')

for (const folder of ['standalone', 'static']) fs.mkdirSync(`.next/${folder}`, { recursive: true })
fs.copyFileSync('server.js', '.next/standalone/server.js')
