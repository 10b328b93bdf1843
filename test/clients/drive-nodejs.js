/**
 * Drives countly-sdk-nodejs and records what it sends.
 *
 * Each scenario has a fresh copy of the SDK (it is one object per process, with a queue, an id and
 * consents of its own), a device id and a time zone. Code that is to crash is compiled under the
 * name /app/shop.js, so that stack traces name an application and not the machine of the recording.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import {
  attribution, events, feedback, handledCrashes, internalEvents, invokeAll, modifiers, performance, userDetails,
} from './calls.js';
import { record } from './record.js';
import { ambiguousValues, person, picture, places, valuesOfEveryType } from './samples.js';
import { watch } from './watch.js';

const require = createRequire(import.meta.url);
const APP_KEY = 'app-of-nodejs';
const SALTED_APP = { app_key: 'salted-app-of-nodejs', salt: 'pepper' };
const METRICS = {
  _os: 'Android', _os_version: '13', _device: 'Pixel 7', _device_type: 'mobile', _manufacturer: 'Google',
  _resolution: '1080x2400', _density: 'XXHDPI', _carrier: 'Vodafone', _locale: 'en_GB', _store: 'com.android.vending',
};

function freshSdk() {
  cluster.removeAllListeners('fork'); // each copy adds one
  Object.keys(require.cache).filter((path) => path.includes('countly-sdk-nodejs')).forEach((path) => delete require.cache[path]);
  return require('countly-sdk-nodejs');
}

function settings(url, more) {
  return {
    app_key: APP_KEY, url, app_version: '1.2.3', metrics: METRICS, interval: 50, fail_timeout: 1, storage_type: 'memory', ...more,
  };
}

/** Runs `act` with a fresh SDK; `step` and `table` put the name of the scenario before their labels. */
async function scenario(recorder, name, { zone = 'Europe/London', ...config }, act) {
  process.env.TZ = zone;
  const countly = watch(freshSdk(), '', recorder);
  countly.init(settings(recorder.url, config));
  const step = (label, sends, action) => recorder.step(`${name}: ${label}`, sends, action);
  const table = async (rows) => {
    for (const [label, sends, ...calls] of rows) await step(label, sends, () => invokeAll(countly, structuredClone(calls)));
  };
  await act({ countly, step, table });
  await recorder.settle();
  countly.halt(true);
}

const startApplication = (source) => new Script(source, { filename: '/app/shop.js' }).runInThisContext();

async function sessions({ countly, step }) {
  await step('begin', 1, () => countly.begin_session(true));
  await step('extend by 30 s', 1, () => countly.session_duration(30));
  await step('extend by 60 s', 1, () => countly.session_duration(60));
  await step('end', 1, () => countly.end_session(12));
  await step('begin within the cooldown', 1, () => countly.begin_session(true));
  await step('extend by a negative duration', 1, () => countly.session_duration(-5));
  await step('extend by a day and more', 1, () => countly.session_duration(100_000));
  await step('end with the time that passed', 1, () => countly.end_session());
  await step('begin without an end before it', 1, () => countly.begin_session(true));
}

async function heartbeat({ countly, step }) {
  await step('begin, then two automatic extensions', 3, () => countly.begin_session());
  await step('no extension while the time is stopped', 0, async () => {
    countly.stop_time();
    await sleep(2500);
  });
  await step('end after the time went on', 1, () => {
    countly.start_time();
    countly.end_session();
  });
}

async function profile({ countly, step, table }) {
  await step('begin', 1, () => countly.begin_session(true));
  await table(events);
  await table(userDetails);
  await step('user_details: picture uploaded from a file', 1, () => countly.user_details({ name: 'Ada', picturePath: pictureFile() }));
  await table(modifiers);
  await step('end', 1, () => countly.end_session(5));
}

function pictureFile() {
  const path = join(scratch, 'ada.png');
  writeFileSync(path, Buffer.from(picture, 'base64'));
  return path;
}

