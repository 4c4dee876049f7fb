// Light or dark: as the system, unless chosen otherwise here.

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
  for (const take of listeners) take();
}

/** Calls `take` when the colours change; gives what ends it. */
export function onTheme(take) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  listeners.add(take);
  system.addEventListener('change', take);
  return () => {
    listeners.delete(take);
    system.removeEventListener('change', take);
  };
}
