import {render} from 'preact';
import {act} from 'preact/test-utils';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {AGAIN, ArtworkBlock, summary} from '../src/ArtworkBlock';
import type {Fetch} from '../src/orders';

type Job = Record<string, unknown>;

const job = (status: string, more: Job = {}): Job => ({
  job_id: `job-${status}`, product_title: 'Mug', status, texts: [], files: [], ...more,
});

/** jobs-api with these jobs; a retry makes the failed one pending. */
class Api {
  asked: string[] = [];

  constructor(public jobs: Job[], public status = 200) {}

  ask: Fetch = async (path, init) => {
    this.asked.push(`${init?.method ?? 'GET'} ${path}`);
    if (init?.method === 'POST') {
      this.jobs = [job('pending', {step: 'queued'})];
      return new Response('{}', {status: 202});
    }
    return new Response(JSON.stringify(this.status === 200 ? {jobs: this.jobs} : {detail: 'No.'}), {status: this.status});
  };
}

beforeEach(() => void vi.useFakeTimers());

afterEach(() => {
  render(null, document.body);
  vi.useRealTimers();
});

async function shown(api: Api): Promise<HTMLElement> {
  await act(async () => {
    render(<ArtworkBlock order="5001" ask={api.ask} />, document.body);
    await vi.advanceTimersByTimeAsync(0);
  });
  await settled();
  return document.body;
}

async function settled(milliseconds = 0): Promise<void> {
  await act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));
}

function button(name: string): HTMLElement {
  const found = [...document.body.querySelectorAll('s-button')].find((one) => one.textContent === name);
  if (!found) throw new Error(`there is no button ${name}`);
  return found as HTMLElement;
}

test('a ready line shows thumbnail, status, texts and links', async () => {
  const files = ['thumbnail', 'preview', 'print'].map((role) => ({role, name: `${role}.x`, state: 'live', url: `https://pw/${role}`}));
  const page = await shown(new Api([job('ready', {files, texts: [{name: 'Name', value: 'Ada <b>'}]})]));
  expect(page.querySelector('s-thumbnail')?.getAttribute('src')).toBe('https://pw/thumbnail');
  expect(page.querySelector('s-badge')?.textContent).toBe('Ready');
  expect(page.querySelector('s-badge')?.getAttribute('tone')).toBe('success');
  expect(page.textContent).toContain('Name: Ada <b>');
  expect([...page.querySelectorAll('s-link')].map((one) => one.getAttribute('href'))).toEqual(['https://pw/preview', 'https://pw/print']);
  expect(page.querySelector('s-button')).toBeNull();
});

test('a failed line says why and can be retried, and the block then follows it', async () => {
  const api = new Api([job('failed', {reason: 'The picture is gone.', advice: 'Ask for it again.'})]);
  const page = await shown(api);
  expect(page.textContent).toContain('The picture is gone.');
  expect(page.textContent).toContain('Ask for it again.');
  await act(async () => {
    button('Retry').click();
    await vi.advanceTimersByTimeAsync(0);
  });
  await settled();
  expect(api.asked).toEqual(['GET /v1/orders/5001', 'POST /v1/print-jobs/job-failed/retry', 'GET /v1/orders/5001']);
  expect(page.querySelector('s-badge')?.textContent).toBe('In progress');
  api.jobs = [job('ready')];
  await settled(AGAIN + 1);
  expect(page.querySelector('s-badge')?.textContent).toBe('Ready');
});

test('when all is done nothing is asked any more', async () => {
  const api = new Api([job('ready'), job('failed')]);
  await shown(api);
  await settled(10 * AGAIN);
  expect(api.asked).toEqual(['GET /v1/orders/5001']);
});

test('a retry that was sent from elsewhere is not offered again', async () => {
  const page = await shown(new Api([job('failed', {asked: {kind: 'retry'}})]));
  expect(page.textContent).toContain('Retry sent');
  expect(page.querySelector('s-button')).toBeNull();
});

test('an order without customised line items says so', async () => {
  expect((await shown(new Api([]))).textContent).toContain('Nothing in this order is customised.');
});

test('what went wrong is said, and can be tried again', async () => {
  const api = new Api([job('ready')], 503);
  const page = await shown(api);
  expect(page.querySelector('s-banner')?.textContent).toContain('No.');
  api.status = 200;
  await act(async () => {
    button('Try again').click();
    await vi.advanceTimersByTimeAsync(0);
  });
  await settled();
  expect(page.querySelector('s-banner')).toBeNull();
  expect(page.querySelector('s-badge')?.textContent).toBe('Ready');
});

test('no answer at all is told in words', async () => {
  const ask: Fetch = () => Promise.reject(new TypeError('Failed to fetch'));
  await act(async () => {
    render(<ArtworkBlock order="1" ask={ask} />, document.body);
    await vi.advanceTimersByTimeAsync(0);
  });
  await settled();
  expect(document.body.textContent).toContain('Printworks does not answer.');
});

test('the folded block counts', () => {
  const line = (status: string) => ({status}) as Parameters<typeof summary>[0] extends (infer L)[] | undefined ? L : never;
  expect(summary([line('ready'), line('failed'), line('ready')])).toBe('2 ready, 1 failed');
  expect(summary([])).toBe('Nothing is customised');
  expect(summary(undefined)).toBe('');
});
