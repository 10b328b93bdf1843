/**
 * Drives countly-sdk-web in a headless Chromium and records what it sends.
 *
 * The recorder serves the page and the SDK, so one origin answers everything; the browser can
 * resolve no other host. Each scenario has a browser context of its own: an empty storage, a
 * language, a time zone and a user agent. The agent is never the headless default, because the SDK
 * takes that for a bot and stays silent.
 */
import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, devices } from 'playwright-core';
import {
  attribution, events, feedback, handledCrashes, internalEvents, invokeAll, modifiers, performance, userDetails,
} from './calls.js';
import { record } from './record.js';
import { person, picture, places } from './samples.js';
import { watch } from './watch.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const APP_KEY = 'app-of-web';
const SALTED_APP = { app_key: 'salted-app-of-web', salt: 'pepper' };
const DESKTOP = {
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  viewport: { width: 1280, height: 720 },
  locale: 'en-GB',
  timezoneId: 'Europe/London',
};
const LOAD = 2; // each page asks for its configuration and reports its health

const here = (path) => new URL(path, import.meta.url);
const PAGES = {
  '/shop': { type: 'text/html', body: readFileSync(here('shop.html')) },
  '/shop/cart': { type: 'text/html', body: readFileSync(here('shop.html')) },
  '/shop.js': { type: 'text/javascript', body: readFileSync(here('shop.js')) },
  '/countly.js': { type: 'text/javascript', body: readFileSync(createRequire(import.meta.url).resolve('countly-sdk-web')) },
};

function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
}

/** Opens the page and starts the SDK in it. */
async function open(page, url, config, { path = '/shop', referer } = {}) {
  await page.goto(url + path, { referer });
  await page.evaluate(`window.Countly = (${watch})(Countly, '', {
    offer: (name) => note('offered', name), call: (name) => note('called', name),
  })`);
  await page.evaluate((conf) => { window.Countly.init(conf); }, {
    app_key: APP_KEY, url, app_version: '1.2.3', interval: 50, fail_timeout: 1, ...config,
  });
}

/** Runs `act` in a fresh context; `step` and `table` put the name of the scenario before their labels. */
async function scenario({ recorder, browser }, name, context, act) {
  const session = await browser.newContext({ ...DESKTOP, ...context });
  await session.exposeFunction('note', (list, name) => recorder[list].add(name));
  const page = await session.newPage();
  page.setDefaultTimeout(15_000);
  const calls = (...list) => page.evaluate(`(${invokeAll})(Countly, ${JSON.stringify(list)})`);
  const step = (label, sends, action) => recorder.step(`${name}: ${label}`, sends, action);
  const table = async (rows) => {
    for (const [label, sends, ...list] of rows) await step(label, sends, () => calls(...list));
  };
  await act({
    page,
    recorder,
    step,
    table,
    calls,
    call: (...one) => calls(one),
    open: (config, where) => open(page, recorder.url, config, where),
  });
  await recorder.settle();
  await session.close();
}

function upload(page) {
  return page.evaluate((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    window.Countly.uploadUserProfilePicture(new File([bytes], 'ada.png', { type: 'image/png' }));
  }, picture);
}

async function sessions({ page, open, call, step }) {
  await step('page load', LOAD, () => open({ device_id: 'ada', use_session_cookie: false, ...places.boxford }));
  await step('begin, with the orientation', 2, () => call('begin_session', true));
  await step('extend by 30 s', 1, () => call('session_duration', 30));
  await step('turning the device', 1, () => page.setViewportSize({ width: 720, height: 1280 }));
  await step('end', 1, () => call('end_session', 12));
  await step('begin within the cooldown', 2, () => call('begin_session', true));
  await step('end with the time that passed', 1, () => call('end_session'));
}

async function heartbeat({ open, call, step }) {
  await step('page load', LOAD, () => open({ device_id: 'ada', session_update: 1, enable_orientation_tracking: false }));
  await step('begin, then two automatic extensions', 3, () => call('begin_session'));
  await step('end with the session cookie only extends', 1, () => call('end_session'));
}