async function views({ countly, step }) {
  await step('begin', 1, () => countly.begin_session(true));
  await step('first view', 1, () => countly.track_view('Home'));
  await step('second view with segments, first one gets its duration', 1, async () => {
    await sleep(1100);
    countly.track_view('Cart', { items: 3, currency: 'EUR', express: true });
  });
  await step('the same view again', 1, () => countly.track_pageview('Cart'));
  await step('the end of the session ends the view', 2, () => countly.end_session(20));
}

async function reports({ countly, step, table }) {
  await step('begin', 1, () => countly.begin_session(true));
  await table(internalEvents);
  await table(feedback);
  await table(performance);
  await table(attribution);
  await table(handledCrashes);
  await step('crash: handled exception with its stack', 1, async () => {
    globalThis.report = (error) => countly.log_error(error);
    startApplication('function pay(cart) { return cart.total; }\nsetTimeout(() => { try { pay(null); } catch (e) { report(e); } }, 0);');
    await sleep(50);
  });
  await step('remote config: two keys', 1, () => countly.fetch_remote_config(['colour', 'size'], null, () => {}));
  await step('end', 1, () => countly.end_session());
}

async function fatalCrash({ countly, step }, storage) {
  await step('the stored fatal crash is sent at the next start', 1, () => sleep(100));
  await step('begin after the crash', 1, () => countly.begin_session(true));
  rmSync(storage, { recursive: true });
}

async function identity({ countly, step }) {
  const signUp = () => countly.add_event({ key: 'signed up' });
  await step('begin', 1, () => countly.begin_session(true));
  await step('properties of the first id', 1, () => countly.user_details({ name: 'Grace', custom: { plan: 'free', tags: ['a'] } }));
  await step('change_id with merge', 1, () => countly.change_id('grace', true));
  await step('event after the merge', 1, signUp);
  await step('change_id with merge, a second time', 1, () => countly.change_id('grace@example.org', true));
  await step('properties of the merged user', 1, () => countly.user_details({ username: 'grace', custom: { plan: 'paid' } }));
  await step('change_id without merge', 2, () => countly.change_id('grace-on-a-shared-phone', false));
  await step('set_id while the id is supplied: no merge', 2, () => countly.set_id('Ключ 鍵/+&=?#%'));
  await step('event of an id with odd characters', 1, signUp);
  await step('change_id over the limit', 1, () => countly.change_id('i'.repeat(300), true));
  await step('end', 1, () => countly.end_session());
}

async function generatedId({ countly, step }) {
  await step('begin with a generated id', 1, () => countly.begin_session(true));
  await step('properties of the anonymous user', 1, () => countly.user_details({ custom: { seen: 1, first_page: '/home' } }));
  await step('set_id while the id is generated: merge', 1, () => countly.set_id('linus'));
  await step('properties after the merge', 1, () => countly.user_details({ name: 'Linus', custom: { seen: 2 } }));
  await step('end', 1, () => countly.end_session());
}

/** Both sides of this merge have a profile, with properties that contradict each other. */
async function returningUser({ countly, step }) {
  await step('begin with a generated id', 1, () => countly.begin_session(true));
  await step('properties of the anonymous user', 1, () => countly.user_details({
    name: 'Guest', custom: { plan: 'none', first_page: '/home', tags: ['guest', 'new'], coins: 1 },
  }));
  await step('set_id to a known user: merge', 1, () => countly.set_id('ada'));
  await step('event after the merge', 1, () => countly.add_event({ key: 'signed in' }));
  await step('end', 1, () => countly.end_session());
}

