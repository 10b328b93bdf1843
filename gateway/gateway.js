/**
 * An example gateway: HTTP requests of SDKs in, calls of profiles.ingest out. It decides nothing about
 * users; it takes a request apart, adds what only the transport knows (the address of the sender, the
 * text that a checksum was taken over) and turns the result into the answer that SDKs wait for.
 *
 * An SDK sends a request again until the answer has a `result`. So what can never be taken is
 * answered too, and only what may succeed later (the database is away) is an error of the server.
 */
import { createServer } from 'node:http';

const INGEST = 'SELECT status, reason, skipped FROM profiles.ingest($1::jsonb)';
const MOST_BYTES = 20 * 1024 * 1024;
const ENROLLING = ['ab', 'ab_enroll_variant', 'ab_opt_out'];
const REMOTE_CONFIG = ['rc', 'fetch_remote_config']; // enrols when asked to, by oi=1

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function bodyOf(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Refused(413, 'request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Path and query as sent: a URL object would rewrite the query, and a checksum is over its text. */
function splitTarget(target) {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** The web SDK percent-encodes the fields of a multipart body, the others do not. */
function decodedField(value) {
  if (!/%[0-9A-F]{2}/i.test(value)) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Fields of an upload. Files are not kept: a profile has the address of a picture, not its bytes. */
async function multipart(body, type) {
  let form;
  try {
    form = await new Response(body, { headers: { 'content-type': type } }).formData();
  } catch {
    throw new Refused(400, 'the multipart body cannot be read');
  }
  const fields = [...form].filter(([, value]) => typeof value === 'string');
  return {
    params: Object.fromEntries(fields.map(([name, value]) => [name, decodedField(value)])),
    signed: fields.map(([name, value]) => `${name}=${value}`).join('&'),
  };
}

/** Decoded parameters, those of the body before those of the query, and the text that is signed. */
async function parametersOf(request) {
  const [path, query] = splitTarget(request.url);
  const body = await bodyOf(request);
  const type = request.headers['content-type'] ?? '';
  const params = Object.fromEntries(new URLSearchParams(query));
  if (type.startsWith('multipart/form-data')) {
    const upload = await multipart(body, type);
    return { path, params: { ...params, ...upload.params }, signed: upload.signed };
  }
  const text = body.toString();
  return { path, params: { ...params, ...Object.fromEntries(new URLSearchParams(text)) }, signed: text || query };
}

/** The sender's address: the connection's, or what the proxy in front of the gateway says. */
function addressOf(request, behindProxy) {
  const forwarded = behindProxy && request.headers['x-forwarded-for'];
  const address = forwarded ? forwarded.split(',').at(-1).trim() : request.socket.remoteAddress;
  return address?.replace(/^::ffff:/, '');
}

function itemsOf(params) {
  let items;
  try {
    items = JSON.parse(params.requests);
  } catch {
    throw new Refused(400, 'parameter "requests" is no JSON');
  }
  if (!Array.isArray(items)) throw new Refused(400, 'parameter "requests" is no array');
  return items;
}

/** Errors of the request itself, by the class of their SQLSTATE; all others are the server's. */
function isFaultOfRequest({ code = '' }) {
  return code.startsWith('22') || ['42704', '54000', '0A000'].includes(code);
}

class Gateway {
  #database;
  #behindProxy;
  #report;

  constructor(database, { behindProxy = false, report = () => {} } = {}) {
    this.#database = database;
    this.#behindProxy = behindProxy;
    this.#report = report;
  }

  async handle(request, response) {
    let answer;
    try {
      answer = await this.#answer(request);
    } catch (error) {
      const status = error.status ?? (isFaultOfRequest(error) ? 400 : 503);
      this.#report({ path: splitTarget(request.url)[0], error: error.message });
      answer = [status, status === 503 ? { error: 'try again later' } : { result: error.message }];
    }
    const [status, body] = answer;
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'access-control-allow-origin': '*', // the web SDK calls from pages of any origin
    }).end(JSON.stringify(body));
  }

  async #answer(request) {
    const { path, params, signed } = await parametersOf(request);
    const address = addressOf(request, this.#behindProxy);
    if (path === '/i') return this.#single(params, signed, address);
    if (path === '/i/bulk') return this.#bulk(params, signed);
    if (path === '/o/sdk') return this.#fetch(params, signed, address);
    return [404, { result: 'unknown path' }];
  }

  async #ingest(request) {
    const { rows: [result] } = await this.#database.query(INGEST, [JSON.stringify(request)]);
    if (result.status !== 'ok' || result.skipped?.length) {
      this.#report({ device_id: request.device_id, ...result });
    }
    return result;
  }

  async #single(params, signed, address) {
    const { status, reason } = await this.#ingest({ ip_address: address, ...params, query_string: signed });
    const answer = { result: 'Success' };
    if (status !== 'ok') answer.info = `Request ${status}: ${reason}`;
    return [200, answer];
  }

  /**
   * Items one after another, each in a transaction of its own: one that is refused does not stop the
   * others. The bulk request is signed as a whole, and its items pass on that signature.
   */
  async #bulk(params, signed) {
    const faults = [];
    for (const item of itemsOf(params)) {
      const { app_key = params.app_key } = item ?? {};
      const { checksum, checksum256 } = params;
      try {
        await this.#ingest({ ...item, app_key, checksum, checksum256, query_string: signed });
      } catch (error) {
        if (!isFaultOfRequest(error)) throw error;
        faults.push(error.message);
      }
    }
    faults.forEach((error) => this.#report({ path: '/i/bulk', error }));
    return [200, { result: 'Success' }];
  }

  /** What SDKs ask for. Remote config and widgets are not a profile's; that somebody takes part in a test is. */
  async #fetch(params, signed, address) {
    const { method, oi, device_id: id } = params;
    const enrols = ENROLLING.includes(method) || (REMOTE_CONFIG.includes(method) && oi === '1');
    if (id && enrols) {
      await this.#ingest({ ip_address: address, ...params, query_string: signed });
    }
    return [200, params.method === 'feedback' ? { result: [] } : {}];
  }
}

/**
 * An HTTP server that is not listening yet. `database` has query(text, values), as a pool of `pg`;
 * `report` is called with what was refused or skipped; `behindProxy` trusts X-Forwarded-For.
 */
export function createGateway(database, options) {
  const gateway = new Gateway(database, options);
  return createServer((request, response) => {
    gateway.handle(request, response).catch(() => response.destroy());
  });
}
