/**
 * Counts what recordings cover: node summary.js FILE…
 *
 * A request in /i/bulk counts as the one request that it is, but the parameters of the requests
 * inside it are counted, too. Modifiers and internal events are counted where they occur.
 */
import { readFileSync } from 'node:fs';

const linesOf = (file) => readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

function parsed(value) {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value;
  } catch {
    return null; // some recorded requests are broken on purpose
  }
}

function modifiersIn(params) {
  const custom = parsed(params.user_details)?.custom ?? {};
  return Object.values(custom)
    .filter((value) => value && typeof value === 'object')
    .flatMap((value) => Object.keys(value).filter((key) => key.startsWith('$')));
}

function internalEventsIn(params) {
  const events = parsed(params.events);
  return Array.isArray(events) ? events.map(({ key }) => key).filter((key) => key.startsWith('[CLY]_')) : [];
}

function count(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, times]) => `${name} ${times}`).join(', ');
}

function summarize(file) {
  const lines = linesOf(file);
  const inner = lines.filter(({ path }) => path === '/i/bulk').flatMap(({ params }) => JSON.parse(params.requests));
  const all = [...lines.filter(({ path }) => path === '/i').map(({ params }) => params), ...inner];
  console.log(`${file}: ${lines.length} requests
  paths: ${count(lines.map(({ method, path }) => `${method} ${path}`))}
  multipart: ${lines.filter(({ files }) => files).length}, salted: ${lines.filter(({ params }) => params.checksum256).length}, inside bulk: ${inner.length}
  parameters: ${count(all.flatMap((params) => Object.keys(params)))}
  modifiers: ${count(all.flatMap(modifiersIn))}
  internal events: ${count(all.flatMap(internalEventsIn))}
`);
}

process.argv.slice(2).forEach(summarize);