async function location({ countly, step }) {
  const move = (place) => Object.assign(countly, place);
  const raw = (more) => countly.request({ app_key: APP_KEY, device_id: 'traveller', timestamp: Date.now(), ...more });
  await step('begin in Linköping', 1, () => countly.begin_session(true));
  await step('extend with an address in Milton only', 1, () => {
    move({ country_code: null, city: null, ip_address: places.milton.ip_address });
    countly.session_duration(10);
  });
  await step('end with nothing', 1, () => {
    move({ country_code: null, city: null, ip_address: null });
    countly.end_session();
  });
  await step('begin with an address only', 1, () => {
    move({ ip_address: places.london.ip_address });
    countly.begin_session(true);
  });
  await step('event in a country without a city', 1, () => {
    move({ country_code: 'US', city: null, ip_address: null });
    countly.add_event({ key: 'landed' });
  });
  await step('begin with an IPv6 address', 2, () => {
    move({ country_code: null, ip_address: '2001:218::1' });
    countly.end_session(1);
    countly.begin_session(true);
  });
  await step('raw: coordinates', 1, () => raw({ location: '51.5142,-0.0931' }));
  await step('raw: begin with coordinates, country, region and city', 1, () => raw({
    begin_session: 1, location: '58.4167,15.6167', country_code: 'SE', region: 'E', city: 'Linköping',
  }));
  await step('raw: coordinates out of range', 1, () => raw({ location: '151.5,-0.0931' }));
  await step('raw: address that is none', 1, () => raw({ ip_address: '999.1.2.3', begin_session: 1 }));
  await step('raw: begin with the opt-out', 1, () => raw({ begin_session: 1, location: '', ip_address: places.london.ip_address }));
  await step('raw: location after the opt-out', 1, () => raw({ country_code: 'GB', city: 'London' }));
}

async function rawRequests({ countly, step }) {
  const raw = (more) => countly.request({ app_key: APP_KEY, device_id: 'raw-user', ...more });
  await step('no timestamp', 1, () => raw({ begin_session: 1 }));
  await step('timestamp in seconds', 1, () => raw({ session_duration: 15, timestamp: 1767225600, hour: 1, dow: 4, tz: 60 }));
  await step('timestamp in seconds with a fraction', 1, () => raw({ session_duration: 5, timestamp: 1767225615.25 }));
  await step('user_details with JSON null', 1, () => raw({ user_details: '{"name":null,"custom":{"plan":null}}' }));
  await step('user_details that is no JSON', 1, () => raw({ user_details: '{"name":' }));
  await step('events that are no JSON', 1, () => raw({ events: 'none' }));
  await step('modifiers with one value instead of a list', 1, () => raw({
    user_details: '{"custom":{"tags":{"$push":"a"},"set":{"$addToSet":"b"},"gone":{"$pull":"c"},"plain":{"$set":4}}}',
  }));
  await step('picture by its address', 1, () => raw({ user_details: '{"picture":"https://www.example.org/a.png"}' }));
  await step('push token', 1, () => raw({ token_session: 1, android_token: 'token-1', test_mode: 0, token_provider: 'FCM' }));
  await step('attribution data', 1, () => raw({ attribution_data: '{"cid":"spring","cuid":"u1"}', aid: '{"adid":"ad-1"}' }));
  await step('end and begin in one request', 1, () => raw({ end_session: 1, begin_session: 1, session_duration: 3 }));
  await step('everything in one request', 1, () => raw({
    begin_session: 1,
    session_duration: 7,
    metrics: '{"_os":"iOS","_os_version":"17.2","_device":"iPhone15,2"}',
    events: '[{"key":"opened","count":1}]',
    user_details: '{"name":"Raw","custom":{"n":{"$inc":1}}}',
    ...places.boxford,
  }));
}

