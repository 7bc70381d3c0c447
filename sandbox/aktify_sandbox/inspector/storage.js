// Settings in the browser's storage.

/** The browser's storage, which may be switched off. */
export const storage = {
  /** @param {string} name */
  get(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  /**
   * @param {string} name
   * @param {string} value
   */
  set(name, value) {
    try {
      localStorage.setItem(name, value);
    } catch {
      // without storage it lasts until the page is closed
    }
  },
};
