/**
 * The recording server, and the frame around one run of a driver. With the address of a gateway in
 * the variable GATEWAY nothing is recorded: requests go on to it, and its answers come back.
 *
 * It decides what a recorded line holds, and that a run is all or nothing: each step of a driver
 * says how many requests it causes, and the file is only written when every step caused exactly
 * that many. So a label always belongs to its requests, and a run that went wrong leaves the old
 * recording alone. The whole run has a deadline; nothing here waits for ever.
 */
import { createServer } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const STEP_TIMEOUT = 10_000;
const { GATEWAY, MISSED } = process.env;
// Three beats of the SDKs: a request too many shows up within this time. Without a recording, where
// labels do not matter, it may show up in the next step.
const SETTLE = GATEWAY ? 10 : 150;
const WIDGETS = [
  { _id: '614811419f030e44be07d82f', type: 'rating', name: 'Stars', tg: [] },
  { _id: '614811419f030e44be07d82e', type: 'nps', name: 'Recommend us', tg: [] },
  { _id: '614811419f030e44be07d82d', type: 'survey', name: 'Delivery', tg: [] },
];

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Path and query as sent; a URL object would rewrite the query, and a checksum is over its text. */
function splitTarget(target) {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** Fields of a multipart body; a file is described, not kept: a profile has no use for its bytes. */
async function multipart(body, type) {
  const params = {};
  const files = [];
  const form = await new Response(body, { headers: { 'content-type': type } }).formData();
  for (const [field, value] of form) {
    if (typeof value === 'string') params[field] = value;
    else files.push({ field, name: value.name, type: value.type, bytes: value.size });
  }
  return { params, files };
}

/**
 * One request as a line of the recording. `raw` is kept for salted requests only, because their
 * checksum is taken over the text as sent, which the decoded parameters no longer give.
 */
async function decode(sdk, step, request, body) {
  const [path, query] = splitTarget(request.url);
  const type = request.headers['content-type'];
  const line = { sdk, step, method: request.method, path };
  if (type) line.content_type = type.split(';')[0];
  if (line.content_type === 'multipart/form-data') {
    return { ...line, ...(await multipart(body, type)) };
  }
  const fields = [query, body.toString()];
  line.params = Object.fromEntries(fields.flatMap((text) => [...new URLSearchParams(text)]));
  if (line.params.checksum256) line.raw = fields.filter(Boolean).join('&');
  return line;
}

/** What a Countly server would say; the SDKs resend what is not answered with a result. */
function answerTo({ path, params }) {
  if (path === '/o/sdk' && params.method === 'feedback') return { result: WIDGETS };
  if (path.startsWith('/o/')) return {};
  return { result: 'Success' };
}

async function answerOfGateway({ method, url, headers }, body) {
  const type = headers['content-type'];
  const response = await fetch(GATEWAY + url, {
    method, body: body.length ? body : undefined, headers: type ? { 'content-type': type } : {},
  });
  if (!response.ok) throw new Error(`the gateway answered ${response.status} ${await response.text()} to ${url} ${body}`);
  return response.json();
}

function assertNeutral(line) {
  const text = JSON.stringify(line);
  const found = [HERE, homedir(), tmpdir(), process.cwd()].find((path) => path.length > 1 && text.includes(path));
  if (found) throw new Error(`the step "${line.step}" would record the machine path ${found}`);
}

class Recorder {
  #sdk;
  #pages;
  #step = '';
  #server;
  #fault = null;
  #wanted = 0;

  /** What the server does with requests: 'answer', 'refuse' (down) or 'lose' (recorded, answer lost). */
  network = 'answer';
  records = !GATEWAY;
  lines = [];
  /** Names of the methods that the SDK has, and of those that the driver called: see watch.js. */
  offered = new Set();
  called = new Set();

  constructor(sdk, pages) {
    this.#sdk = sdk;
    this.#pages = pages;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error) => {
        this.#fault = error;
        response.destroy();
      });
    });
  }

  offer(name) { this.offered.add(name); }
  call(name) { this.called.add(name); }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Before a scenario lets go of its SDK; a request sent twice must not hide one that is to come. */
  async settle() {
    if (GATEWAY) await sleep(200);
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Runs the action and waits until it has caused `sends` requests, no more and no fewer. */
  async step(name, sends, action) {
    this.#step = name;
    const wanted = (GATEWAY ? this.#wanted : this.lines.length) + sends;
    this.#wanted = wanted;
    await action();
    const end = Date.now() + STEP_TIMEOUT;
    while (this.lines.length < wanted && Date.now() < end && !this.#fault) await sleep(10);
    await sleep(SETTLE);
    if (this.#fault) throw this.#fault;
    const sent = this.lines.slice(wanted - sends);
    if (GATEWAY ? this.lines.length < wanted : sent.length !== sends) {
      const seen = sent.map(({ path, params }) => `\n  ${path} ${JSON.stringify(params)}`).join('');
      throw new Error(`the step "${name}" sent ${sent.length} requests, not ${sends}:${seen}`);
    }
  }

  async #handle(request, response) {
    const page = this.#pages[splitTarget(request.url)[0]];
    if (page) return this.#send(response, page.type, page.body);
    if (this.network === 'refuse') return request.socket.destroy();
    const body = await bodyOf(request);
    const line = await decode(this.#sdk, this.#step, request, body);
    if (!GATEWAY) assertNeutral(line);
    const answer = GATEWAY ? await answerOfGateway(request, body) : answerTo(line);
    this.lines.push(line);
    if (this.network === 'lose') {
      this.network = 'answer';
      return request.socket.destroy();
    }
    return this.#send(response, 'application/json', JSON.stringify(answer));
  }

  #send(response, type, body) {
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  }
}

function stopAfter(seconds) {
  const timer = setTimeout(() => {
    console.error(`stopped: not done after ${seconds} s`);
    process.exit(1);
  }, seconds * 1000);
  return () => clearTimeout(timer);
}

/**
 * Records one SDK into recordings/`file`. Exits 0 with the file written, or 1 with the reason.
 * `pages` are what the server itself serves (a browser needs a page to run the SDK in).
 */
export async function record({ sdk, file, atLeast, seconds = 240, pages = {} }, drive) {
  const done = stopAfter(seconds);
  const recorder = new Recorder(sdk, pages);
  let status = 0;
  try {
    await recorder.start();
    await drive(recorder);
    const ingested = recorder.lines.filter(({ path }) => path === '/i' || path === '/i/bulk').length;
    if (ingested < atLeast) throw new Error(`only ${ingested} ingestion requests, at least ${atLeast} expected`);
    if (GATEWAY) {
      const missed = [...recorder.offered].filter((name) => !recorder.called.has(name));
      await writeFile(MISSED, missed.sort().map((name) => `${name}\n`).join(''));
    } else {
      const text = recorder.lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      await writeFile(new URL(`recordings/${file}`, import.meta.url), text);
    }
    console.log(`${file}: ${recorder.lines.length} requests, ${ingested} of them to /i or /i/bulk`);
  } catch (error) {
    console.error(error);
    status = 1;
  }
  recorder.stop();
  done();
  process.exit(status); // the SDKs keep timers, which would hold the process
}