async function consent({ countly, step }) {
  countly.group_features({ activity: ['views', 'crashes'] });
  await step('nothing is sent without consent', 0, () => {
    countly.begin_session(true);
    countly.add_event({ key: 'dropped' });
    countly.user_details({ name: 'dropped' });
  });
  await step('consent to sessions, events and users', 2, () => countly.add_consent(['sessions', 'events', 'users']));
  await step('event', 1, () => countly.add_event({ key: 'allowed' }));
  await step('user_details', 1, () => countly.user_details({ name: 'Consenting' }));
  await step('consent to location', 1, () => countly.add_consent('location'));
  await step('consent to a group', 1, () => countly.add_consent('activity'));
  await step('withdrawing is silent', 0, async () => {
    countly.remove_consent(['events', 'location']);
    await sleep(1200);
    countly.add_event({ key: 'dropped' });
  });
  await step('the next consent tells what was withdrawn', 1, () => countly.add_consent('apm'));
  await step('end without consent to location', 1, () => countly.end_session(9));
}

async function salted({ countly, step }) {
  await step('begin', 1, () => countly.begin_session(true));
  await step('event', 1, () => countly.add_event({ key: 'paid', sum: 5, segmentation: { note: 'a+b &= ü 東' } }));
  await step('user_details', 1, () => countly.user_details({ ...person, custom: { quote: 'don’t (ever) * ~ ! \'x\'' } }));
  await step('end', 1, () => countly.end_session(4));
}

async function saltedPicture({ countly, step }) {
  await step('picture upload', 1, () => countly.user_details({ name: 'Ada', picturePath: pictureFile() }));
}

async function queue({ countly, step }, recorder) {
  await step('begin', 1, () => countly.begin_session(true));
  await step('kept while the server is down', 0, async () => {
    recorder.network = 'refuse';
    countly.add_event({ key: 'offline 1' });
    await sleep(200);
    countly.user_details({ custom: { offline: true } });
    countly.userData.increment('offline_visits');
    countly.userData.save();
    countly.session_duration(30);
  });
  await step('sent when it is back', 4, () => { recorder.network = 'answer'; });
  await step('an answer is lost: the same request comes again', 2, () => {
    recorder.network = 'lose';
    countly.userData.increment('exactly_once');
    countly.userData.save();
  });
  await step('end', 1, () => countly.end_session(3));
}

async function batches({ countly, step }) {
  await step('five events in batches of two', 3, () => {
    for (let i = 1; i <= 5; i += 1) countly.add_event({ key: 'batched', segmentation: { i } });
  });
}

/** The SDK that sends for many users at once, to /i/bulk. It has no scenario(): it is another object. */
async function bulk(recorder, name, more, act) {
  process.env.TZ = 'Europe/Riga';
  const Bulk = freshSdk().Bulk;
  const options = { app_key: APP_KEY, url: recorder.url, interval: 50, fail_timeout: 1, ...more };
  const server = watch(new Bulk(options), 'Bulk.', recorder);
  server.start();
  await act(server, (label, sends, action) => recorder.step(`${name}: ${label}`, sends, action), recorder);
  await recorder.settle();
  server.stop();
}

async function bulkUsers(server, step, recorder) {
  const user = watch(server.add_user({ device_id: 'bulk-1', country_code: 'SE', city: 'Linköping' }), 'User.', recorder);
  await step('begin with 150 s in the past', 1, () => user.begin_session(METRICS, 150, 1767225600));
  await step('events of a user', 1, () => user
    .add_event({ key: 'imported', count: 2, sum: 3.5, dur: 4, segmentation: valuesOfEveryType, timestamp: 1767225660 })
    .add_event({ key: 'imported', timestamp: 1767225661500 }));
  await step('user_details with all nine fields', 1, () => user.user_details({ ...person, custom: ambiguousValues }));
  await step('user_details: null and empty text clear', 1, () => user.user_details({
    phone: null, organization: '', custom: { padded: null, date: '' },
  }));
  await step('every modifier', 1, () => user
    .custom_set('s', 'v').custom_unset('u').custom_set_once('so', 1).custom_increment('i').custom_increment_by('ib', 2)
    .custom_multiply('mu', 3).custom_max('ma', 9).custom_min('mi', 1).custom_push('p', 'a').custom_push('p', 'b')
    .custom_push_unique('pu', 'b').custom_pull('p', 'a').custom_push_unique('p', 'c').custom_save());
  await step('view', 1, () => user.report_view('Imported', 1767225700, 25, { source: 'import' }));
  await step('star rating', 1, () => user.report_feedback({ widget_id: '614811419f030e44be07d82f', rating: 5, comment: 'From the desk' }));
  await step('conversion', 1, () => user.report_conversion('winter-campaign', 'campaign-user-2', 1767225800));
  await step('crash', 1, () => user.report_crash({
    _os: 'Android', _os_version: '13', _error: 'Error: imported\n    at pay (/app/shop.js:1:1)', _app_version: '1.2.3', _nonfatal: true,
  }, 1767225900));
  await step('apm trace', 1, () => user.report_trace({
    type: 'device', name: 'start', stz: 1767225600000, etz: 1767225600900, app_metrics: {}, apm_metrics: { duration: 900 },
  }));
}

