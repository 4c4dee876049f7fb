import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean } from '../app/text.js';

function check(wire, shown) {
  assert.equal(clean(wire), shown);
}

test('markup stays what it is', () => check('<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'));
test('control characters are seen', () => check('a\u0000\u001b[31m\nb\u007f\u0085', 'a␀␛[31m␊b␡�'));
test('nothing turns the line around or hides', () =>
  check('\u202egpj.exe\u202c\u2066\u200b\u2028\ufeff', '�gpj.exe�����'));
test('emoji and names that need joiners stay whole', () => {
  check('👨‍👩‍👧 می‌خواهم', '👨‍👩‍👧 می‌خواهم');
});
test('a pile of marks is cut to a few', () => check('Z' + '\u0341'.repeat(50) + 'a', 'Z' + '\u0341'.repeat(3) + 'a'));
test('half a character is replaced', () => check('a\ud83d', 'a�'));
test('long strings are cut, and not in the middle of a character', () => {
  check('A'.repeat(500), 'A'.repeat(160) + '…');
  check('A'.repeat(159) + '😀😀', 'A'.repeat(159) + '…');
});
test('nothing is an empty string', () => {
  check(undefined, '');
  check(null, '');
  check(0, '0');
});
