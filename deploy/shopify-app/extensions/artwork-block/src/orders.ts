/** What the block asks of jobs-api. Relative addresses go to the app's own host, with a session token in the header. */

export interface Link {
  label: string;
  url: string;
}

export interface Text {
  name: string;
  value: string;
}

/** One customised line item. `reason` and `advice` are sentences for a failed one, empty otherwise. */
export interface Line {
  jobId: string;
  title: string;
  status: string;
  step: string;
  reason: string;
  advice: string;
  thumbnail: string;
  preview: string;
  files: Link[];
  texts: Text[];
  /** Something was asked of it that has not shown yet. */
  asked: boolean;
}

export interface Order {
  lines: Line[];
}

/** jobs-api says no; the message is a sentence for people. */
export class Refusal extends Error {}

export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

/** `gid://shopify/Order/123` → `123`. Throws for anything else. */
export function orderId(gid: string | undefined): string {
  const found = /^gid:\/\/shopify\/Order\/(\d+)$/.exec(gid ?? '');
  if (!found?.[1]) throw new Refusal('This block belongs on an order.');
  return found[1];
}

/** The customised line items of an order; an order that Printworks does not know has none. */
export async function readOrder(id: string, ask: Fetch = fetch): Promise<Order> {
  const answer = await ask(`/v1/orders/${id}`);
  if (answer.status === 404) return {lines: []};
  const body = await content(answer);
  const jobs = Array.isArray(body.jobs) ? body.jobs : [];
  return {lines: jobs.map(line)};
}

/** Ask for a failed job to be tried again. */
export async function retry(jobId: string, ask: Fetch = fetch): Promise<void> {
  await content(await ask(`/v1/print-jobs/${encodeURIComponent(jobId)}/retry`, {method: 'POST'}));
}

async function content(answer: Response): Promise<Record<string, unknown>> {
  const body: unknown = await answer.json().catch(() => ({}));
  const fields = isRecord(body) ? body : {};
  if (!answer.ok) throw new Refusal(text(fields.detail) || `Printworks answers ${answer.status}.`);
  return fields;
}

function line(job: unknown): Line {
  const fields = isRecord(job) ? job : {};
  const files = records(fields.files).filter((file) => file.state === 'live' && !file.superseded && file.url);
  return {
    jobId: text(fields.job_id),
    title: [text(fields.product_title), text(fields.variant_title)].filter(Boolean).join(', '),
    status: text(fields.status),
    step: text(fields.step),
    reason: fields.status === 'failed' ? text(fields.reason) : '',
    advice: fields.status === 'failed' ? text(fields.advice) : '',
    thumbnail: address(files, 'thumbnail'),
    preview: address(files, 'preview'),
    files: files
      .filter((file) => file.role !== 'thumbnail' && file.role !== 'preview')
      .map((file) => ({label: text(file.name), url: text(file.url)})),
    texts: records(fields.texts).map((one) => ({name: text(one.name), value: text(one.value)})),
    asked: fields.asked != null,
  };
}

function address(files: Record<string, unknown>[], role: string): string {
  return text(files.find((file) => file.role === role)?.url);
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