async function bulkRaw(server, step) {
  await step('several users in one request', 1, () => server.add_bulk_request([
    { device_id: 'bulk-2', begin_session: 1, timestamp: 1767225600, metrics: METRICS, ...places.boxford },
    { device_id: 'bulk-3', begin_session: 1, timestamp: 1767225601, ...places.milton },
    { device_id: 'bulk-2', session_duration: 30, timestamp: 1767225631 },
    { device_id: 'bulk-2', end_session: 1, session_duration: 4, timestamp: 1767225640 },
  ]));
  await step('events of several users', 1, () => {
    server.add_event('bulk-2', { key: 'sold', sum: 10 });
    server.add_event('bulk-3', { key: 'sold', sum: 20 });
    server.add_event('bulk-2', { key: 'sold', sum: 5 });
  });
  await step('merge', 1, () => server.add_request({ device_id: 'bulk-4', old_device_id: 'bulk-3', timestamp: 1767225700 }));
  await step('JSON as text', 1, () => server.add_request({
    device_id: 'bulk-4', user_details: '{"name":"Text","custom":{"n":{"$inc":1}}}', events: '[{"key":"text","count":1}]',
  }));
  await step('coordinates and opt-out', 1, () => server.add_bulk_request([
    { device_id: 'bulk-2', location: '55.75,-0.12', timestamp: 1767225800 },
    { device_id: 'bulk-4', begin_session: 1, location: '', timestamp: 1767225801 },
  ]));
}

async function bulkSalted(server, step) {
  await step('salted, by POST', 1, () => server.add_request({ device_id: 'bulk-5', begin_session: 1, timestamp: 1767225600 }));
}

async function bulkSlices(server, step) {
  await step('five requests in slices of two', 3, () => {
    for (let i = 1; i <= 5; i += 1) server.add_request({ device_id: `slice-${i}`, begin_session: 1, timestamp: 1767225600 + i });
  });
}

/** What sends nothing, or what the recordings are without; they are only driven. */
async function otherMethods({ countly, step }) {
  await step('questions', 0, () => {
    countly.setLoggingEnabled(false);
    const answers = [
      countly.get_device_id(), countly.get_device_id_type(), countly.check_consent('events'),
      countly.check_any_consent(), countly.get_remote_config('colour'),
    ];
    deepEqual(answers, ['asked', countly.DeviceIdType.DEVELOPER_SUPPLIED, true, true, undefined]);
  });
  await step('start of the app: the SDK refuses its own trace', 0, () => countly.report_app_start());
}

/** Consents of a bulk user only decide what the SDK itself lets through; it tells nobody. */
async function consentOfBulkUser(server, step, recorder) {
  const user = watch(server.add_user({ device_id: 'bulk-6' }), 'User.', recorder);
  await step('consent and its withdrawal', 0, async () => {
    user.group_features({ activity: ['views', 'crashes'] });
    user.add_consent(['activity', 'users']);
    user.remove_consent('users');
    await sleep(1200);
  });
  equal(user.check_consent('views'), true);
  equal(server.queue_size(), 0);
}

