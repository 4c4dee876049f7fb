// Requests to the daemon, relative to where the page lies, so that a proxy may put it under a path.

const ROOT = new URL('../', import.meta.url);
const PATIENCE = 20_000;

/** What the daemon said no to: `status` (0: it was not reached), `detail` for people, and what to do about it. */
export class ApiError extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.title || '');
    this.status = status;
    this.title = problem.title;
    this.hint = problem.hint;
    this.said = problem;
  }
}

/** The address of `path`. */
export function address(path) {
  return new URL(path, ROOT).href;
}

/** The JSON of `path` with `query`, in which empty values are left out. */
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

/** How the daemon's parts do; that it is not ready is an answer, too. */
export async function readiness() {
  try {
    return await get('readyz');
  } catch (error) {
    if (error.said?.parts) return error.said;
    throw error;
  }
}

/** Whether we are let in: true, false, or null where the daemon cannot be asked. */
export async function isLetIn() {
  try {
    await get('api/v1/me');
    return true;
  } catch (error) {
    return error.status === 401 ? false : null;
  }
}

async function request(method, path, body, signal) {
  const patience = AbortSignal.timeout(PATIENCE);
  let answer;
  try {
    answer = await fetch(address(path), {
      method,
      signal: signal && AbortSignal.any ? AbortSignal.any([signal, patience]) : patience,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0);
  }
  const isJson = (answer.headers.get('content-type') ?? '').includes('json');
  const said = isJson ? await answer.json().catch(() => null) : null;
  if (!answer.ok) throw new ApiError(answer.status, said ?? {});
  return said;
}
