// Light or dark, as the system has it unless chosen here.

const KEY = 'ringwire.theme';
const THEMES = ['auto', 'light', 'dark'];
const listeners = new Set();

export function theme() {
  return document.documentElement.dataset.theme ?? 'auto';
}

export function nextTheme() {
  return THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
}

export function setTheme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    if (name === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  } catch {
    // It holds until the page is left.
  }
  for (const listener of listeners) listener();
}

/** Calls `listener` when the colours change; returns how to stop. */
export function onTheme(listener) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  listeners.add(listener);
  system.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener('change', listener);
  };
}