/** Another process whose application throws: the SDK stores the crash, the process dies. */
async function crashElsewhere(url, storage) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'crash', url, storage], { stdio: 'ignore', timeout: 20_000 });
  const [status] = await once(child, 'exit');
  if (status !== 1) throw new Error(`the crashing process ended with ${status}`);
}

function crash(url, storage) {
  const countly = freshSdk();
  countly.init(settings(url, { device_id: 'crasher', storage_type: 'file', storage_path: storage, interval: 60_000 }));
  countly.track_errors({ build: 'release' });
  countly.add_log('about to parse');
  startApplication('function parse(text) { return JSON.parse(text); }\nsetTimeout(() => parse("{oops"), 0);');
}

async function drive(recorder) {
  const run = (name, config, act) => scenario(recorder, name, config, (tools) => act(tools, recorder));
  await run('sessions', { device_id: 'ada', ...places.boxford }, sessions);
  await run('heartbeat', { device_id: 'ada', session_update: 1 }, heartbeat);
  await run('profile', { device_id: 'ada', ...places.boxford }, profile);
  await run('views', { device_id: 'ada', ...places.london }, views);
  await run('reports', { device_id: 'ada', zone: 'America/New_York', ...places.milton }, reports);
  await run('identity', { device_id: 'phone-1', zone: 'Asia/Kolkata' }, identity);
  await run('generated id', { zone: 'Asia/Kolkata' }, generatedId);
  await run('returning user', places.boxford, returningUser);
  await run('location', { device_id: 'traveller', zone: 'Europe/Stockholm', ...places.linkoping }, location);
  await run('raw', { device_id: 'raw-user' }, rawRequests);
  await run('consent', { device_id: 'careful', require_consent: true, ...places.linkoping }, consent);
  await run('salted get', { device_id: 'salted-1', ...SALTED_APP }, salted);
  await run('salted post', { device_id: 'salted-2', force_post: true, ...SALTED_APP }, salted);
  await run('salted multipart', { device_id: 'salted-3', ...SALTED_APP }, saltedPicture);
  await run('queue', { device_id: 'commuter' }, queue);
  await run('batches', { device_id: 'commuter', max_events: 2 }, batches);
  await run('other metrics', {
    device_id: 'ios-1',
    app_version: '2',
    metrics: { _os: 'iOS', _os_version: '17.2', _device: 'iPhone15,2', _carrier: '24405', _has_hinge: 'false' },
  }, ({ countly, step }) => step('begin', 1, () => countly.begin_session(true)));

  const storage = `${join(scratch, 'store')}/`;
  await crashElsewhere(recorder.url, storage);
  await run('fatal crash', { device_id: 'crasher', storage_type: 'file', storage_path: storage }, (tools) => fatalCrash(tools, storage));

  await bulk(recorder, 'bulk user', {}, bulkUsers);
  await bulk(recorder, 'bulk raw', {}, bulkRaw);
  await bulk(recorder, 'bulk salted', { ...SALTED_APP, force_post: true }, bulkSalted);
  await bulk(recorder, 'bulk slices', { bulk_size: 2 }, bulkSlices);
  if (!recorder.records) {
    await run('other methods', { device_id: 'asked' }, otherMethods);
    await bulk(recorder, 'bulk consent', { require_consent: true }, consentOfBulkUser);
  }
}

const [mode, url, storage] = process.argv.slice(2);
const scratch = mode === 'crash' ? null : mkdtempSync(join(tmpdir(), 'clients-'));
if (mode === 'crash') {
  crash(url, storage);
} else {
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  await record({ sdk: 'javascript_native_nodejs', file: 'nodejs.jsonl', atLeast: 190 }, drive);
}
