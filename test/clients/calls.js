/**
 * The calls that both SDKs offer under the same names, as data: [label, requests caused, ...calls].
 *
 * Both drivers run this one table, so that a difference between the two recordings is a difference
 * between the SDKs and not between the drivers. ['wait', ms] lets time pass.
 */
import { ambiguousValues, oddKeys, person, valuesOfEveryType } from './samples.js';

const WIDGET = '614811419f030e44be07d82f';

const event = (key, more = {}) => ['add_event', { key, ...more }];

export const events = [
  ['event: key only', 1, event('login')],
  ['event: count', 1, event('rating given', { count: 3 })],
  ['event: sum', 1, event('tip', { sum: 2.5 })],
  ['event: dur', 1, event('call', { dur: 61 })],
  ['event: count, sum, dur and segmentation', 1, event('purchase', {
    count: 2, sum: 19.98, dur: 12, segmentation: { sku: 'A-1', price: 9.99, paid: true, qty: 2, note: 'Zürich — 東京' },
  })],
  ['event: negative sum', 1, event('refund', { sum: -19.98, segmentation: { sku: 'A-1' } })],
  ['event: segmentation of every type', 1, event('odd values', { segmentation: valuesOfEveryType })],
  ['event: segmentation of ambiguous types', 1, event('ambiguous values', { segmentation: ambiguousValues })],
  ['event: odd segmentation keys', 1, event('odd keys', { segmentation: oddKeys })],
  ['event: unicode key', 1, event('покупка 🛒', { segmentation: { 'größe': 'XL' } })],
  ['event: key with dots and dollars', 1, event('$shop.cart..add')],
  ['event: key over the limit', 1, event('k'.repeat(300))],
  ['event: more segments than the limit', 1, event('wide', {
    segmentation: Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`s${i}`, i])),
  })],
  ['event: long text', 1, event('essay', {
    segmentation: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`part${i}`, 'lorem ipsum '.repeat(6)])),
  })],
  ['event: unknown internal key', 1, event('[CLY]_unknown', { segmentation: { a: 1 } })],
  ['event: several in one request', 1, event('step 1'), event('step 2', { segmentation: { i: 2 } }), event('step 1')],
  ['event: timed', 1, ['start_event', 'reading'], ['wait', 1100], ['end_event', 'reading']],
  ['event: timed, ended with more', 1, ['start_event', 'level'], ['wait', 1100],
    ['end_event', { key: 'level', count: 3, sum: 1.25, segmentation: { level: '7' } }]],
];

export const internalEvents = [
  ['internal event: orientation', 1, event('[CLY]_orientation', { segmentation: { mode: 'landscape' } })],
  ['internal event: action', 1, event('[CLY]_action', {
    segmentation: { type: 'click', x: 12, y: 340, width: 1280, height: 2000, view: '/shop/cart' },
  })],
  ['internal event: push action', 1, event('[CLY]_push_action', { segmentation: { i: '5f0c1c1c1c1c1c1c1c1c1c1c', b: 0, p: 'a' } })],
  ['internal event: nps', 1, event('[CLY]_nps', {
    segmentation: { widget_id: WIDGET, rating: 9, comment: 'Nice', platform: 'Web', app_version: '1.2.3' },
  })],
  ['internal event: nps only shown', 1, event('[CLY]_nps', { segmentation: { widget_id: WIDGET, platform: 'Web', app_version: '1.2.3' } })],
  ['internal event: survey', 1, event('[CLY]_survey', {
    segmentation: { widget_id: WIDGET, platform: 'Web', app_version: '1.2.3', 'answ-1602694029-0': 'ch1602694030-0,ch1602694030-1', 'answ-1602694029-1': 'text' },
  })],
  ['internal event: survey closed', 1, event('[CLY]_survey', { segmentation: { widget_id: WIDGET, platform: 'Web', app_version: '1.2.3', closed: 1 } })],
];

const details = (user) => ['user_details', user];

export const userDetails = [
  ['user_details: all nine fields', 1, details({ ...person, custom: { plan: 'gold', score: 12 } })],
  ['user_details: some fields', 1, details({ name: 'Ada', gender: 'M' })],
  ['user_details: unicode', 1, details({ name: 'Åsa Öberg 李', organization: 'Société d’Été', username: '李雷' })],
  ['user_details: birth year as text, other gender', 1, details({ byear: '1990', gender: 'other' })],
  ['user_details: birth year negative', 1, details({ byear: -1 })],
  ['user_details: values over the limits', 1, details({
    name: 'n'.repeat(300), picture: `https://www.example.org/${'p'.repeat(500)}`,
  })],
  ['user_details: null clears', 1, details({ phone: null, byear: null, picture: null, custom: { plan: null } })],
  ['user_details: empty text clears', 1, details({ organization: '', gender: '', custom: { score: '' } })],
  ['user_details: custom of every type', 1, details({ custom: valuesOfEveryType })],
  ['user_details: custom of ambiguous types', 1, details({ custom: ambiguousValues })],
  ['user_details: odd custom keys', 1, details({ custom: oddKeys })],
  ['user_details: custom only, empty', 1, details({ custom: {} })],
  ['user_details: all nine fields again', 1, details({ ...person, custom: { plan: 'silver' } })],
];

const saved = (label, ...calls) => [`userData: ${label}`, 1, ...calls, ['userData.save']];