async function profile({ page, open, call, calls, step, table }) {
  await step('page load', LOAD, () => open({ device_id: 'ada', enable_orientation_tracking: false, ...places.london }));
  await step('begin', 1, () => call('begin_session', true));
  await table(events);
  await step('event: started and cancelled, then another', 1, () => calls(
    ['start_event', 'cancelled'], ['cancel_event', 'cancelled'], ['add_event', { key: 'after the cancelled one' }],
  ));
  await step('event: through the asynchronous queue', 1, () => page.evaluate(() => {
    window.Countly.q.push(['add_event', { key: 'queued', segmentation: { early: true } }]);
  }));
  await table(userDetails);
  await step('user_details: picture uploaded', 1, () => upload(page));
  await table(modifiers);
  await step('userData: an event saves what was not saved', 2, () => calls(
    ['userData.set', 'colour', 'blue'], ['add_event', { key: 'chose a colour' }],
  ));
}

async function views({ page, open, call, calls, step }) {
  const campaign = '?utm_source=newsletter&utm_medium=email&utm_campaign=spring&cly_id=campaign-1&cly_uid=campaign-user-3';
  await step('page load from a campaign link', LOAD + 1, () => open(
    { device_id: 'visitor', ...places.linkoping },
    { path: `/shop${campaign}`, referer: 'https://www.example.org/search' },
  ));
  await step('tracked session and first view', 2, () => calls(['track_sessions'], ['track_pageview']));
  await step('named view with segments', 1, () => call('track_pageview', 'Checkout', null, { items: 3, express: true }));
  await step('ignored view: only ends the one before', 1, () => call('track_pageview', 'Admin', ['^Adm']));
  await step('conversion of the campaign link', 1, () => call('report_conversion'));
  await step('second page: the session goes on', 4, async () => {
    await open({ ...places.linkoping }, { path: '/shop/cart' });
    await calls(['track_sessions'], ['track_pageview']);
  });
  await step('clicks', 1, async () => {
    await call('track_clicks');
    await page.click('#buy');
  });
  await step('links', 1, async () => {
    await call('track_links');
    await page.waitForTimeout(1100);
    await page.click('#terms');
  });
  await step('forms', 1, async () => {
    await call('track_forms');
    await page.evaluate(() => document.getElementById('search').requestSubmit());
  });
  await step('user data from a form', 2, async () => {
    await call('collect_from_forms');
    await page.evaluate(() => document.getElementById('account').requestSubmit());
  });
  await step('scrolls, told with the next view', 1, async () => {
    await call('track_scrolls');
    await page.evaluate(() => window.scrollTo(0, 900));
    await page.waitForTimeout(100);
    await call('track_pageview', 'Footer');
  });
}

async function reports({ page, open, call, step, table }) {
  const widget = (type) => ({ _id: '614811419f030e44be07d82e', type, name: 'Widget' });
  const manual = (type, result) => call('reportFeedbackWidgetManually', widget(type), {}, result);
  await step('page load', LOAD, () => open({ device_id: 'ada', enable_orientation_tracking: false, ...places.milton }));
  await step('begin', 1, () => call('begin_session', true));
  await table(internalEvents);
  await table(feedback);
  await step('feedback: widgets on offer', 1, () => page.evaluate(() => window.Countly.get_available_feedback_widgets(() => {})));
  await step('feedback: nps', 1, () => manual('nps', { rating: 6, comment: 'Slow' }));
  await step('feedback: nps closed', 1, () => manual('nps', null));
  await step('feedback: survey', 1, () => manual('survey', { 'answ-1602694029-0': 'ch1602694030-0', 'answ-1602694029-1': 4 }));
  await step('feedback: survey closed', 1, () => manual('survey', null));
  await step('feedback: rating over the limit', 1, () => manual('rating', { rating: 9, comment: 'Nine', email: 'ada@example.org', contactMe: false }));
  await table(performance);
  await table(attribution);
  await table(handledCrashes);
  await step('crash: handled exception with its stack', 1, () => page.evaluate(() => window.breaks.handled()));
  await call('track_errors', { build: 'release' });
  await step('crash: uncaught exception', 1, () => page.evaluate(() => window.breaks.uncaught()));
  await step('crash: unhandled rejection', 1, () => page.evaluate(() => window.breaks.rejected()));
  await step('remote config', 1, () => call('fetch_remote_config', ['colour', 'size']));
  await step('enrolment in an A/B test', 1, () => call('enrollUserToAb', ['colour']));
}

