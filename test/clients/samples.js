/**
 * The people, places and values that the drivers send. The addresses are those that MaxMind's
 * test databases know, so that a replay can be compared with a GeoIP lookup; the rest is invented.
 */
export const places = {
  boxford: { country_code: 'GB', city: 'Boxford', ip_address: '2.125.160.216' },
  london: { country_code: 'GB', city: 'London', ip_address: '81.2.69.142' },
  linkoping: { country_code: 'SE', city: 'Linköping', ip_address: '89.160.20.112' },
  milton: { country_code: 'US', city: 'Milton', ip_address: '216.160.83.56' },
};

export const person = {
  name: 'Ada Lovelace',
  username: 'ada',
  email: 'ada@example.org',
  organization: 'Analytical Engines Ltd.',
  phone: '+442079460123',
  picture: 'https://www.example.org/pictures/ada.png',
  gender: 'F',
  byear: 1985,
};

export const valuesOfEveryType = {
  text: 'plain',
  unicode: 'Zürich — 東京 🚲',
  integer: 42,
  negative: -7,
  float: 9.99,
  zero: 0,
  yes: true,
  no: false,
  empty: '',
  nothing: null,
  list: ['red', 'green', 3, true, null],
  nested: { level: { deep: 1 } },
};

/** Values whose type a server has to decide about. */
export const ambiguousValues = {
  number_text: '42',
  leading_zeros: '007',
  exponent_text: '1e3',
  padded: ' 42 ',
  sixteen_digits: 1234567890123456,
  seventeen_digits: '12345678901234567',
  date: '2026-02-28T23:59:59Z',
  bool_text: 'true',
};

export const oddKeys = {
  'a.b': 'dot',
  $dollar: 'dollar',
  'sp ace': ' padded ',
  'ключ': 'кириллица',
  [`long${'k'.repeat(200)}`]: 'v'.repeat(400),
};

/** A 1 × 1 PNG. */
export const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
