import {describe, expect, test} from 'vitest';

import {orderId, readOrder, Refusal, retry, type Fetch} from '../src/orders';

export function answers(status: number, body: unknown, asked: string[] = []): Fetch {
  return async (path, init) => {
    asked.push(`${init?.method ?? 'GET'} ${path}`);
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), {status});
  };
}

const JOB = {
  job_id: 'j1',
  product_title: 'Mug',
  variant_title: 'Blue',
  status: 'ready',
  step: null,
  reason: null,
  advice: null,
  asked: null,
  texts: [{name: 'Name', value: 'Ada', origin: 'design'}],
  files: [
    {role: 'thumbnail', name: 't.png', state: 'live', superseded: false, url: 'https://pw/t'},
    {role: 'preview', name: 'p.png', state: 'live', superseded: false, url: 'https://pw/p'},
    {role: 'print', name: '1001-1-print.pdf', state: 'live', superseded: false, url: 'https://pw/f'},
    {role: 'print', name: 'old.pdf', state: 'live', superseded: true, url: 'https://pw/o'},
    {role: 'print', name: 'gone.pdf', state: 'cleared', superseded: false, url: 'https://pw/g'},
    {role: 'print', name: 'secret.pdf', state: 'live', superseded: false, url: null},
  ],
};

test('the number of an order is read from its gid', () => {
  expect(orderId('gid://shopify/Order/9007199254740993')).toBe('9007199254740993');
  expect(() => orderId('gid://shopify/Product/1')).toThrow(Refusal);
  expect(() => orderId(undefined)).toThrow(Refusal);
});

describe('reading an order', () => {
  test('gives each line item with what can be opened now', async () => {
    const asked: string[] = [];
    const {lines} = await readOrder('5001', answers(200, {jobs: [JOB]}, asked));
    expect(asked).toEqual(['GET /v1/orders/5001']);
    expect(lines).toEqual([
      {
        jobId: 'j1',
        title: 'Mug, Blue',
        status: 'ready',
        step: '',
        reason: '',
        advice: '',
        thumbnail: 'https://pw/t',
        preview: 'https://pw/p',
        files: [{label: '1001-1-print.pdf', url: 'https://pw/f'}],
        texts: [{name: 'Name', value: 'Ada'}],
        asked: false,
      },
    ]);
  });

  test('says why a line item failed, and keeps quiet about an earlier failure', async () => {
    const failed = {...JOB, status: 'failed', reason: 'It is gone.', advice: 'Ask for it.'};
    const {lines} = await readOrder('1', answers(200, {jobs: [failed, {...failed, status: 'pending'}]}));
    expect(lines.map((line) => line.reason)).toEqual(['It is gone.', '']);
  });

  test('an order that Printworks does not know has no lines', async () => {
    expect(await readOrder('1', answers(404, {detail: 'There is no such order.'}))).toEqual({lines: []});
  });

  test('a refusal is told in the words of the answer', async () => {
    await expect(readOrder('1', answers(401, {detail: 'Send a valid key.'}))).rejects.toThrow('Send a valid key.');
    await expect(readOrder('1', answers(502, '<html>'))).rejects.toThrow('Printworks answers 502.');
  });

  test.each([{}, {jobs: null}, {jobs: [null, 'x', {}]}, []])('survives an answer that says less: %j', async (body) => {
    const {lines} = await readOrder('1', answers(200, body));
    expect(lines.every((line) => line.files.length === 0)).toBe(true);
  });
});

test('a retry names the job and nothing else', async () => {
  const asked: string[] = [];
  await retry('a/b', answers(202, {outcome: 'accepted'}, asked));
  expect(asked).toEqual(['POST /v1/print-jobs/a%2Fb/retry']);
});