async function identity({ open, call, step }) {
  await step('page load with a supplied id', LOAD, () => open({ device_id: 'browser-1', enable_orientation_tracking: false }));
  await step('begin', 1, () => call('begin_session', true));
  await step('properties of the first id', 1, () => call('user_details', { name: 'Grace', custom: { plan: 'free', tags: ['a'] } }));
  await step('change_id with merge', 1, () => call('change_id', 'grace', true));
  await step('event after the merge', 1, () => call('add_event', { key: 'signed up' }));
  await step('change_id without merge', 2, () => call('change_id', 'grace-on-a-shared-computer', false));
  await step('set_id while the id is supplied: no merge', 2, () => call('set_id', 'Ключ 鍵/+&=?#%'));
  await step('properties of an id with odd characters', 1, () => call('user_details', { name: 'Odd' }));
  await step('change_id with merge into a known user', 1, () => call('change_id', 'ada', true));
}

async function generatedId({ open, call, step }) {
  await step('page load with a generated id', LOAD, () => open({ enable_orientation_tracking: false }));
  await step('begin', 1, () => call('begin_session', true));
  await step('properties of the anonymous user', 1, () => call('user_details', { custom: { seen: 1, first_page: '/shop' } }));
  await step('set_id while the id is generated: merge', 1, () => call('set_id', 'linus'));
  await step('properties after the merge', 1, () => call('user_details', { name: 'Linus', custom: { seen: 2 } }));
}

async function idFromUrl({ open, call, step }) {
  await step('page load with an id in the address', LOAD, () => open({ enable_orientation_tracking: false }, { path: '/shop?cly_device_id=from-a-letter' }));
  await step('begin', 1, () => call('begin_session', true));
  await step('set_id while the id is from the address: merge', 1, () => call('set_id', 'letter-reader'));
}

async function offline({ open, call, calls, step, recorder }) {
  const visit = () => call('add_event', { key: 'visited' });
  await step('page load without an id sends nothing', 0, () => open({ offline_mode: true, enable_orientation_tracking: false }));
  await step('nothing is sent in the offline mode', 0, async () => {
    await call('begin_session', true);
    await visit();
    await calls(['userData.increment', 'offline_visits'], ['userData.save']);
  });
  await step('everything is sent with the id that ends the offline mode', LOAD + 3, () => call('disable_offline_mode', 'back-online'));
  await step('kept while the server is down', 0, async () => {
    recorder.network = 'refuse';
    await visit();
    await call('user_details', { name: 'Kept' });
  });
  await step('sent when it is back', 2, () => { recorder.network = 'answer'; });
  await step('an answer is lost: the same request comes again', 2, async () => {
    recorder.network = 'lose';
    await calls(['userData.increment', 'exactly_once'], ['userData.save']);
  });
}

