/** Days by a format, as Python 3.11 with glibc 2.36 gives them in the C locale. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDay } from '../../dist/platform/calendar.js';
import { strftime } from '../../dist/rows/strftime.js';

const formats = [
  '%a %A %b %B %h %d %e %j %m %y %Y %C %-d %-m %-j %-e %-B',
  '%c|%D|%F|%x|%X|%r|%R|%T',
  '%H %I %k %l %M %p %S %f %-H %-I [%z] [%Z]',
  '%G %g %V %U %W %u %w',
  '%% %%d a%nb%tc',
];

const expected: Readonly<Record<string, readonly string[]>> = {
  '2026-11-30': [
    'Mon Monday Nov November Nov 30 30 334 11 26 2026 20 30 11 334 30 November',
    'Mon Nov 30 00:00:00 2026|11/30/26|2026-11-30|11/30/26|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2026 26 49 48 48 1 1',
    '% %d a\nb\tc',
  ],
  '2024-07-26': [
    'Fri Friday Jul July Jul 26 26 208 07 24 2024 20 26 7 208 26 July',
    'Fri Jul 26 00:00:00 2024|07/26/24|2024-07-26|07/26/24|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2024 24 30 29 30 5 5',
    '% %d a\nb\tc',
  ],
  '2024-02-29': [
    'Thu Thursday Feb February Feb 29 29 060 02 24 2024 20 29 2 60 29 February',
    'Thu Feb 29 00:00:00 2024|02/29/24|2024-02-29|02/29/24|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2024 24 09 08 09 4 4',
    '% %d a\nb\tc',
  ],
  '2023-01-01': [
    'Sun Sunday Jan January Jan 01  1 001 01 23 2023 20 1 1 1 1 January',
    'Sun Jan  1 00:00:00 2023|01/01/23|2023-01-01|01/01/23|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2022 22 52 01 00 7 0',
    '% %d a\nb\tc',
  ],
  '2021-01-03': [
    'Sun Sunday Jan January Jan 03  3 003 01 21 2021 20 3 1 3 3 January',
    'Sun Jan  3 00:00:00 2021|01/03/21|2021-01-03|01/03/21|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2020 20 53 01 00 7 0',
    '% %d a\nb\tc',
  ],
  '2020-12-31': [
    'Thu Thursday Dec December Dec 31 31 366 12 20 2020 20 31 12 366 31 December',
    'Thu Dec 31 00:00:00 2020|12/31/20|2020-12-31|12/31/20|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2020 20 53 52 52 4 4',
    '% %d a\nb\tc',
  ],
  '2018-12-31': [
    'Mon Monday Dec December Dec 31 31 365 12 18 2018 20 31 12 365 31 December',
    'Mon Dec 31 00:00:00 2018|12/31/18|2018-12-31|12/31/18|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2019 19 01 52 53 1 1',
    '% %d a\nb\tc',
  ],
  '2016-01-01': [
    'Fri Friday Jan January Jan 01  1 001 01 16 2016 20 1 1 1 1 January',
    'Fri Jan  1 00:00:00 2016|01/01/16|2016-01-01|01/01/16|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2015 15 53 00 00 5 5',
    '% %d a\nb\tc',
  ],
  '2005-01-09': [
    'Sun Sunday Jan January Jan 09  9 009 01 05 2005 20 9 1 9 9 January',
    'Sun Jan  9 00:00:00 2005|01/09/05|2005-01-09|01/09/05|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2005 05 01 02 01 7 0',
    '% %d a\nb\tc',
  ],
  '1999-12-05': [
    'Sun Sunday Dec December Dec 05  5 339 12 99 1999 19 5 12 339 5 December',
    'Sun Dec  5 00:00:00 1999|12/05/99|1999-12-05|12/05/99|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '1999 99 48 49 48 7 0',
    '% %d a\nb\tc',
  ],
  '1900-03-04': [
    'Sun Sunday Mar March Mar 04  4 063 03 00 1900 19 4 3 63 4 March',
    'Sun Mar  4 00:00:00 1900|03/04/00|1900-03-04|03/04/00|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '1900 00 09 09 09 7 0',
    '% %d a\nb\tc',
  ],
  '2100-12-31': [
    'Fri Friday Dec December Dec 31 31 365 12 00 2100 21 31 12 365 31 December',
    'Fri Dec 31 00:00:00 2100|12/31/00|2100-12-31|12/31/00|00:00:00|12:00:00 AM|00:00|00:00:00',
    '00 12  0 12 00 AM 00 000000 0 12 [] []',
    '2100 00 52 52 52 5 5',
    '% %d a\nb\tc',
  ],
};

describe('strftime', () => {
  for (const [day, texts] of Object.entries(expected)) {
    test(day, () => {
      assert.deepEqual(
        formats.map((format) => strftime(day, format)),
        texts,
      );
    });
  }

  test('a directive that it does not know is refused by name', () => {
    for (const directive of ['%Q', '%s', '%-q', '%', '%-', '%E', '%😀', '%\n']) {
      assert.throws(() => strftime('2026-11-30', `on ${directive}`), {
        message: `strftime_now() has no directive ${directive}`,
      });
    }
  });
});

test('days are those of the calendar', () => {
  const days = ['2026-11-30', '2024-02-29', '0001-01-01', '9999-12-31'];
  const others = [
    '2023-02-29',
    '2026-13-01',
    '2026-00-10',
    '0000-01-01',
    '2026-1-1',
    '26-01-01',
    '2026-11-30T00:00',
    '',
  ];
  assert.deepEqual([...days, ...others].filter(isDay), days);
});
