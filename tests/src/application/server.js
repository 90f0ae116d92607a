// In the frontend's place.
require('http')
  .createServer((_, answer) => answer.end('a page'))
  .listen(process.env.PORT, process.env.HOSTNAME, () => console.log('crux-ui listens'))
