// Loads raw.csv into DuckDB, sorted by user and time, says how many bytes that takes, and then answers a query a line:
// "milliseconds rows sum-of-the-column-users", of the second of two runs. Arguments: folder, threads.
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const [folder, threads] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(`${folder}/package.json`)('@duckdb/node-api');
const instance = await DuckDBInstance.create(`${folder}/raw.duckdb`, { threads });
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
await connection.run(`CREATE OR REPLACE TABLE events AS
    SELECT * FROM read_csv('${folder}/raw.csv', header = true, types = {'ts': 'TIMESTAMP', 'sum': 'DECIMAL(12,2)', 'app_version': 'VARCHAR', 'platform_version': 'VARCHAR'}) ORDER BY uid, ts`);
await connection.run('CHECKPOINT');
console.log(statSync(`${folder}/raw.duckdb`).size);
for await (const sql of createInterface({ input: process.stdin })) {
    let rows, milliseconds;
    for (let run = 0; run < 2; run++) {
        const start = performance.now();
        rows = (await connection.runAndReadAll(sql)).getRowObjects();
        milliseconds = performance.now() - start;
    }
    const users = rows.reduce((sum, row) => sum + Number(row.users ?? 1), 0);
    console.log(`${milliseconds.toFixed(1)} ${rows.length} ${users}`);
}