async function consent({ page, open, call, calls, step }) {
  await step('page load', LOAD, () => open({ device_id: 'careful', require_consent: true, ...places.linkoping }));
  await step('nothing is sent without consent', 0, () => calls(
    ['group_features', { activity: ['views', 'clicks'] }],
    ['track_sessions'],
    ['track_pageview'],
    ['add_event', { key: 'dropped' }],
    ['user_details', { name: 'dropped' }],
  ));
  await step('consent to sessions and events', 2, () => call('add_consent', ['sessions', 'events']));
  await step('event', 1, () => call('add_event', { key: 'allowed' }));
  await step('consent to users', 1, () => call('add_consent', 'users'));
  await step('user_details', 1, () => call('user_details', { name: 'Consenting' }));
  await step('consent to location', 1, () => call('add_consent', 'location'));
  await step('consent to a group: the view that waited is told', 2, () => call('add_consent', 'activity'));
  await step('withdrawing is silent', 0, async () => {
    await call('remove_consent', ['events', 'location']);
    await page.waitForTimeout(1200);
    await call('add_event', { key: 'dropped' });
  });
  await step('the next consent tells what was withdrawn', 1, () => call('add_consent', 'apm'));
  await step('nothing is sent after opt_out', 0, () => calls(['opt_out'], ['user_details', { name: 'dropped' }]));
  await step('user_details after opt_in', 1, () => calls(['opt_in'], ['user_details', { name: 'Back' }]));
}

async function salted({ page, open, call, step }) {
  await step('page load', LOAD, () => open({ device_id: 'salted-1', enable_orientation_tracking: false, ...SALTED_APP }));
  await step('begin', 1, () => call('begin_session', true));
  await step('event', 1, () => call('add_event', { key: 'paid', sum: 5, segmentation: { note: 'a+b &= ü 東' } }));
  await step('user_details', 1, () => call('user_details', { ...person, custom: { quote: 'don’t (ever) * ~ ! \'x\'' } }));
  await step('picture uploaded', 1, () => upload(page));
}

async function otherDevice({ open, call, step }) {
  await step('page load', LOAD, () => open({ device_id: 'pocket', app_version: '2', country_code: 'US', max_events: 2 }));
  await step('begin, with the orientation', 2, () => call('begin_session', true));
  await step('view', 1, () => call('track_pageview', 'Home'));
}

/** What sends nothing; it is only driven. */
async function otherMethods({ page, open, step }) {
  await step('page load', LOAD, () => open({ device_id: 'asked', enable_orientation_tracking: false }));
  const answers = await page.evaluate(() => {
    const { Countly } = window;
    const stored = Countly.serialize({ a: 1 });
    return [Countly.getViewName(), Countly.getViewUrl(), Countly.getSearchQuery(), Countly.deserialize(stored)];
  });
  deepEqual(answers, ['/shop', '/shop', '', { a: 1 }]);
}

async function drive(recorder) {
  const browser = await launch();
  const run = (name, context, act) => scenario({ recorder, browser }, name, context, act);
  try {
    await run('sessions', {}, sessions);
    await run('heartbeat', {}, heartbeat);
    await run('profile', {}, profile);
    await run('views', { locale: 'sv-SE', timezoneId: 'Europe/Stockholm' }, views);
    await run('reports', { locale: 'en-US', timezoneId: 'America/New_York' }, reports);
    await run('identity', { timezoneId: 'Asia/Kolkata' }, identity);
    await run('generated id', { timezoneId: 'Asia/Kolkata' }, generatedId);
    await run('id from the address', {}, idFromUrl);
    await run('offline', {}, offline);
    await run('consent', { locale: 'sv-SE', timezoneId: 'Europe/Stockholm' }, consent);
    await run('salted', {}, salted);
    await run('phone', { ...devices['Pixel 7'], locale: 'de-DE', timezoneId: 'Europe/Berlin' }, otherDevice);
    await run('tablet', { ...devices['iPad Pro 11'], locale: 'ja-JP', timezoneId: 'Asia/Tokyo' }, otherDevice);
    if (!recorder.records) await run('other methods', {}, otherMethods);
  } finally {
    await browser.close();
  }
}

await record({ sdk: 'javascript_native_web', file: 'web.jsonl', atLeast: 170, pages: PAGES }, drive);