export const modifiers = [
  saved('set', ['userData.set', 'twitter', 'ada'], ['userData.set', 'visits', 5], ['userData.set', 'member', true]),
  saved('set a list', ['userData.set', 'colours', ['red', 'green', 'red']]),
  saved('set null', ['userData.set', 'twitter', null]),
  saved('set empty text', ['userData.set', 'twitter', '']),
  saved('unset', ['userData.unset', 'member']),
  saved('set_once', ['userData.set_once', 'first_city', 'Riga']),
  saved('set_once again', ['userData.set_once', 'first_city', 'Tartu']),
  saved('increment', ['userData.increment', 'logins']),
  saved('increment twice before save', ['userData.increment', 'logins'], ['userData.increment', 'logins']),
  saved('increment_by', ['userData.increment_by', 'coins', 10], ['userData.increment_by', 'balance', -2.5]),
  saved('increment_by a number as text', ['userData.increment_by', 'coins', '3']),
  saved('increment a text property', ['userData.increment', 'first_city']),
  saved('multiply', ['userData.multiply', 'coins', 2]),
  saved('multiply a missing property', ['userData.multiply', 'never_set', 3]),
  saved('max', ['userData.max', 'best', 100]),
  saved('max lower', ['userData.max', 'best', 90]),
  saved('min', ['userData.min', 'worst', 3.5]),
  saved('min and max of text', ['userData.max', 'version', '1.10'], ['userData.min', 'first_name', 'Ada']),
  saved('push', ['userData.push', 'tags', 'new']),
  saved('push two values', ['userData.push', 'tags', 'IT'], ['userData.push', 'tags', 'Bio']),
  saved('push values of other types', ['userData.push', 'tags', 1], ['userData.push', 'tags', '1'], ['userData.push', 'tags', false]),
  saved('push on a scalar', ['userData.push', 'first_city', 'Oslo']),
  saved('push_unique', ['userData.push_unique', 'tags', 'IT'], ['userData.push_unique', 'tags', 'Art'], ['userData.push_unique', 'tags', 1]),
  saved('pull', ['userData.pull', 'tags', 'IT']),
  saved('pull several', ['userData.pull', 'tags', 'Bio'], ['userData.pull', 'tags', 1], ['userData.pull', 'tags', 'absent']),
  saved('every modifier at once',
    ['userData.set', 's', 'v'], ['userData.unset', 'u'], ['userData.set_once', 'so', 1], ['userData.increment', 'i'],
    ['userData.increment_by', 'ib', 2], ['userData.multiply', 'mu', 3], ['userData.max', 'ma', 9], ['userData.min', 'mi', 1],
    ['userData.push', 'p', 'a'], ['userData.push_unique', 'pu', 'b'], ['userData.pull', 'pl', 'c']),
  saved('max and min on one key', ['userData.max', 'range', 5], ['userData.min', 'range', 2]),
  saved('increment and multiply on one key', ['userData.increment_by', 'coins', 5], ['userData.multiply', 'coins', 2]),
  saved('set_once and increment on one key', ['userData.set_once', 'counter', 100], ['userData.increment', 'counter']),
  saved('push and pull on one key', ['userData.push', 'tags', 'x'], ['userData.pull', 'tags', 'new']),
  saved('push, push_unique and pull on one key',
    ['userData.push', 'tags', 'y'], ['userData.push_unique', 'tags', 'y'], ['userData.pull', 'tags', 'x']),
  saved('set after increment', ['userData.increment', 'last_call'], ['userData.set', 'last_call', 7]),
  saved('increment after unset', ['userData.unset', 'last_call'], ['userData.increment', 'last_call']),
  saved('odd keys', ['userData.set', 'a.b', 'dot'], ['userData.set', '$dollar', 1], ['userData.set', '', 'empty key'],
    ['userData.increment', 'sp ace'], ['userData.push', 'x.y', 1]),
];

export const feedback = [
  ['feedback: star rating', 1, ['report_feedback', {
    widget_id: WIDGET, rating: 4, contactMe: true, email: 'ada@example.org', comment: 'Very good', platform: 'web',
  }]],
  ['feedback: star rating without the rest', 1, ['report_feedback', { widget_id: WIDGET, rating: 1 }]],
];

export const performance = [
  ['apm: network trace', 1, ['report_trace', {
    type: 'network', name: '/api/cart', stz: 1700000000000, etz: 1700000000250, app_metrics: {},
    apm_metrics: { response_time: 250, response_payload_size: 1000, request_payload_size: 120, response_code: 200 },
  }]],
  ['apm: device trace', 1, ['report_trace', {
    type: 'device', name: 'start', stz: 1700000000000, etz: 1700000000900, app_metrics: {}, apm_metrics: { duration: 900 },
  }]],
];

export const attribution = [
  ['attribution: campaign and campaign user', 1, ['report_conversion', 'spring-campaign', 'campaign-user-1']],
  ['attribution: campaign only', 1, ['report_conversion', 'summer-campaign']],
];

export const handledCrashes = [
  ['crash: plain text', 1, ['log_error', 'plain text error']],
  ['crash: with breadcrumbs and segments', 1, ['add_log', 'opened the cart'], ['add_log', 'pressed pay'],
    ['log_error', 'payment failed', { jquery: '3.7.1', retries: 2 }]],
];

/**
 * Makes the calls one after another without a break, so that they share a beat of the SDK.
 * It also runs inside a page, hence it uses nothing but its arguments.
 */
export async function invokeAll(countly, calls) {
  for (const [name, ...args] of calls) {
    if (name === 'wait') {
      await new Promise((resolve) => { setTimeout(resolve, args[0]); });
    } else {
      const path = name.split('.');
      const method = path.pop();
      const owner = path.reduce((object, key) => object[key], countly);
      owner[method](...args);
    }
  }
}
