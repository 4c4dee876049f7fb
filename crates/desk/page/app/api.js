// Requests to the daemon, relative to the page, so that a proxy may put it under a path.

const ROOT = new URL('../', import.meta.url);
const TIMEOUT = 20_000;

/** A failed request: `status` (0: the daemon was not reached), a message for people, and a hint. */
export class ApiError extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.title || '');
    this.status = status;
    this.title = problem.title;
    this.hint = problem.hint;
    this.problem = problem;
  }
}

/** The address of `path`. */
export function address(path) {
  return new URL(path, ROOT).href;
}

/** Gets the JSON at `path` with `query`; empty values are left out. */
export function get(path, query = {}, signal) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && value != null));
  return request('GET', search.size ? `${path}?${search}` : path, undefined, signal);
}

export function post(path, body) {
  return request('POST', path, body);
}

export function remove(path) {
  return request('DELETE', path);
}

/** The daemon's health; also if it is not ready. */
export async function readiness() {
  try {
    return await get('readyz');
  } catch (error) {
    if (error.problem?.components) return error.problem;
    throw error;
  }
}

/** Whether the session is valid: true, false, or null if the daemon cannot be reached. */
export async function hasSession() {
  try {
    await get('api/v1/me');
    return true;
  } catch (error) {
    return error.status === 401 ? false : null;
  }
}

async function request(method, path, body, signal) {
  const timeout = AbortSignal.timeout(TIMEOUT);
  let response;
  try {
    response = await fetch(address(path), {
      method,
      signal: signal && AbortSignal.any ? AbortSignal.any([signal, timeout]) : timeout,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0);
  }
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const content = isJson ? await response.json().catch(() => null) : null;
  if (!response.ok) throw new ApiError(response.status, content ?? {});
  return content;
}
