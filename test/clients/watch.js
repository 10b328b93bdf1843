/**
 * Which methods an SDK offers and which of them a driver calls, so that a run can say that every
 * public method was driven.
 */

/** The object, with each call of one of its methods, or of a group such as userData, noted. Also runs in a page. */
export function watch(object, prefix, notes) {
  const grouped = (name, value) => name === 'userData' && watch(value, `${prefix}${name}.`, notes);
  const isMethod = (name) => typeof object[name] === 'function' && name !== 'constructor' && !name.startsWith('_');
  const names = [...Object.keys(object), ...Object.getOwnPropertyNames(Object.getPrototypeOf(object) ?? {})];
  if (Object.getPrototypeOf(object) === Object.prototype) names.length = Object.keys(object).length;
  names.filter(isMethod).forEach((name) => notes.offer(prefix + name));
  const groups = Object.fromEntries(Object.keys(object).map((name) => [name, grouped(name, object[name])]));
  const watched = new Proxy(object, {
    get(target, name) {
      const value = target[name];
      if (groups[name]) return groups[name];
      if (typeof name !== 'string' || !Object.hasOwn(groups, name) || !isMethod(name)) return value;
      return (...args) => {
        notes.call(prefix + name);
        const result = value.apply(target, args);
        return result === target ? watched : result; // for chains of calls
      };
    },
  });
  return watched;
}
