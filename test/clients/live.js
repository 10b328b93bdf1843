/**
 * Drives the real SDKs against the gateway and a database, and compares the users that come of it with
 * live/*.txt. To be run by test/lib/clients, which makes the database; PGHOST ... say where it is.
 *
 * Arguments: the directory for what was found, and the SDKs to drive (nodejs, web).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createGateway } from '../../gateway/gateway.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [output, ...sdks] = process.argv.slice(2);

// Methods that no driver calls by their name, and why.
const NOT_CALLED = {
  nodejs: {
    Bulk: 'it is constructed',
    'User.remove_consent_internal': 'remove_consent calls it',
    remove_consent_internal: 'remove_consent calls it',
    track_errors: 'called in the process that crashes',
  },
  web: { CountlyClass: 'the constructor of what init makes' },
};

async function makeApps(pool, sdk) {
  for (const [app, salt] of [[`app-of-${sdk}`, null], [`salted-app-of-${sdk}`, 'pepper']]) {
    await pool.query('SELECT profiles.create_app($1, settings => $2)', [app, { custom_property_limit: 0, salt }]);
    await pool.query('UPDATE profiles.apps SET key = name WHERE name = $1', [app]);
  }
}

/** Runs a driver to its end; returns what went wrong. */
async function drive(sdk, gateway) {
  const missedPath = join(output, `${sdk}.missed`);
  const child = spawn(process.execPath, [here(`drive-${sdk}.js`)], {
    stdio: 'inherit', env: { ...process.env, GATEWAY: gateway, MISSED: missedPath },
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) return [`the driver of ${sdk} ended with ${status}`];
  const missed = readFileSync(missedPath, 'utf8').split('\n').filter(Boolean);
  const excused = Object.keys(NOT_CALLED[sdk]);
  return [
    ...missed.filter((name) => !excused.includes(name)).map((name) => `${name} of ${sdk} was not driven`),
    ...excused.filter((name) => !missed.includes(name)).map((name) => `${name} of ${sdk} is listed as not called, but was`),
  ];
}

async function usersOf(pool, app) {
  const text = readFileSync(here('users.sql'), 'utf8').replaceAll('app.', `"${app}".`);
  const { rows } = await pool.query(text);
  return rows.map(({ line }) => line.replaceAll(/127\.0\.0\.1:\d+/g, 'SHOP').replaceAll('\n', '\\n'));
}

/** What the gateway reported, each line once. Answers that got lost are known by the SDKs' own tests. */
function reportsOf(reports) {
  const lines = reports.filter(({ status }) => status !== 'duplicate').map((line) => JSON.stringify(line));
  return [...new Set(lines)].sort();
}

async function compare(pool, sdk, reports) {
  const lines = [];
  for (const app of [`app-of-${sdk}`, `salted-app-of-${sdk}`]) {
    lines.push(`app ${app}`, ...await usersOf(pool, app));
  }
  lines.push('reported by the gateway', ...reportsOf(reports));
  const text = lines.map((line) => `${line}\n`).join('');
  writeFileSync(join(output, `${sdk}.txt`), text);
  return text === readFileSync(here(`live/${sdk}.txt`), 'utf8') ? [] : [`the users of ${sdk} are not as expected`];
}

async function run(pool, sdk) {
  const reports = [];
  const gateway = createGateway(pool, { report: (line) => reports.push(line) });
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  await makeApps(pool, sdk);
  const faults = await drive(sdk, `http://127.0.0.1:${gateway.address().port}`);
  faults.push(...await compare(pool, sdk, reports));
  faults.forEach((fault) => console.log(`FAILED   ${fault}`));
  if (!faults.length) console.log(`ok       ${sdk}`);
  return faults.length;
}

const pool = new pg.Pool({ max: 8 });
const faults = await Promise.all(sdks.map((sdk) => run(pool, sdk)));
process.exit(faults.some(Boolean) ? 1 : 0); // kept connections would hold the process
