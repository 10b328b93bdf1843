/** Starts the gateway: PORT and HOST to listen on, PGHOST ... for the database, BEHIND_PROXY=1 behind a proxy. */
import pg from 'pg';
import { createGateway } from './gateway.js';

const { PORT = '8080', HOST = '127.0.0.1', BEHIND_PROXY, CONNECTIONS = '10' } = process.env;
const pool = new pg.Pool({ max: Number(CONNECTIONS) });
pool.on('error', (error) => console.error(error.message)); // an idle connection broke; the pool makes a new one

const server = createGateway(pool, {
  behindProxy: BEHIND_PROXY === '1',
  report: (line) => console.error(JSON.stringify(line)),
});
server.listen(Number(PORT), HOST, () => console.log(`listening on http://${HOST}:${server.address().port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => pool.end()));
}
