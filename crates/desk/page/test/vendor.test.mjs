import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const VENDOR = new URL('../vendor/', import.meta.url);

test('vendored files are those that the table names', async () => {
  const table = await readFile(new URL('README.md', VENDOR), 'utf8');
  const named = [...table.matchAll(/\| `([\w./-]+)` \| .*`([0-9a-f]{64})` \|/g)].map(([, file, sum]) => [file, sum]);
  for (const [file, sum] of named) {
    assert.equal(
      createHash('sha256')
        .update(await readFile(new URL(file, VENDOR)))
        .digest('hex'),
      sum,
      file,
    );
  }
  const there = (await readdir(VENDOR, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && entry.name !== 'README.md',
  );
  assert.equal(there.length, named.length);
});
