// A classic script, run before the first paint, so that a chosen theme does not flash.
(function () {
  try {
    var theme = localStorage.getItem('ringwire.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage may be forbidden; the system's theme will do.
  }
})();
