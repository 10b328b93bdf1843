// Loads raw.csv into DuckDB, sorted by user and time, and times queries: one "name<TAB>milliseconds<TAB>rows<TAB>sum of
// the column users" a line, the median of 5. Arguments: folder, threads; queries come as JSON {name: sql} on stdin.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, threads] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${folder}/package.json`)('@duckdb/node-api');
const instance = await DuckDBInstance.create(`${folder}/raw.duckdb`, { threads });
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
await connection.run(`CREATE OR REPLACE TABLE events AS
    SELECT * FROM read_csv('${folder}/raw.csv', header = true, types = {'ts': 'TIMESTAMP', 'sum': 'DECIMAL(12,2)', 'app_version': 'VARCHAR', 'platform_version': 'VARCHAR'}) ORDER BY uid, ts`);
await connection.run('CHECKPOINT');
console.log(`bytes\t${statSync(`${folder}/raw.duckdb`).size}\t0\t0`);
for (const [name, sql] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
    const times = [];
    let rows;
    for (let run = 0; run < 6; run++) {  // the first one warms up
        const start = performance.now();
        rows = (await connection.runAndReadAll(sql)).getRowObjects();
        if (run > 0) times.push(performance.now() - start);
    }
    const users = rows.reduce((sum, row) => sum + Number(row.users ?? 1), 0);
    console.log(`${name}\t${times.sort((a, b) => a - b)[2].toFixed(1)}\t${rows.length}\t${users}`);
}
