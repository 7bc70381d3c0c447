// What outlives a visit.

/** What this browser remembers; some are told to remember nothing. */
export const memory = {
  get(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // it holds until the page is left
    }
  },
};
